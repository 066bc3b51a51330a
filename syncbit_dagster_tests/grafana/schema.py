"""Grafana's own types of a dashboard, as a check: nothing unknown, nothing of a wrong type."""

from __future__ import annotations

import enum
import json
import types
import typing
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

_HINTS: dict[type, dict[str, Any]] = {}
_UNIONS = (typing.Union, types.UnionType)


def read_and_written(dashboard: dict[str, Any]) -> tuple[Dashboard, dict[str, Any]]:
    """A dashboard in Grafana's types, and what they write again; an unknown field gets lost."""
    register_default_plugins()
    model = Dashboard.from_json(dashboard)
    written: dict[str, Any] = json.loads(json.dumps(model, cls=JSONEncoder))
    return model, written


def faults(value: Any, hint: Any, place: str) -> list[str]:
    """Where a value is not of the type that is declared for it, as deep as it goes."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (object, Any):
        return [fault for name, (v, h) in _fields(value).items() for fault in faults(v, h, name)]
    if origin in _UNIONS:
        found = [faults(value, one, place) for one in arguments]
        if [] in found:
            return []
        # The one that is meant is of the right class, and wrong further down.
        return min(found, key=lambda some: (some[0].startswith(f"{place}: "), len(some)))
    if origin is typing.Literal:
        return [] if value in arguments else [f"{place}: {value!r}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{place}: {value!r} is no list"]
        return [
            fault
            for number, item in enumerate(value)
            for fault in faults(item, arguments[0], f"{place}[{number}]")
        ]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [] if value in {one.value for one in hint} else [f"{place}: {value!r}"]
    return _simple_faults(value, hint, origin, place)


def _simple_faults(value: Any, hint: Any, origin: Any, place: str) -> list[str]:
    wanted = origin or (types.NoneType if hint is None else hint)
    if wanted is float:
        wanted = (int, float)
    is_right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if not is_right:
        return [f"{place}: {value!r} is no {wanted}"]
    inner = _fields(value)
    return [fault for name, (v, h) in inner.items() for fault in faults(v, h, f"{place}.{name}")]


def _fields(value: Any) -> dict[str, tuple[Any, Any]]:
    """The fields of one of Grafana's types, with what is declared for them."""
    if not type(value).__module__.startswith("grafana_foundation_sdk.models"):
        return {}
    if isinstance(value, enum.Enum):
        return {}
    kind = type(value)
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return {name: (getattr(value, name), hint) for name, hint in _HINTS[kind].items()}
