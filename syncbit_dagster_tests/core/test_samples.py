"""The sample table: what is legal, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from syncbit_dagster.core import samples
from syncbit_dagster.core.samples import InvalidSamplesError, Series, encode_labels
from syncbit_dagster.stores import validation

ALICE = encode_labels({"user": "alice", "device": "fitbit"})
T0 = 1_700_000_000_000


def one(
    metric: str = "m", labels: str = ALICE, times: object = (T0,), values: object = (1.0,)
) -> Series:
    return Series(metric, labels, np.array(times, np.int64), np.array(values, np.float64))


def test_an_empty_table_has_the_schema_and_is_legal() -> None:
    assert samples.to_series(samples.empty()) == []


label_sets = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
    min_size=1,
    max_size=5,
)


@st.composite
def tables(draw: st.DrawFn) -> list[Series]:
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["a", "b", "c"]), label_sets.map(encode_labels)),
            unique=True,
            max_size=5,
        )
    )
    result = []
    for metric, labels in sorted(keys):
        times = sorted(draw(st.sets(st.integers(0, 2_000_000_000_000), min_size=1, max_size=30)))
        values = draw(
            npst.arrays(np.float64, len(times), elements=st.floats(-1e12, 1e12, width=64))
        )
        result.append(one(metric, labels, times, values))
    return result


@given(tables())
def test_a_table_and_its_series_are_the_same_in_any_row_order(series: list[Series]) -> None:
    frame = samples.from_series(series)
    shuffled = frame.sample(frac=1, random_state=np.random.RandomState(1)) if len(frame) else frame
    back = samples.to_series(shuffled)
    assert [(s.metric, s.labels) for s in back] == [(s.metric, s.labels) for s in series]
    for ours, theirs in zip(back, series, strict=True):
        np.testing.assert_array_equal(ours.timestamps, theirs.timestamps)
        np.testing.assert_array_equal(ours.values, theirs.values)


@given(npst.arrays(np.float64, st.integers(0, 50), elements=st.floats(-1e15, 1e15)))
def test_rounding_keeps_eleven_digits_and_is_idempotent(values: np.ndarray) -> None:
    rounded = validation.round_significant(values)
    for before, after in zip(values, rounded, strict=True):
        assert after == pytest.approx(float(f"{before:.11g}"), rel=1e-15, abs=1e-22)
    np.testing.assert_array_equal(validation.round_significant(rounded), rounded)


@pytest.mark.parametrize("decimals", range(8))
def test_rounded_values_are_the_doubles_nearest_to_short_decimals(decimals: int) -> None:
    exact = np.array([float(f"{n / 7:.{decimals}f}") for n in range(1, 2000, 13)])
    np.testing.assert_array_equal(validation.round_significant(exact), exact)
    np.testing.assert_array_equal(validation.round_significant(exact * (1 + 1e-15)), exact)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (lambda f: f.drop(columns="value"), "has the columns"),
        (lambda f: f.assign(extra=1), "has the columns"),
        (lambda f: f.assign(metric=f["metric"].astype(str)), "category"),
        (lambda f: f.assign(timestamp=f["timestamp"].dt.tz_localize(None)), "timestamp"),
        (lambda f: f.assign(timestamp=f["timestamp"].astype("datetime64[ns, UTC]")), "timestamp"),
        (lambda f: f.assign(value=f["value"].astype("float32")), "float64"),
        (lambda f: f.assign(value=np.nan), "NaN or infinite"),
        (lambda f: f.assign(value=np.inf), "NaN or infinite"),
        (lambda f: pd.concat([f, f], ignore_index=True), "share an instant"),
    ],
)
def test_a_broken_table_is_refused(broken: object, sentence: str) -> None:
    frame = samples.from_series([one()])
    with pytest.raises(InvalidSamplesError, match=sentence):
        validation.validate(samples.to_series(broken(frame)))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("series", "sentence"),
    [
        (one(metric="2fast"), "metric name"),
        (one(labels="no json"), "label set"),
        (one(labels='{"b":"1","a":"2"}'), "label set"),
        (one(labels='["a"]'), "label set"),
        (one(labels='{"a":5}'), "text of 1 to"),
        (one(labels='{"a":""}'), "text of 1 to"),
        (one(labels='{"__name__":"x"}'), "label name"),
        (one(labels='{"a-b":"x"}'), "label name"),
        (one(labels=encode_labels({"a": "x" * 4097})), "text of 1 to"),
        (one(labels=encode_labels({f"l{n}": "x" for n in range(31)})), "at most 30"),
        (one(times=[-1]), "before 1970"),
        (one(times=[10**13]), "after 2286"),
        (one(times=[T0, T0], values=[1, 2]), "share an instant"),
        (one(times=[T0, T0 - 1], values=[1, 2]), "not in order of time"),
        (one(times=[T0, T0 + 1], values=[1]), "a float64 value for each"),
        (one()._replace(values=np.array([1])), "a float64 value for each"),
    ],
)
def test_a_broken_series_is_refused(series: Series, sentence: str) -> None:
    with pytest.raises(InvalidSamplesError, match=sentence):
        validation.validate([series])


def test_a_series_is_given_once() -> None:
    with pytest.raises(InvalidSamplesError, match="given twice"):
        validation.validate([one(), one("other"), one(times=[T0 + 1])])


def test_labels_may_hold_any_text() -> None:
    text = encode_labels({"user": 'quote " newline \n emoji 🏃'})
    assert samples.decode_labels(text) == {"user": 'quote " newline \n emoji 🏃'}
    validation.validate([one(labels=text)])
