"""What an answer is, before anything of it is parsed: data, odd, or unreadable. Pure functions.

*data*: as documented. *odd*: elements of its list are not; they alone are left out. *unreadable*:
nobody can say what it holds, so nothing of it may count, not even as "nothing there".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from syncbit_dagster.sources.set_aside import NO_OBJECT, NO_VALUE, RENAMED

if TYPE_CHECKING:
    from collections.abc import Sequence


class Verdict(NamedTuple):
    """The state, its reason as the end of a sentence, and the odd elements' reasons by position."""

    state: Literal["data", "odd", "unreadable"]
    reason: str = ""
    odd: dict[int, str] = {}  # noqa: RUF012 - never changed


@dataclass(frozen=True)
class Shape:
    """What the documentation says of the objects in a list.

    Attributes:
        value: the field whose object holds the values; empty: the element itself does.
        fields: the first fields of the values; an element has at least one of them.
        beside: documented fields of the element that hold no values.
        may_be_empty: an element without any of them is no value, or a zero.
    """

    value: str
    fields: frozenset[str]
    beside: frozenset[str] = field(default_factory=frozenset)
    may_be_empty: bool = False

    def oddity(self, element: Any) -> str | None:
        """What is wrong with an element; None: nothing so far."""
        if not isinstance(element, dict):
            return NO_OBJECT
        value = element.get(self.value) if self.value else element
        if isinstance(value, dict) and not self.fields.isdisjoint(value):
            return None
        if value is None:
            is_renamed = bool(element.keys() - self.beside - {self.value})
        elif isinstance(value, dict):
            is_renamed = bool(value.keys() - self.beside)
        else:
            return NO_OBJECT
        if is_renamed:
            return RENAMED
        return None if self.may_be_empty else NO_VALUE


def of_list(answer: Any, key: str, *, others: frozenset[str], may_be_left_out: bool) -> Verdict:
    """Whether an answer has its list.

    Args:
        answer: the JSON.
        key: the list's name.
        others: documented names beside it.
        may_be_left_out: an answer without the list, and without an unknown name, has no elements.
    """
    if not isinstance(answer, dict):
        return Verdict("unreadable", "is no JSON object")
    if "error" in answer or "errors" in answer:
        return Verdict("unreadable", "is an error under the status 200")
    if key not in answer:
        if may_be_left_out and answer.keys() <= others:
            return Verdict("data")
        return Verdict("unreadable", f"has no `{key}`")
    if not isinstance(answer[key], list):
        return Verdict("unreadable", f"has no list in `{key}`")
    return Verdict("data")


def of_elements(elements: Sequence[Any], shape: Shape) -> Verdict:
    """Which elements of a list can be read.

    A field that is renamed everywhere would make a history of zeros, or of nothing.
    """
    odd = {n: reason for n, one in enumerate(elements) if (reason := shape.oddity(one))}
    if not odd:
        return Verdict("data")
    if len(odd) == len(elements) and RENAMED in odd.values():
        return Verdict("unreadable", f"has another field everywhere ({RENAMED})", odd)
    return Verdict("odd", "; ".join(sorted(set(odd.values()))), odd)
