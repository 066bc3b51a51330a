"""The account's own figures as series that a store takes."""

from __future__ import annotations

from datetime import UTC, datetime

from syncbit_dagster.account import Token
from syncbit_dagster.account.figures import QuotaFigures, account_series
from syncbit_dagster.samples import decode_labels, from_series, validate

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
LABELS = {"user": "a", "device": "fitbit"}
QUOTA = QuotaFigures(used=20, remaining=130, waits=4)


def values(quota: QuotaFigures | None, token: Token | None) -> dict[str, float]:
    series = account_series(LABELS, NOW, quota, token)
    assert validate(from_series(series)) == sorted(series, key=lambda one: one.metric)
    assert all(decode_labels(one.labels) == LABELS for one in series)
    assert {one.timestamps.item() for one in series} <= {1_795_348_800_250}
    return {one.metric: one.values.item() for one in series}


def test_every_figure_has_a_sample_now() -> None:
    token = Token(
        access_token="hidden",
        refresh_token="hidden",
        expires_at=0,
        obtained_at=NOW.timestamp() - 90,
        refresh_ends_at=NOW.timestamp() + 2 * 86_400,
        refreshes=7,
    )
    assert values(QUOTA, token) == {
        "syncbit_quota_used": 20,
        "syncbit_quota_remaining": 130,
        "syncbit_quota_waits_total": 4,
        "syncbit_token_refreshes_total": 7,
        "syncbit_token_age_seconds": 90,
        "syncbit_token_testing_days_left": 2,
    }


def test_what_is_unknown_has_no_sample() -> None:
    published = Token(access_token="a", refresh_token="b", expires_at=0)
    assert values(None, published) == {"syncbit_token_refreshes_total": 0}
    assert set(values(QUOTA, None)) == {
        "syncbit_quota_used",
        "syncbit_quota_remaining",
        "syncbit_quota_waits_total",
    }
    assert account_series(LABELS, NOW, None, None) == []
