"""The table: what is broken, when, and how that has to end."""

from __future__ import annotations

from dataclasses import replace

from syncbit_dagster_tests.breaking_proxy import Canned, Cut, DoneThen, Late, Twice
from syncbit_dagster_tests.faults import deaths, troubles
from syncbit_dagster_tests.faults.deaths import EXPORT, IMPORT
from syncbit_dagster_tests.faults.scenario import EVERYTHING, Scenario

_WRITE_FAILS = Scenario("", "store", path=IMPORT, ends="failed", failed="intraday_steps")

STORE_LIES = (
    replace(
        _WRITE_FAILS,
        name="401 to a write",
        reply=Canned(401),
        says="refuses these credentials",
        is_short=True,
    ),
    replace(
        _WRITE_FAILS,
        name="401 to every write",
        reply=Canned(401),
        times=None,
        failed=EVERYTHING,
        says="refuses these credentials",
    ),
    replace(_WRITE_FAILS, name="503 to a write", reply=troubles.DOWN, says="HTTP 503"),
    replace(
        _WRITE_FAILS,
        name="503 to every write",
        reply=troubles.DOWN,
        times=None,
        failed=EVERYTHING,
        says="HTTP 503",
    ),
    Scenario("503 twice to a read", "store", troubles.DOWN, EXPORT, times=2),
    replace(
        _WRITE_FAILS, name="204 to a write that is not done", reply=Canned(204), says="cannot be"
    ),
    replace(
        _WRITE_FAILS,
        name="500 to a write that is done",
        reply=DoneThen(Canned(500)),
        says="HTTP 500",
    ),
    replace(
        _WRITE_FAILS,
        name="no answer to a write that is done",
        reply=DoneThen(Canned(504)),
        says="HTTP 504",
    ),
    Scenario("a write is done twice", "store", Twice(), IMPORT),
    Scenario("what was written is not shown, twice", "store", Canned(200), EXPORT, 1, 2),
    Scenario(
        "an answer of the store cut in half",
        "store",
        Cut(),
        EXPORT,
        ends="failed",
        failed="intraday_steps",
        says="broke off",
    ),
    Scenario("every answer of the store late", "store", Late(0.2), times=None),
)

KINDS = {
    "run worker killed": deaths.WORKER,
    "store killed": deaths.STORE,
    "provider killed": deaths.PROVIDER,
    "429": troubles.TOO_MANY_REQUESTS,
    "5xx": troubles.SERVER_ERRORS,
    "network": troubles.NETWORK,
    "no JSON, or somebody else's": troubles.STRANGERS,
    "authorization": troubles.AUTHORIZATION,
    "state's disk": troubles.DISK,
    "clocks": troubles.CLOCKS,
    "store refuses, lies, is slow": STORE_LIES,
}
