"""The table: what is broken, when, and how that has to end."""

from __future__ import annotations

from dataclasses import replace

from syncbit_dagster_tests.faults import machine
from syncbit_dagster_tests.faults.proxy import Canned, Cut, DoneThen, Hung, Late, Reset
from syncbit_dagster_tests.faults.scenario import EVERYTHING, PASSED, Scenario

SLEEP, MINUTES, TOKEN = "/dataTypes/sleep/", ":rollUp", "/token"
IMPORT, EXPORT = "/api/v1/import", "/api/v1/export"
FLUSH, SNAPSHOT = "/internal/force_flush", "/snapshot/create"

TOO_MANY = Canned(429)
TOO_MANY_FOR_A_SECOND = Canned(429, headers=(("Retry-After", "1"),))
TOO_MANY_FOR_AN_HOUR = Canned(429, headers=(("Retry-After", "3600"),))
DOWN = Canned(503)
PAGE = b"<!doctype html><title>Sign in to this network</title>"
HTML = (("Content-Type", "text/html"),)

# The store's barrier comes at most every 10 s; what was written since the last one is materialized,
# and dies with the server.
_NOT_DURABLE = "a materialized asset's samples are lost when the store dies within 10 s"
_RAW_ERROR = "the store's lock says OSError when the disk is full"

_KILLED = Scenario("", act=machine.kill_worker, reply=Reset(), ends="killed")
_NO_STORE = Scenario(
    "", "store", Reset(), act=machine.kill_store, ends="failed", failed=EVERYTHING, says="127.0.0.1"
)
_SLEEP_FAILS = Scenario("", path=SLEEP, times=None, ends="failed", failed="sleep")
_WRITE_FAILS = Scenario("", "store", path=IMPORT, ends="failed", failed="activity_summary")
_SMALL_DISK = Scenario(
    "",
    before=machine.small_disk,
    act=machine.fill_disk,
    cure=machine.empty_disk,
    ends="failed",
    failed=EVERYTHING,
)

SCENARIOS = (
    # The worker dies.
    replace(_KILLED, name="worker killed at its first request"),
    replace(_KILLED, name="worker killed at a refresh of the token", path=TOKEN),
    replace(_KILLED, name="worker killed in the middle of an asset", after=8),
    replace(_KILLED, name="worker killed at the sleeps", path=SLEEP),
    replace(_KILLED, name="worker killed at the minutes", path=MINUTES),
    replace(
        _KILLED, name="worker killed between two batches", path=MINUTES, after=1, is_short=True
    ),
    replace(_KILLED, name="worker killed while it reads", side="store", path=EXPORT),
    replace(_KILLED, name="worker killed before a write", side="store", path=IMPORT),
    replace(
        _KILLED,
        name="worker killed after a write",
        side="store",
        reply=PASSED,
        path=IMPORT,
        after=1,
        is_short=True,
    ),
    replace(
        _KILLED,
        name="worker killed, and its write arrives late",
        side="store",
        reply=Hung(),
        path=IMPORT,
        after=1,
    ),
    replace(_KILLED, name="worker killed at the third write", side="store", path=IMPORT, after=2),
    replace(_KILLED, name="worker killed at a barrier", side="store", path=SNAPSHOT),
    replace(_KILLED, name="worker killed at a flush", side="store", path=FLUSH, after=2),
    # The store dies.
    replace(_NO_STORE, name="store dead from the beginning"),
    replace(
        _NO_STORE, name="store killed at the second write", path=IMPORT, after=1, is_short=True
    ),
    replace(
        _NO_STORE, name="store killed at the third write", path=IMPORT, after=2, known=_NOT_DURABLE
    ),
    replace(_NO_STORE, name="store killed at a flush", path=FLUSH, after=3),
    replace(_NO_STORE, name="store killed at a barrier", path=SNAPSHOT),
    replace(
        _NO_STORE, name="store killed at a write and back", path=IMPORT, act=machine.restart_store
    ),
    replace(
        _NO_STORE,
        name="store killed at the third write and back",
        path=IMPORT,
        after=2,
        act=machine.restart_store,
        known=_NOT_DURABLE,
    ),
    Scenario(
        "store killed at a read and back",
        "store",
        Reset(),
        EXPORT,
        act=machine.restart_store,
    ),
    # The provider dies.
    Scenario(
        "provider killed and back",
        reply=Reset(),
        after=5,
        before=machine.run_program,
        act=machine.restart_program,
    ),
    Scenario(
        "provider killed",
        reply=Reset(),
        path=MINUTES,
        before=machine.run_program,
        act=machine.kill_program,
        ends="failed",
        failed=EVERYTHING,
        says="127.0.0.1",
    ),
    # The provider has enough of us.
    Scenario("429 three times", reply=TOO_MANY, after=3, times=3),
    Scenario("429 twice with Retry-After", reply=TOO_MANY_FOR_A_SECOND, after=3, times=2),
    replace(
        _SLEEP_FAILS, name="429 for ever", reply=TOO_MANY, says="still answers 429 after 6 tries"
    ),
    Scenario(
        "429 with Retry-After of an hour",
        reply=TOO_MANY_FOR_AN_HOUR,
        after=10,
        ends="failed",
        failed=EVERYTHING,
        says="is used up; it may go on at",
        clock_shift=3660,
    ),
    # The provider is in trouble.
    Scenario("503 three times", reply=DOWN, after=3, times=3),
    replace(
        _SLEEP_FAILS, name="503 for ever", reply=DOWN, says="answered 503 6 times", is_short=True
    ),
    Scenario(
        "500 for ever to everything",
        reply=Canned(500),
        path="/v4/",
        after=12,
        times=None,
        ends="failed",
        failed=EVERYTHING,
        says="answered 500 6 times",
    ),
    Scenario("504 for a page", reply=Canned(504), path=SLEEP),
    replace(_SLEEP_FAILS, name="504 for ever", reply=Canned(504), says="504 even for small pages"),
    # The network is in trouble.
    Scenario("connection reset twice", reply=Reset(), after=6, times=2),
    replace(_SLEEP_FAILS, name="connection reset for ever", reply=Reset(), says="after 6 tries"),
    Scenario("connection reset in the middle of a body", reply=Cut(), after=6, is_short=True),
    replace(_SLEEP_FAILS, name="reset mid-body for ever", reply=Cut(), says="after 6 tries"),
    Scenario("provider silent for longer than the timeout", reply=Hung(), after=6),
    # Somebody else answers.
    replace(
        _SLEEP_FAILS,
        name="HTML instead of JSON",
        reply=Canned(200, PAGE, HTML),
        says="with no JSON",
        is_short=True,
    ),
    Scenario("HTML with 502, twice", reply=Canned(502, PAGE, HTML), after=6, times=2),
    replace(_SLEEP_FAILS, name="an empty answer", reply=Canned(200), says="with no JSON"),
    replace(
        _SLEEP_FAILS,
        name="half a JSON text",
        reply=Canned(200, b'{"dataPoints": [{"sleep": {"inte'),
        says="with no JSON",
    ),
    replace(
        _SLEEP_FAILS, name="JSON of another kind", reply=Canned(200, b"[1, 2]"), says="no JSON obj"
    ),
    replace(_SLEEP_FAILS, name="a redirect", reply=Canned(302, b"", (("Location", "/"),))),
    # Whoever says no, it is no: the asset is skipped with a warning.
    replace(_SLEEP_FAILS, name="403 from a proxy", reply=Canned(403, PAGE, HTML), ends="done"),
    # The authorization ends.
    Scenario("access tokens end in the middle", act=machine.expire_tokens, path=MINUTES),
    Scenario(
        "authorization revoked in the middle",
        act=machine.revoke,
        path=MINUTES,
        ends="failed",
        failed=EVERYTHING,
        says="run `syncbit authorize` again",
        cure=machine.authorize,
        is_short=True,
    ),
    Scenario("token endpoint answers 503 twice", reply=DOWN, path=TOKEN, times=2),
    Scenario(
        "token endpoint answers HTML for ever",
        reply=Canned(200, PAGE, HTML),
        path=TOKEN,
        times=None,
        ends="failed",
        failed=EVERYTHING,
        says="did not answer as it should",
    ),
    Scenario(
        "a scope is missing",
        before=machine.untick,
        failed="activity_summary,active_zone_minutes,cardio_fitness,heart_rate,intraday_steps",
        cure=machine.tick_again,
    ),
    # This machine is in trouble.
    replace(_SMALL_DISK, name="state's disk full from the beginning", path=TOKEN),
    replace(
        _SMALL_DISK, name="state's disk full in the middle", after=9, says="reached and written"
    ),
    replace(
        _SMALL_DISK,
        name="state's disk full before a write",
        side="store",
        path=EXPORT,
        after=1,
        known="the store's lock says OSError when the disk is full",
    ),
    replace(
        _SMALL_DISK,
        name="state's disk read-only",
        before=machine.read_only_disk,
        times=0,
        cure=machine.writable_disk,
    ),
    # Clocks.
    Scenario("provider's clock an hour back", act=machine.an_hour_back, after=9),
    Scenario("provider's clock two hours on", act=machine.two_hours_on, after=9),
    replace(_KILLED, name="own clock an hour back after a kill", path=MINUTES, clock_shift=-3600),
    # The store refuses, lies, or is slow.
    replace(_WRITE_FAILS, name="401 to a write", reply=Canned(401), is_short=True),
    replace(
        _WRITE_FAILS, name="401 to every write", reply=Canned(401), times=None, failed=EVERYTHING
    ),
    replace(_WRITE_FAILS, name="503 to a write", reply=DOWN),
    replace(_WRITE_FAILS, name="503 to every write", reply=DOWN, times=None, failed=EVERYTHING),
    Scenario("503 twice to a read", "store", DOWN, EXPORT, times=2),
    replace(
        _WRITE_FAILS,
        name="204 to a write that is not done",
        reply=Canned(204),
        says="cannot be",
    ),
    replace(_WRITE_FAILS, name="500 to a write that is done", reply=DoneThen(Canned(500))),
    replace(_WRITE_FAILS, name="no answer to a write that is done", reply=DoneThen(Canned(504))),
    Scenario(
        "an answer of the store cut in half",
        "store",
        Cut(),
        EXPORT,
        ends="failed",
        failed="activity_summary",
        says="broke off",
    ),
    Scenario("every answer of the store late", "store", Late(0.2), times=None),
)
