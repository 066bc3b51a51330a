"""What an asset's materializations remember of samples that the provider's answer lacked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.scheduling.backfill_plan import stretches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncbit_dagster.defs.metadata import Metadata
    from syncbit_dagster.scheduling.corrections import Absent, Decision

# A run with this tag removes at once what the provider's answer lacks.
ACCEPT_REMOVALS_TAG = "syncbit/accept_removals"
REMOVED_CHECK = "removed"
MOST_NAMED = 20  # series and days in a check's text


@dataclass(frozen=True)
class Memory:
    """Since when series of a day are absent, as the newest materializations say.

    Attributes:
        records: their metadata, by the day.
        today: the civil day of this fetch.
    """

    records: Mapping[date, Mapping[str, object]]
    today: date

    def had(self, absent: Absent) -> bool:
        """Whether a fetch on an earlier civil day lacked samples of the series and day, too."""
        return self._since(absent) < self.today

    def metadata(self, decision: Decision) -> dict[date, Metadata]:
        """What the days' next materializations are to remember."""
        found: defaultdict[date, list[dict[str, str | int]]] = defaultdict(list)
        for one in decision.kept:
            since = self._since(one).isoformat()
            found[one.day].append({**_named(one), "samples": one.samples, "since": since})
        kept: dict[date, Metadata] = {
            day: {"absent": dg.MetadataValue.json(series)} for day, series in found.items()
        }
        for one in decision.removed:
            of_day = kept.setdefault(one.day, {})
            of_day["removed_samples"] = int(str(of_day.get("removed_samples", 0))) + one.samples
        return kept

    def _since(self, absent: Absent) -> date:
        known = self.records.get(absent.day, {}).get("absent", [])
        for one in known if isinstance(known, list) else ():
            if _named(absent).items() <= one.items():
                return date.fromisoformat(one["since"])
        return self.today


def removed_check(
    check_name: str, absent: Sequence[Absent], removed: Sequence[Absent]
) -> dg.AssetCheckResult:
    """The check that names what is stored and not in the provider's answer."""
    if absent:
        text = (
            f"The provider's answer lacks what is stored: {_listed(absent)}. It stays. A fetch on "
            "a later day that lacks it too removes it; a run with the tag "
            f"{ACCEPT_REMOVALS_TAG}=true does so at once."
        )
    elif removed:
        text = f"Removed, because the provider's answer lacks it again: {_listed(removed)}."
    else:
        text = "The provider's answer has everything that is stored."
    return dg.AssetCheckResult(
        passed=not absent,
        check_name=check_name,
        severity=dg.AssetCheckSeverity.WARN,
        description=text,
        metadata={
            "absent_samples": sum(one.samples for one in absent),
            "removed_samples": sum(one.samples for one in removed),
        },
    )


def _named(one: Absent) -> dict[str, str]:
    return {"metric": one.metric, "labels": one.labels}


def _listed(found: Sequence[Absent]) -> str:
    """The samples of each metric and its days: ``2 of fitbit_bmi (2026-01-03..2026-01-04)``."""
    metrics = list(dict.fromkeys(one.metric for one in found))
    texts = []
    for metric in metrics[:MOST_NAMED]:
        of_metric = [one for one in found if one.metric == metric]
        days = stretches(sorted({one.day for one in of_metric}))
        listed = ", ".join(str(one) for one in list(reversed(days))[:MOST_NAMED])
        texts.append(f"{sum(one.samples for one in of_metric)} of {metric} ({listed})")
    return "; ".join(texts)
