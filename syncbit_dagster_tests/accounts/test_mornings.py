"""The benchmark of many mornings: whose provider answers, and what its table says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import requests

from benchmarks.accounts.mornings_table import rows
from benchmarks.accounts.people import consent, counts, emulated, people
from benchmarks.scale.world import SHARES
from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET


def test_people_live_everywhere_and_come_in_the_order_of_their_mornings() -> None:
    everybody = people(200)
    assert Counter(one.zone.key for one in everybody) == {
        zone: 2 * share for zone, share in SHARES.items()
    }
    assert len({one.name for one in everybody}) == 200
    ticks = [one.tick for one in everybody]
    assert ticks == sorted(ticks)
    assert ticks[-1] - ticks[0] < timedelta(days=1)
    assert people(1)[0].tick == datetime(2025, 10, 31, 9, tzinfo=UTC)  # five in New York


def _renewed(url: str, refresh_token: str) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "client_id": DEMO_CLIENT_ID,
        "client_secret": DEMO_CLIENT_SECRET,
        "refresh_token": refresh_token,
    }
    return requests.post(f"{url}/token", form, timeout=30)


def test_everybody_has_tokens_and_devices_of_their_own() -> None:
    one, other = people(2)
    with emulated([one, other]) as (url, _):
        mine, theirs = f"{url}/{one.name}", f"{url}/{other.name}"
        refresh_token = consent(mine).refresh_token
        assert _renewed(theirs, refresh_token).json()["error"] == "invalid_grant"
        access = {"Authorization": f"Bearer {_renewed(mine, refresh_token).json()['access_token']}"}
        profile = "/v4/users/me/profile"
        assert requests.get(mine + profile, headers=access, timeout=30).ok
        assert requests.get(theirs + profile, headers=access, timeout=30).status_code == 401
        assert counts(url) == {one.name: 4, other.name: 2}


def test_the_table_adds_up_all_starts_of_a_number_of_mornings() -> None:
    run = {"cpu": 2.0, "wall": 4.0, "success": True, "samples": 200, "peak_mb": 180.0}
    servers = {"emulator_mb": 90.0, "store_mb": 70.0, "database_cpu": 0.0}
    end = {"kind": "end", "store_disk_mb": 1.0, "records_disk_mb": 6.0}
    found = dict(
        rows(
            [
                {"at": 100.0, "start_cpu": 3.0, "load_cpu": 0.4, "accounts": 2},
                {"at": 104.0, "name": "a", **run},
                {"at": 104.0, "kind": "servers", "emulator_cpu": 0.2, "store_cpu": 0.5, **servers},
                {
                    "at": 105.0,
                    **end,
                    "stored": {"a": 200},
                    "partitions": {"a": 70},
                    "requests": {"a": 24},
                },
                {"at": 900.0, "start_cpu": 3.0, "load_cpu": 0.4, "accounts": 2},
                {"at": 906.0, "name": "b", **run, "cpu": 3.0, "success": False, "samples": 10},
                {"at": 907.0, "kind": "servers", "emulator_cpu": 0.2, "store_cpu": 0.7, **servers},
                {"at": 908.0, "kind": "broken", "accounts": "c", "code": 1},
                {
                    "at": 909.0,
                    **end,
                    "stored": {"a": 200, "b": 11},
                    "partitions": {"a": 70, "b": 0},
                    "requests": {"a": 0, "b": 12},
                },
            ]
        )
    )
    assert found["accounts that had their morning"] == "2"
    assert found["  of these failed"] == "1"
    assert found["locations that ended too early"] == "1"
    assert found["accounts whose samples in the store are as many as their run told"] == "1"
    assert found["requests of an account, mean"] == "18.0"
    assert found["partitions on Dagster's record"] == "70"
    assert found["CPU: tick and run, mean"] == "2.50"
    assert found["  mean of the last tenth"] == "3.00"
    assert found["CPU: store"] == "0.60"
    assert float(found["CPU: all of it"]) == pytest.approx(2.5 + 0.4 + 3.0 + 0.2 + 0.6)
    assert found["wall s of all, an account"] == f"{(5 + 9) / 2:.2f}"
