"""What every store promises, asked of both: after ``replace`` the slice holds just the samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from syncbit_dagster.core.samples import InvalidSamplesError, count
from syncbit_dagster.stores.base import Write
from syncbit_dagster.stores.victoriametrics.parts import parts_of
from syncbit_dagster_tests.stores.builders import (
    HEART_RATE,
    STEPS,
    account,
    joined,
    rows,
    series,
    slice_of,
)

if TYPE_CHECKING:
    from syncbit_dagster.stores.base import Slice, Store


def test_what_is_missing_is_added_and_nothing_else_sent(store: Store, user: str) -> None:
    assert store.read(slice_of(user)) == []
    for values, equal, added in (([60, 61.25], 0, 2), ([60, 61.25, 62], 2, 1)):
        wanted = [series(user, values)]
        report = store.replace(slice_of(user), wanted)
        assert (report.mode, report.equal, report.added) == ("add", equal, added)
        assert rows(store.read(slice_of(user))) == rows(wanted)
        store.close()  # it can be used again
        report = store.replace(slice_of(user), wanted)
        assert (report.mode, report.wanted, report.bytes_sent) == ("noop", len(values), 0)


def test_a_change_a_removal_and_an_addition_at_once(store: Store, user: str) -> None:
    store.replace(slice_of(user), [series(user, [60, 61, 62, 63], step=2)])
    wanted = [series(user, [60, 70, 62], step=2), series(user, [5], metric=STEPS)]
    target = slice_of(user, metrics=(HEART_RATE, STEPS))
    report = store.replace(target, wanted)
    assert (report.mode, report.wanted) == ("correct", 4)
    assert (report.equal, report.added, report.changed, report.removed) == (2, 1, 1, 1)
    assert rows(store.read(target)) == rows(wanted)
    assert store.replace(target, wanted).mode == "noop"


def test_the_days_around_stay(store: Store, user: str) -> None:
    days = [series(user, np.arange(1440) % 50 + day, first=day) for day in range(3)]
    store.replace(slice_of(user, days=3), joined(*days))
    days[1] = series(user, [99], first=1)
    store.replace(slice_of(user, first=1), [days[1]])
    assert rows(store.read(slice_of(user, days=3))) == rows([*days])


def test_nothing_wanted_removes_all(store: Store, user: str) -> None:
    store.replace(
        slice_of(user, days=2), joined(series(user, [60, 61]), series(user, [7], first=1))
    )
    report = store.replace(slice_of(user), [])
    assert (report.mode, report.removed, report.wanted) == ("correct", 2, 0)
    assert rows(store.read(slice_of(user, days=2))) == rows([series(user, [7], first=1)])
    assert store.replace(slice_of(user, first=1), []).removed == 1
    assert rows(store.read(slice_of(user, days=2))) == []
    assert store.replace(slice_of(user, days=2), []).mode == "noop"


def test_only_the_slices_metrics_and_account(store: Store, user: str) -> None:
    """Other metrics, other users, and a user that has the same labels and fewer, stay."""
    others = (
        Write(slice_of(f"other{user}"), [series(f"other{user}", [1])]),
        Write(slice_of(user, metrics=(STEPS,)), [series(user, [2], metric=STEPS)]),
    )
    store.replace_all(others)
    for values in ([60, 61], [60, 62], []):
        store.replace(slice_of(user), [series(user, values)])
        for target, samples in others:
            assert rows(store.read(target)) == rows(samples)


def test_series_with_more_labels_are_corrected_apart(store: Store, user: str) -> None:
    """``{user}`` is a subset of ``{user, zone}``: deleting the one must not delete the other."""
    plain = series(user, [60, 61])
    peak = series(user, [1, 2], labels=account(user, zone="peak"))
    cardio = series(user, [3, 4], labels=account(user, zone="cardio"))
    store.replace(slice_of(user), [plain, peak, cardio])
    for wanted in (
        [series(user, [60, 99]), peak, cardio],
        [series(user, [60, 99]), peak],
        [peak],
        [],
    ):
        assert store.replace(slice_of(user), wanted).mode == "correct"
        assert rows(store.read(slice_of(user))) == rows(wanted)


def test_odd_labels(store: Store, user: str) -> None:
    texts = [
        'quotes " and \\ backslashes',
        "lines\nand\ttabs\r",
        "control \x01\x1f\x7f",
        "x" * 4096,
    ]
    texts += ["emoji 🏃‍♀️, Zoë, 心拍", "{}=~|.*[a-z]$", " ", "\u2028"]
    for values in ([1.0, 2.0], [1.0, 3.0]):
        wanted = [series(user, values, labels=account(user, type=text)) for text in texts]
        store.replace(slice_of(user), wanted)
        assert rows(store.read(slice_of(user))) == rows(wanted)


def test_odd_values(store: Store, user: str) -> None:
    """What 11 significant digits can hold comes back to the bit; seven orders of magnitude too."""
    values = [0.0, -0.0, 1e-9, -273.15, 0.1 + 0.2, 123456.78901, 1700000000.0, 99999999999.0]
    wanted = [
        series(user, [value], labels=account(user, n=str(n))) for n, value in enumerate(values)
    ]
    steep = [0.012345678901, 0.5, 123456.78901, 3.0, 1e5]
    wanted.append(series(user, steep, labels=account(user, n="steep")))
    store.replace(slice_of(user), wanted)
    found = [row[3] for row in rows(store.read(slice_of(user)))]
    assert found == [round(value, 11) for value in values] + steep
    assert store.replace(slice_of(user), wanted).mode == "noop"


def test_the_last_millisecond_belongs_to_the_slice(store: Store, user: str) -> None:
    """Windows are cut to the millisecond, on either side."""
    whole = series(user, range(10), step=86_400_000 // 4 - 1)
    store.replace(slice_of(user, days=3), [whole])
    before = rows(store.read(slice_of(user)))
    assert rows(store.read(slice_of(user, days=3))) == rows([whole])
    edges = series(user, [5, 6], step=86_399_999)
    store.replace(slice_of(user), [edges])
    assert rows(store.read(slice_of(user))) == rows([edges])
    rest = [row for row in rows([whole]) if row not in before]
    assert rows(store.read(slice_of(user, first=1, days=2))) == rest


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda user: [series(user, [1, np.nan])], "1 of 2 values are NaN or infinite"),
        (lambda user: [series(user, [np.inf])], "NaN or infinite"),
        (lambda user: [series(user, [1, 2], step=0)], "2 samples that share an instant"),
        (lambda user: [series(user, [1], first=1)], "1 of 1 samples lie outside"),
        (lambda user: [series(user, [1], first=-1)], "lie outside"),
        (lambda user: [series(user, [1], metric=STEPS)], "does not belong to this write"),
        (lambda user: [series(user + "x", [1])], "this write is for"),
        (lambda user: [series(user, [1], labels=account(user, n=""))], "1 to 4096 bytes"),
    ],
)
def test_refused_before_anything_is_written(
    store: Store, user: str, wrong: object, sentence: str
) -> None:
    good = [series(user, [60, 61])]
    store.replace(slice_of(user), good)
    assert callable(wrong)
    with pytest.raises(InvalidSamplesError, match=sentence):
        store.replace(slice_of(user), wrong(user))
    assert rows(store.read(slice_of(user))) == rows(good)


def steps_of(user: str, first: int = 0) -> Slice:
    return slice_of(user, metrics=(STEPS,), first=first)


def test_each_slice_has_its_own_samples(store: Store, user: str) -> None:
    other = f"{user}-other"
    store.replace(slice_of(user), [series(user, [60, 61, 62])])
    store.replace(slice_of(user, first=1), [series(user, [70], first=1)])
    writes = [
        Write(slice_of(user), [series(user, [60, 99])]),
        Write(steps_of(user), [series(user, [5], metric=STEPS)]),
        Write(slice_of(user, first=1), [series(user, [70], first=1)]),
        Write(steps_of(user, first=1), []),
        Write(slice_of(other), [series(other, [80, 81])]),
    ]
    report = store.replace_all(writes)
    assert (report.mode, report.wanted, report.equal) == ("correct", 6, 2)
    assert (report.added, report.changed, report.removed) == (3, 1, 1)
    for target, samples in writes:
        assert rows(store.read(target)) == rows(samples)
    assert store.replace_all(writes, durable=True).mode == "noop"


def test_nothing_is_written_if_one_write_is_wrong(store: Store, user: str) -> None:
    good = Write(slice_of(user, days=2), [series(user, [60])])
    wrong = Write(steps_of(user), [series(user, [1], metric=STEPS, first=3)])
    with pytest.raises(InvalidSamplesError, match="lie outside"):
        store.replace_all([good, wrong])
    for other in (slice_of(user, first=1), slice_of(user, metrics=(STEPS, HEART_RATE))):
        with pytest.raises(InvalidSamplesError, match=r"overlap; make one after the other\."):
            store.replace_all([good, Write(other, [])])
    assert rows(store.read(good.target)) == []


ONE = slice_of("a", days=2)


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (ONE, True),
        (slice_of("a", first=1), True),
        (slice_of("a", first=2), False),
        (slice_of("b"), False),
        (slice_of("a", metrics=(STEPS,)), False),
        (slice_of("a", metrics=(STEPS, HEART_RATE)), True),
        (replace(ONE, labels={"user": "a", "source": "phone"}), True),  # it may belong to both
        (replace(ONE, labels={"user": "a", "device": "phone"}), False),
    ],
)
def test_overlaps(other: Slice, overlap: bool) -> None:
    assert ONE.overlaps(other) is other.overlaps(ONE) is overlap


@pytest.mark.parametrize(("most", "sizes"), [(8, [4, 4, 2]), (4, [4, 4, 2]), (3, [2] * 5)])
def test_parts_have_every_series_once(most: int, sizes: list[int]) -> None:
    """The metrics of an account's day share a part, unless they are too much together."""
    places = [("a", 0, HEART_RATE), ("a", 1, STEPS), ("b", 0, STEPS), ("a", 0, STEPS)]
    places.append(("a", 1, HEART_RATE))
    slices = [slice_of(user, metrics=(metric,), first=day) for user, day, metric in places]
    wanted = [[series(user, [1, 2], metric=metric, first=day)] for user, day, metric in places]
    found = list(parts_of(slices, wanted, most))
    assert sorted(count(part.wanted) for part in found) == sorted(sizes)
    for one, (mine,) in zip(slices, wanted, strict=True):
        (holder,) = (part for part in found if any(same is mine for same in part.wanted))
        assert (holder.labels, mine.metric in holder.metrics) == (one.labels, True)
