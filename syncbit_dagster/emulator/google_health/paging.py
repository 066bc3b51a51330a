"""Page tokens: where the next page begins, bound to the request that the token came from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

import orjson

from syncbit_dagster.emulator.google_health.errors import invalid_argument

_TOKEN = re.compile(r"(-?\d+)\.([0-9a-f]{16})", re.ASCII)


class PageTokens:
    """Makes and reads the tokens of one request; all its other fields are the ``request``."""

    def __init__(self, request: dict[str, Any]) -> None:
        fields = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
        self.fingerprint = hashlib.sha256(fields).hexdigest()[:16]

    def write(self, position: int) -> str:
        """The token of the page that begins below ``position``."""
        return base64.urlsafe_b64encode(f"{position}.{self.fingerprint}".encode()).decode()

    def read(self, token: str) -> int | None:
        """The position in a token; ``None`` without token.

        No source names the reason for a token of another request; the catalogue has none for it.
        """
        if not token:
            return None
        try:
            text = base64.urlsafe_b64decode(token.encode()).decode()
        except (binascii.Error, UnicodeError):
            text = ""
        match = _TOKEN.fullmatch(text)
        if match is None or match[2] != self.fingerprint:
            raise invalid_argument(
                "INVALID_PAGE_TOKEN", "The page token does not belong to this request."
            )
        return int(match[1])
