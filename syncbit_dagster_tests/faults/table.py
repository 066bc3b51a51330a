"""The table: what is broken, when, and how that has to end."""

from __future__ import annotations

from functools import partial

from syncbit_dagster_tests.breaking_proxy import (
    Canned,
    Cut,
    DoneThen,
    Hung,
    Late,
    Reset,
    Twice,
)
from syncbit_dagster_tests.faults.scenario import ANYTHING, EVERYTHING, PASSED, Scenario
from syncbit_dagster_tests.faults.stage import Stage

SLEEP, MINUTES, TOKEN, DATA = "/dataTypes/sleep/", ":rollUp", "/token", "/v4/"
IMPORT, EXPORT = "/api/v1/import", "/api/v1/export"
FLUSH, SNAPSHOT = "/internal/force_flush", "/snapshot/create"
FIRST = "activity_summary"  # a run takes its assets by name

TOO_MANY, DOWN = Canned(429), Canned(503)
A_SECOND, AN_HOUR = (Canned(429, headers=(("Retry-After", n),)) for n in ("1", "3600"))
HTML = (b"<!doctype html><title>Sign in to this network</title>", (("Content-Type", "text/html"),))
AN_HOUR_LATER = 3660.0
REFUSED = "refuses these credentials"

_killed = partial(Scenario, reply=Reset(), act=Stage.kill_worker, ends="killed")
_killed_at_store = partial(_killed, side="store")
_killed_after_a_write = partial(_killed_at_store, path=IMPORT, after=1)
_killed_soon = partial(_killed, reply=PASSED, act=Stage.kill_worker_soon)
_dead = partial(Scenario, reply=Reset(), side="store", act=Stage.kill_store, ends="failed")
_dead = partial(_dead, failed=EVERYTHING, says="127.0.0.1")
_blink = partial(_dead, act=Stage.restart_store)
_blink_done = partial(_blink, ends="done", failed="")
# What it had accepted and not put on disk is gone.
_blink_somewhere = partial(_blink, after=None, ends="anyhow")
_blink_somewhere = partial(_blink_somewhere, says="127.0.0.1|were accepted but cannot be read back")
_program = partial(Scenario, reply=Reset(), before=Stage.run_program)
_gone = partial(_program, act=Stage.kill_program, failed=ANYTHING, says="127.0.0.1")
_sleep_fails = partial(Scenario, path=SLEEP, times=None, ends="failed", failed="sleep")
_all_fail = partial(Scenario, times=None, ends="failed", failed=EVERYTHING)
_some_fail = partial(Scenario, path=DATA, after=12, ends="failed", failed=ANYTHING)
_an_hour = partial(_some_fail, times=None, cure=Stage.let_an_hour_pass, clock_shift=AN_HOUR_LATER)
_write_fails = partial(Scenario, side="store", path=IMPORT, ends="failed", failed=FIRST)
_no_write = partial(_write_fails, times=None, failed=EVERYTHING)
_at_store = partial(Scenario, side="store")
_full = partial(_all_fail, times=1, before=Stage.small_disk, act=Stage.fill_disk, says="cannot be")
_full = partial(_full, cure=Stage.empty_disk)
_full_at_store = partial(_full, side="store", ends="anyhow")
_read_only = partial(_all_fail, times=0, before=Stage.read_only_disk)
_own_clock = partial(Scenario, act=Stage.set_own_clock_back)

KINDS: dict[str, tuple[Scenario, ...]] = {
    "run worker killed": (
        _killed("worker killed at its first request"),
        _killed("worker killed at a refresh of the token", path=TOKEN),
        _killed("worker killed between two batches", path=MINUTES, after=1, is_short=True),
        _killed_at_store("worker killed while it reads", path=EXPORT),
        _killed_at_store("worker killed before a write", path=IMPORT),
        _killed_after_a_write("worker killed after a write", reply=PASSED, is_short=True),
        _killed_after_a_write("worker killed, and its write arrives late", reply=Hung()),
        _killed_at_store("worker killed at a barrier", path=SNAPSHOT),
        _killed_at_store("worker killed at a flush", path=FLUSH, after=2),
        *(_killed(f"worker killed at some request ({n})", after=None) for n in (1, 2, 3)),
        *(_killed_at_store(f"at some request of the store ({n})", after=None) for n in (1, 2, 3)),
        *(_killed_soon(f"worker killed at some moment ({n})", after=None) for n in (1, 2, 3)),
    ),
    "store killed": (
        _dead("store dead from the beginning"),
        _dead("killed at the third write", path=IMPORT, after=2, failed=ANYTHING, is_short=True),
        _dead("store killed at a flush", path=FLUSH, after=3, failed=ANYTHING),
        _dead("store killed at a barrier", path=SNAPSHOT),
        _dead("store killed somewhere", after=None, ends="anyhow"),
        _blink("store killed at a write and back", path=IMPORT, failed=FIRST),
        _blink("store killed at the third write and back", path=IMPORT, after=2, failed=ANYTHING),
        _blink_done("store killed at a read and back", path=EXPORT),
        # What was accepted is gone when the barrier comes, and is sent again.
        _blink_done("store killed at a barrier and back", path=SNAPSHOT, after=1, is_short=True),
        *(_blink_somewhere(f"store killed somewhere and back ({n})") for n in (1, 2, 3)),
    ),
    "provider killed": (
        _program("provider killed and back", after=5, act=Stage.restart_program),
        _program("provider killed somewhere and back", after=None, act=Stage.restart_program),
        _gone("provider killed", path=DATA, after=12, ends="failed"),
        _gone("provider killed somewhere", after=None, ends="anyhow"),
    ),
    "429": (
        Scenario("429 three times", TOO_MANY, after=3, times=3),
        Scenario("429 twice with Retry-After", A_SECOND, after=3, times=2),
        Scenario("429 to every second request", TOO_MANY, times=None, every=2),
        Scenario("429 with Retry-After, now and then", A_SECOND, times=None, every=7),
        _sleep_fails("429 for ever", TOO_MANY, says="still answers 429 after 6 tries"),
        _all_fail("429 for ever to everything", TOO_MANY, DATA, says="still answers 429 after 6"),
        _an_hour("429 with Retry-After of an hour", AN_HOUR, times=1, says="it may go on at"),
    ),
    "5xx": (
        Scenario("503 three times", DOWN, after=3, times=3),
        Scenario("502 to every third request", Canned(502), times=None, every=3),
        Scenario("504 for a page", Canned(504), SLEEP),
        _sleep_fails("503 for ever", DOWN, says="answered 503", is_short=True),
        _sleep_fails("504 for ever", Canned(504), says="504 even for small pages"),
        _an_hour("503 to everything for an hour", DOWN, says="answered 503"),
        _all_fail("500 to everything, tokens too", Canned(500), says="answered 500"),
    ),
    "network": (
        Scenario("connection reset twice", Reset(), after=6, times=2),
        Scenario("connection reset in the middle of a body", Cut(), after=6, is_short=True),
        Scenario("every second body breaks off", Cut(), DATA, times=None, every=2),
        Scenario("provider silent for longer than the timeout", Hung(), after=6),
        _sleep_fails("connection reset for ever", Reset(), says="after 6 tries"),
        _sleep_fails("reset mid-body for ever", Cut(), says="after 6 tries"),
    ),
    "no JSON, or somebody else's": (
        Scenario("HTML with 502, twice", Canned(502, *HTML), after=6, times=2),
        _sleep_fails("HTML instead of JSON", Canned(200, *HTML), says="no JSON", is_short=True),
        _sleep_fails("an empty answer", Canned(200), says="no JSON"),
        _sleep_fails("half a JSON text", Canned(200, b'{"dataPoints": [{"sle'), says="no JSON"),
        _sleep_fails("JSON of another kind", Canned(200, b"[1, 2]"), says="no JSON obj"),
        _sleep_fails("a redirect", Canned(302, b"", (("Location", "/"),)), says="302"),
        # Whoever says no, it is no: the asset is skipped with a warning.
        _sleep_fails("403 from a proxy", Canned(403, *HTML), ends="done"),
    ),
    "authorization": (
        Scenario("access tokens end in the middle", act=Stage.expire_tokens, path=MINUTES),
        _some_fail(
            "authorization revoked in the middle",
            act=Stage.revoke,
            says="run `syncbit authorize` again",
            cure=Stage.authorize,
            is_short=True,
        ),
        Scenario("token endpoint answers 503 twice", DOWN, TOKEN, times=2),
        _all_fail("token endpoint answers HTML", Canned(200, *HTML), TOKEN, says="as it should"),
        Scenario(
            "a scope is missing",
            before=Stage.untick,
            failed="activity_summary,heart_rate,intraday_steps",
            cure=Stage.tick_again,
        ),
        _some_fail(
            "a scope is taken away in the middle",
            act=Stage.untick_now,
            ends="done",
            cure=Stage.tick_again,
        ),
    ),
    "state's disk": (
        _full("state's disk full from the beginning", path=TOKEN),
        _full("state's disk full in the middle", after=9, says="reached and written|cannot be"),
        # Of few days all may have been fetched by then, and nothing more is to be counted.
        _full_at_store("state's disk full before a write", path=EXPORT, after=1, is_short=True),
        _read_only("state's disk read-only", cure=Stage.make_disk_writable, says="cannot be"),
        _some_fail(
            "Dagster's disk full in the middle",
            before=Stage.small_records,
            act=Stage.fill_records,
            cure=Stage.empty_records,
            says="database or disk is full|disk I/O error",
            is_unrecorded=True,
        ),
    ),
    "clocks": (
        Scenario(
            "provider's clock an hour back", act=partial(Stage.shift_clock, hours=-1), after=9
        ),
        Scenario("provider's clock two hours on", act=partial(Stage.shift_clock, hours=2), after=9),
        _own_clock("own clock an hour back in the middle", path=MINUTES),
        _own_clock("own clock an hour back in the first asset", after=4),
        _own_clock("own clock an hour back at a write", side="store", path=IMPORT),
        _killed("own clock an hour back after a kill", path=MINUTES, clock_shift=-3600.0),
    ),
    "store refuses, lies, is slow": (
        _write_fails("401 to a write", Canned(401), says=REFUSED, is_short=True),
        _no_write("401 to every write", Canned(401), says=REFUSED),
        _write_fails("503 to a write", DOWN, says="HTTP 503"),
        _no_write("503 to every write", DOWN, says="HTTP 503"),
        _write_fails("204 to a write that is not done", Canned(204), says="cannot be"),
        _write_fails("500 to a write that is done", DoneThen(Canned(500)), says="HTTP 500"),
        _write_fails("no answer to a write that is done", DoneThen(Canned(504)), says="HTTP 504"),
        _write_fails(
            "an answer of the store cut in half", Cut(), path=EXPORT, after=2, says="broke off"
        ),
        _at_store("503 twice to a read", DOWN, EXPORT, times=2),
        _at_store("a write is done twice", Twice(), IMPORT),
        _at_store("what was written is not shown, twice", Canned(200), EXPORT, 2, 2),
        _at_store("every answer of the store late", Late(0.2), times=None),
    ),
}
