"""From a variable's text to its value. A ``ValueError`` says what is legal."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syncbit_dagster.catalog import ASSETS

if TYPE_CHECKING:
    from collections.abc import Callable


def text(value: str) -> str:
    return value


def one_of(*legal: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in legal:
            raise ValueError(f"use one of {', '.join(legal)}")
        return value

    return parse


def boolean(value: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if value.lower() not in words:
        raise ValueError("use true or false")
    return words[value.lower()]


def positive(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("use a whole number of at least 1")
    return int(value)


def day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("use a day such as 2024-12-31") from None


def url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("use a URL such as https://host:port/path")
    if parts.username or parts.password:
        raise ValueError("keep user and password out of the URL; they have variables of their own")
    return value.rstrip("/")


def postgresql_url(value: str) -> str:
    legal = "use a URL such as postgresql://user:password@host:5432/database"
    parts = urlsplit(value)
    try:
        is_plain = parts.port != 0 and "@" not in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:  # its words may be a piece of the password
        is_plain = False
    if not is_plain:
        raise ValueError(f"{legal}; in user and password, write @ as %40, / as %2F, ? as %3F")
    if parts.scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError(legal)
    return value.replace("postgres:", "postgresql:", 1) if parts.scheme == "postgres" else value


def loopback_url(value: str) -> str:
    parts = urlsplit(url(value))
    # `syncbit authorize` listens there itself, and has no certificate.
    if parts.scheme != "http" or parts.hostname not in {"localhost", "127.0.0.1"}:
        raise ValueError("use a loopback address such as http://localhost:8080/callback")
    return value


def path(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:  # ~name of a user that there is not
        raise ValueError("use a path; its ~ names no user of this machine") from None


@cache
def zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())  # 9 ms: it walks through all of their files


def zone(value: str) -> ZoneInfo:
    # ZoneInfo itself would follow a path or accept a case that another file system refuses.
    if value not in zone_names():
        close = difflib.get_close_matches(value, zone_names(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"use an IANA time zone such as Europe/Berlin{hint}")
    return ZoneInfo(value)


def label(value: str) -> str:
    if not re.fullmatch(r"[^\x00-\x1f]{1,200}", value):
        raise ValueError("use 1 to 200 printable characters")
    return value


def names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def resources(value: str) -> tuple[str, ...]:
    legal = [asset.resource for asset in ASSETS if asset.is_intraday]
    chosen = names(value)
    for resource in chosen:
        if resource not in legal:
            raise ValueError(f"{resource!r} is unknown; use some of {', '.join(legal)}")
    return chosen


def labels(value: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    found = {name.strip(): text.strip() for name, _, text in pairs}
    if not all(re.fullmatch(r"[a-zA-Z_]\w*", name) and found[name] for name in found):
        raise ValueError("use name=value pairs separated by commas, such as source=home")
    return found
