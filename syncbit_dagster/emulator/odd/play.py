"""Play a case: the server's right answers, changed as its file says."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import Response

from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.middleware.base import RequestResponseEndpoint
    from starlette.requests import Request
    from starlette.types import ASGIApp

Json = dict[str, Any]
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FOLDER = files("syncbit_dagster.emulator.odd")


@dataclass(frozen=True)
class Case:
    """One case; ``day`` is the odd one, ``content`` the file."""

    name: str
    day: date
    content: Json = field(hash=False)

    def answers(self, method: str, path: str, asked: Json) -> bool:
        """Whether a request is answered oddly."""
        if not re.search(self.content["at"], f"{method} {path}"):
            return False
        if (condition := self.content.get("if")) is None:
            return True
        days = _days_of(path, asked)
        name, most = condition.get("over", ["", 0])
        return all(
            (
                "has" not in condition or condition["has"] in asked,
                "over" not in condition or int(asked.get(name) or 0) > most,
                "touches" not in condition or (days[0] <= self.day < days[1]),
                "longer" not in condition or (days[1] - days[0]).days > condition["longer"],
            )
        )

    def changed(self, answer: Any) -> Any:
        """The right answer, with the case's changes."""
        root = {"root": copy.deepcopy(answer)}
        for verb, path, *arguments in self.content["change"]:
            _VERBS[verb](root, [*f"root.{path}".split(".")], self.day, *arguments)
        return root["root"]


class Odd(BaseHTTPMiddleware):
    """Answers the requests of the case that is played, if any, oddly."""

    def __init__(self, app: ASGIApp, played: list[Case]) -> None:
        super().__init__(app)
        self._played = played

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        body = await request.body()
        asked: Json = dict(request.query_params)
        if body.startswith(b"{"):
            asked |= orjson.loads(body)
        case = next(
            (one for one in self._played if one.answers(request.method, request.url.path, asked)),
            None,
        )
        if case is None:
            return await call_next(request)
        if instead := case.content.get("instead"):
            text = instead.get("text")
            content = orjson.dumps(instead.get("body", {})) if text is None else text.encode()
            headers = {"content-type": "application/json", **instead.get("headers", {})}
            return Response(content, instead.get("status", 200), headers)
        response = await call_next(request)
        content = b"".join([chunk async for chunk in response.body_iterator])  # type: ignore[attr-defined]
        if response.status_code == 200:
            content = orjson.dumps(case.changed(orjson.loads(content)))
        return Response(content, response.status_code, {"content-type": "application/json"})


def case_names() -> list[str]:
    """All cases."""
    return sorted(
        one.name.removesuffix(".json") for one in _FOLDER.iterdir() if one.name.endswith(".json")
    )


def load_case(name: str, day: date) -> Case:
    """A case by its name.

    Raises:
        ConfigError: there is none.
    """
    if name not in case_names():
        raise ConfigError(f"--odd: there is no case {name}; there are {', '.join(case_names())}.")
    text = (_FOLDER / f"{name}.json").read_text("utf-8").replace("$DAY", str(day))
    return Case(name, day, orjson.loads(text))


def _days_of(path: str, asked: Json) -> tuple[date, date]:
    """The first day that a request asks for, and the day after its last."""
    if "range" in asked:
        first, last = (_bound(asked["range"][name]) for name in _ends(asked["range"]))
        return first, last
    found = [date.fromisoformat(text) for text in _DAY.findall(asked.get("filter", "") or path)]
    if not found:
        return date.min, date.max
    return found[0], found[-1] + timedelta(days="filter" not in asked)


def _ends(bounds: Json) -> tuple[str, str]:
    return ("start", "end") if "start" in bounds else ("startTime", "endTime")


def _bound(value: Any) -> date:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else date(**value["date"])


def _day_of(element: Any) -> date | None:
    """The day of an element of any provider's list."""
    if not isinstance(element, dict):
        return None
    inner = [one for one in element.values() if isinstance(one, dict)]
    for one in [element, *inner]:
        sample, span = one.get("sampleTime") or {}, one.get("interval") or {}
        for civil in (one.get("date"), (one.get("civilStartTime") or {}).get("date")):
            if isinstance(civil, dict):
                return date(civil["year"], civil["month"], civil["day"])
        for text in (
            one.get("dateOfSleep"), one.get("dateTime"), one.get("date"), one.get("startTime"),
            sample.get("physicalTime"), span.get("endTime"),
        ):  # fmt: skip
            if isinstance(text, str) and _DAY.match(text):
                return date.fromisoformat(text[:10])
    return None


def _walk(node: Any, path: list[str], day: date) -> Iterator[tuple[Any, Any]]:
    """Every container and key that a path leads to."""
    step, *rest = path
    keys: list[Any] = [step]
    if step in ("*", "@"):
        keys = [n for n, one in enumerate(node) if step == "*" or _day_of(one) == day]
    elif isinstance(node, dict) and step not in node and rest:
        return
    for key in keys:
        if rest:
            yield from _walk(node[key], rest, day)
        else:
            yield node, key


def _drop(root: Any, path: list[str], day: date) -> None:
    for node, key in reversed(list(_walk(root, path, day))):
        if isinstance(node, list) or key in node:
            del node[key]


def _put(root: Any, path: list[str], day: date, value: Any) -> None:
    for node, key in _walk(root, path, day):
        node[key] = value


def _rename(root: Any, path: list[str], day: date, name: str) -> None:
    for node, key in _walk(root, path, day):
        if key in node:
            node[name] = node.pop(key)


def _twice(root: Any, path: list[str], day: date, inner: str = "", value: Any = None) -> None:
    """Repeat elements, with another value in it if there is one."""
    for node, key in reversed(list(_walk(root, path, day))):
        other = copy.deepcopy(node[key])
        if inner:
            _put({"root": other}, [*f"root.{inner}".split(".")], day, value)
        node.insert(key + 1, other)


def _add(root: Any, path: list[str], day: date, value: Any) -> None:
    """Append to a list."""
    for node, key in _walk(root, path, day):
        node.setdefault(key, []).append(value) if isinstance(node, dict) else node.append(value)


_VERBS: dict[str, Callable[..., None]] = {
    "drop": _drop,
    "put": _put,
    "rename": _rename,
    "twice": _twice,
    "add": _add,
}
