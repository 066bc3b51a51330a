"""The files of the SyncBit daemon, read and never written.

``fitbit_tokens.json``
    ``access_token``, ``refresh_token``, ``user_id``, and ``expires_at``: a local time of the
    daemon's host without its zone, five minutes before the access token's end.
``sync_state.json``
    ``last_sync``, ``last_successful_date`` and, where it filled intraday history,
    ``last_intraday_backfill_date``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = "fitbit_tokens.json"
STATE = "sync_state.json"


@dataclass(frozen=True)
class DaemonTokens:
    """The daemon's tokens of the Fitbit Web API.

    Attributes:
        access_token, refresh_token: as Fitbit gave them.
        expires_at: taken for UTC, so wrong by up to 14 hours; None: not written.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True)
class DaemonState:
    """How far the daemon believed to have come; each may be unknown."""

    last_day: date | None
    last_intraday_day: date | None


@dataclass(frozen=True)
class DaemonFiles:
    """What lies in the daemon's data directory. None: no such file, or nothing in it."""

    tokens: DaemonTokens | None
    state: DaemonState | None


def read_daemon_files(directory: Path) -> DaemonFiles:
    """Read the daemon's data directory (its ``DATA_DIR``, ``/app/data`` in its container).

    Raises:
        ConfigError: there is neither file, or one that cannot be read or is not the daemon's.
    """
    paths = {name: directory / name for name in (TOKENS, STATE)}
    if not any(path.is_file() for path in paths.values()):
        raise ConfigError(
            f"{directory} holds neither {TOKENS} nor {STATE}; give the directory that the daemon "
            "called DATA_DIR."
        )
    tokens, state = (_object_in(path) for path in paths.values())
    return DaemonFiles(
        tokens=_tokens(tokens, paths[TOKENS]) if tokens else None,
        state=_state(state, paths[STATE]) if state else None,
    )


def _object_in(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); run this as the user who owns it."
        ) from None
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise _not_the_daemons(path)
    return content


def _tokens(content: dict[str, Any], path: Path) -> DaemonTokens | None:
    access, refresh = content.get("access_token"), content.get("refresh_token")
    if not refresh:  # the daemon writes null where it has none
        return None
    if not isinstance(refresh, str) or not isinstance(access, str | None):
        raise _not_the_daemons(path)
    return DaemonTokens(access or "", refresh, _instant(content.get("expires_at"), path))


def _state(content: dict[str, Any], path: Path) -> DaemonState:
    return DaemonState(
        last_day=_day(content.get("last_successful_date"), path),
        last_intraday_day=_day(content.get("last_intraday_backfill_date"), path),
    )


def _instant(text: Any, path: Path) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _not_the_daemons(path) from None
    return instant.replace(tzinfo=instant.tzinfo or UTC)


def _day(text: Any, path: Path) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        raise _not_the_daemons(path) from None


def _not_the_daemons(path: Path) -> ConfigError:
    # Its content may be a damaged token, so it is not quoted.
    return ConfigError(
        f"{path} is not what the SyncBit daemon writes, or damaged; move it out of the directory "
        "to go on without it."
    )
