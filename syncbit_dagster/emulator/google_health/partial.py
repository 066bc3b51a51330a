"""Partial responses: ``fields=dataPoints(steps(count,interval/startTime)),nextPageToken``."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from syncbit_dagster.emulator.google_health.errors import malformed

Mask: TypeAlias = "dict[str, Mask]"

_TOKENS = re.compile(r"[A-Za-z][A-Za-z0-9]*|[(),/]", re.ASCII)


def parse_mask(text: str) -> Mask:
    """A mask as a tree of names; a name without names below it keeps everything below."""
    tokens = _TOKENS.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        raise _unreadable()
    mask = _names(tokens)
    if tokens:
        raise _unreadable()
    return mask


def apply_mask(value: Any, mask: Mask) -> Any:
    """The value with only what the mask names; lists keep their length."""
    if not mask:
        return value
    if isinstance(value, list):
        return [apply_mask(item, mask) for item in value]
    if isinstance(value, dict):
        return {key: apply_mask(value[key], below) for key, below in mask.items() if key in value}
    return value


def _names(tokens: list[str]) -> Mask:
    """Read ``name,name,...`` off the front of the tokens."""
    mask: Mask = {}
    while True:
        _name(tokens, mask)
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def _name(tokens: list[str], mask: Mask) -> None:
    if not tokens or not tokens[0].isalnum():
        raise _unreadable()
    below = mask.setdefault(tokens.pop(0), {})
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        _name(tokens, below)
    elif tokens and tokens[0] == "(":
        tokens.pop(0)
        below.update(_names(tokens))
        if not tokens or tokens.pop(0) != ")":
            raise _unreadable()


def _unreadable() -> Exception:
    return malformed("fields", "The field mask cannot be read.")
