"""What both providers check of an app: where its browser is sent to, and its PKCE challenge."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def is_loopback(uri: str) -> bool:
    """Whether a redirect goes to this computer, the only place that an installed app listens on."""
    address = urlsplit(uri)
    return address.scheme == "http" and address.hostname in _LOOPBACK


def redirection(uri: str, answer: Mapping[str, str]) -> str:
    """The app's address with the answer of the consent page."""
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(answer)}"


def offers_challenge(query: Mapping[str, str]) -> bool:
    """Whether a request for consent carries a PKCE challenge of method S256."""
    return (
        query.get("code_challenge_method") == "S256" and len(query.get("code_challenge", "")) == 43
    )


def challenge_of(verifier: str) -> str:
    """The S256 challenge that fits a PKCE verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
