"""Replaces a part of a series on a server that can only append and delete whole series.

The series' new content is staged under another name, put on disk and verified before the series
is deleted; a commit marker says that the stage is complete and by what fingerprint. Whatever is
killed whenever, the next :meth:`Rewriter.recover` either finishes from the stage (marker present)
or throws the stage away (no marker yet, the series was never touched):

===  =========================================================  ============================
no.  step                                                       a crash here leaves
===  =========================================================  ============================
1    copy what lies outside of the slice to ``syncbit_stage_``  a stage: thrown away
2    write what is wanted inside to the stage                   a stage: thrown away
3    barrier, verify the stage                                  a stage: thrown away
4    write the marker ``syncbit_commit_``, barrier, verify      marker and stage: finished
5    delete the series, copy the stage to it                    marker and stage: finished
6    barrier, verify the series                                 marker and stage: finished
7    delete the marker, barrier                                 marker and stage, or a stage
8    delete the stage, barrier                                  a stage: thrown away
===  =========================================================  ============================

A barrier makes everything before it survive the server's sudden death, and comes before the
verification: should the server die and come back between a write and its barrier, the write is
gone, the barrier succeeds, and only a later look can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, decode_labels, encode_labels
from syncbit_dagster.stores.errors import StoreMismatchError
from syncbit_dagster.stores.victoriametrics import encoding, fingerprint, selectors
from syncbit_dagster.stores.victoriametrics.client import FIRST, LAST
from syncbit_dagster.stores.victoriametrics.fingerprint import Fingerprint
from syncbit_dagster.stores.victoriametrics.selectors import COMMIT_PREFIX, STAGE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from syncbit_dagster.stores.victoriametrics.client import Client
    from syncbit_dagster.stores.victoriametrics.durability import Settler

_NO_SERIES = "syncbit_probe"  # matches nothing: the right to delete is tried on it


@dataclass(frozen=True)
class Place:
    """One series' three names and the selectors that match exactly these."""

    metric: str
    labels: str
    series: str
    stage: str
    commit: str


class Rewriter:
    """Staged rewrites and their recovery. The caller holds the target's lock.

    Args:
        step: called with the name of each step before it begins.
    """

    def __init__(
        self,
        client: Client,
        settler: Settler,
        extra_labels: Mapping[str, str],
        *,
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._client = client
        self._settler = settler
        self._extra_labels = dict(extra_labels)
        self._now = now
        self._step = step
        self._may_delete = False

    def require_permission(self) -> None:
        """Fail before anything is written if the server does not let us delete."""
        if not self._may_delete:
            self._client.delete(selectors.exactly(_NO_SERIES, {}, ()))
            self._may_delete = True

    def rewrite(
        self, wanted: Iterable[Series], low: int, high: int, labels: Mapping[str, str]
    ) -> None:
        """Make each series hold exactly the given samples from ``low`` until before ``high``.

        The series belong to the account with these labels.
        """
        self._step("flush")
        self._settler.make_visible()
        staged: list[tuple[Place, Fingerprint]] = []
        vanishing: list[str] = []
        for series in wanted:
            place = self._place(series.metric, series.labels)
            content = self._stage(place, series, low, high)
            if content.count:
                staged.append((place, content))
            else:
                # Nothing to lose and nothing to put back: one deletion is the whole rewrite.
                vanishing.append(place.series)
        self._delete_durably("series that vanish", vanishing)
        if staged:
            self._commit(staged)
            self._finish(staged)
        # A server that died and came back in the middle may have undone the last deletions.
        self.recover(labels)

    def recover(self, labels: Mapping[str, str]) -> None:
        """Finish or undo what a crash has left behind for the account with these labels."""
        self._settler.make_visible()
        found = self._client.series(selectors.leftovers({**labels, **self._extra_labels}))
        if not found:
            return
        stages = self._places(found, STAGE_PREFIX)
        commits = self._places(found, COMMIT_PREFIX)
        # A marker that was deleted just before the crash must not come back after its stage is
        # gone and the series has changed.
        self._barrier("recovery")
        self._delete_durably("stages without marker", [p.stage for p in stages - commits])
        # A marker without its stage is a rewrite whose last deletions were cut in half.
        self._delete_durably("markers without stage", [p.commit for p in commits - stages])
        staged = [(place, self._marker(place)) for place in stages & commits]
        if staged:
            self._step("verify stages again")
            self._verify_stages(staged)
            self._finish(staged)

    def _stage(self, place: Place, wanted: Series, low: int, high: int) -> Fingerprint:
        """Build the series' new content under the stage's name; its fingerprint."""
        content = fingerprint.of(wanted.timestamps, wanted.values)
        stage = STAGE_PREFIX + place.metric
        for first, last in ((FIRST, low - 1), (high, LAST)):
            if first > last:
                continue
            # Read twice, in two formats: an answer that wrongly says "nothing there" shows when
            # the stage is verified, before anything is deleted.
            content += self._client.fingerprint(place.series, first, last)
            self._step("stage what lies outside")
            self._client.copy(place.series, stage, first, last)
        if len(wanted.timestamps):
            self._step("stage what is wanted")
            self._client.write([wanted._replace(metric=stage)])
        return content

    def _commit(self, staged: list[tuple[Place, Fingerprint]]) -> None:
        self._barrier("stages")
        self._step("verify stages")
        self._verify_stages(staged)
        now = to_milliseconds(self._now())
        markers = []
        for place, content in staged:
            numbers = np.array(content.to_numbers(), dtype=np.float64)
            instants = now + np.arange(len(numbers), dtype=np.int64)
            markers.append(Series(COMMIT_PREFIX + place.metric, place.labels, instants, numbers))
        self._step("write markers")
        self._client.write(markers)
        self._barrier("markers")
        self._step("verify markers")
        for (place, _), marker in zip(staged, markers, strict=True):
            content = fingerprint.of(marker.timestamps, marker.values)
            self._expect(place.commit, content, f"The commit marker of {place.metric}")

    def _finish(self, staged: list[tuple[Place, Fingerprint]]) -> None:
        """From here on the stages are the truth; every step may be repeated."""
        for place, _ in staged:
            self._settler.make_visible()
            self._step("delete series")
            self._client.delete(place.series)
            self._step("copy stage to series")
            self._client.copy(place.stage, place.metric)
            self._settler.make_visible()
        self._barrier("series")
        self._step("verify series")
        for place, content in staged:
            self._expect(place.series, content, f"The rewritten series {place.metric}")
        self._delete_durably("markers", [place.commit for place, _ in staged])
        self._delete_durably("stages", [place.stage for place, _ in staged])

    def _verify_stages(self, staged: list[tuple[Place, Fingerprint]]) -> None:
        for place, content in staged:
            self._expect(place.stage, content, f"The staged copy of {place.metric}")

    def _delete_durably(self, what: str, chosen: list[str]) -> None:
        if chosen:
            self._settler.make_visible()
            self._step(f"delete {what}")
            for selector in chosen:
                self._client.delete(selector)
            self._barrier(f"deleted {what}")

    def _barrier(self, what: str) -> None:
        self._step(f"barrier: {what}")
        self._settler.make_durable()

    def _expect(self, selector: str, content: Fingerprint, what: str) -> None:
        found = Fingerprint()
        for _ in self._settler.attempts():
            found = self._client.fingerprint(selector)
            if found == content:
                return
        raise StoreMismatchError(
            f"{what} holds {found.count} samples where {content.count} were written, or other "
            "values: another program writes to the same series, or the server drops samples. "
            "Stop that writer and run again: the next write picks up from here."
        )

    def _marker(self, place: Place) -> Fingerprint:
        for _ in self._settler.attempts():
            numbers = [
                round(value)
                for series in encoding.collect(self._client.export(place.commit))
                for value in series.values
            ]
            try:
                return Fingerprint.from_numbers(numbers)
            except ValueError:
                continue
        raise StoreMismatchError(
            f"The commit marker {COMMIT_PREFIX}{place.metric} cannot be read; the staged copy "
            f"{STAGE_PREFIX}{place.metric} holds the series' whole content. Nothing was changed."
        )

    def _places(self, found: list[dict[str, str]], prefix: str) -> set[Place]:
        return {
            self._place(
                labels["__name__"].removeprefix(prefix),
                encode_labels(
                    {
                        name: value
                        for name, value in labels.items()
                        if name != "__name__" and name not in self._extra_labels
                    }
                ),
            )
            for labels in found
            if labels["__name__"].startswith(prefix)
        }

    def _place(self, metric: str, labels: str) -> Place:
        own = {**decode_labels(labels), **self._extra_labels}
        names = (metric, STAGE_PREFIX + metric, COMMIT_PREFIX + metric)
        relatives = self._client.series(selectors.having(names, own))
        foreign = {name for one in relatives for name in one} - own.keys() - {"__name__"}
        return Place(
            metric,
            labels,
            *(selectors.exactly(name, own, foreign) for name in names),
        )
