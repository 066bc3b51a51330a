"""What a check found, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from syncbit_dagster.scheduling.backfill_plan import stretches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from syncbit_dagster.core.civil import DayRange

MOST_ROWS = 20
"""Longest table: a year of the same fault needs no year of rows."""


class Finding(NamedTuple):
    """One thing that is wrong on a day, or on some days in a row.

    ``subject`` says what it is about (a series, a sum), ``found`` and ``expected`` are texts with
    units; ``excess`` says how far it is from legal and serves to put the worst first.
    """

    days: DayRange
    subject: str
    found: str
    expected: str
    excess: float


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    Attributes:
        checked: how many things were looked at, in the unit of the check.
        findings: what is wrong, in any order.
        facts: what else is worth knowing, by name.
    """

    checked: int
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def worst_first(self) -> list[Finding]:
        return sorted(self.findings, key=lambda one: (-one.excess, one.days, one.subject))

    @property
    def days(self) -> list[date]:
        """The days with findings."""
        return sorted({day for one in self.findings for day in one.days})


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of one check on several stretches of days."""
    return Outcome(
        sum(one.checked for one in outcomes),
        tuple(finding for one in outcomes for finding in one.findings),
        {name: fact for one in outcomes for name, fact in one.facts.items()},
    )


def sentence(outcome: Outcome, unit: str, days: DayRange, remedy: str) -> str:
    """The outcome in plain English: what is wrong, what would be right, what to do."""
    if not outcome.checked:
        return f"{days}: there are no {unit} to check."
    checked = f"{days}: {counted(outcome.checked, unit)} checked"
    if not outcome.findings:
        return f"{checked}, nothing is wrong."
    worst = outcome.worst_first[0]
    return (
        f"{checked}, {counted(len(outcome.days), 'days')} not right. The worst: {worst.days}, "
        f"{worst.subject}: {worst.found}; expected: {worst.expected}. {remedy}"
    )


def counted(number: int, unit: str) -> str:
    """A number and its unit, which is given in the plural."""
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"


def table(outcome: Outcome) -> str:
    """The worst findings as Markdown; empty if there are none."""
    if not outcome.findings:
        return ""
    rows = [
        f"| {one.days} | {one.subject} | {one.found} | {one.expected} |"
        for one in outcome.worst_first[:MOST_ROWS]
    ]
    left = len(outcome.findings) - len(rows)
    more = [f"\n{left} more"] if left else []
    return "\n".join(["| days | what | found | expected |", "|---|---|---|---|", *rows, *more])


def ranges_text(days: Iterable[date]) -> str:
    """Days as short ranges: ``2026-01-03..2026-01-05, 2026-01-09``."""
    return ", ".join(str(one) for one in reversed(stretches(days))) or "none"
