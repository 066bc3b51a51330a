"""Rows in which nobody is killed, but the provider, the network or this machine is in trouble."""

from __future__ import annotations

from dataclasses import replace

from syncbit_dagster_tests.breaking_proxy import Canned, Cut, Hung, Reset
from syncbit_dagster_tests.faults import machine
from syncbit_dagster_tests.faults.deaths import EXPORT, MINUTES, SLEEP, TOKEN
from syncbit_dagster_tests.faults.scenario import EVERYTHING, Scenario

TOO_MANY = Canned(429)
TOO_MANY_FOR_A_SECOND = Canned(429, headers=(("Retry-After", "1"),))
TOO_MANY_FOR_AN_HOUR = Canned(429, headers=(("Retry-After", "3600"),))
DOWN = Canned(503)
PAGE = b"<!doctype html><title>Sign in to this network</title>"
HTML = (("Content-Type", "text/html"),)
AN_HOUR_LATER = 3660.0

_SLEEP_FAILS = Scenario("", path=SLEEP, times=None, ends="failed", failed="sleep")
_ALL_FAIL = Scenario("", times=None, ends="failed", failed=EVERYTHING)
_SMALL_DISK = replace(
    _ALL_FAIL, times=1, before=machine.small_disk, act=machine.fill_disk, cure=machine.empty_disk
)
_OWN_CLOCK = Scenario("", act=machine.own_clock_back, path=MINUTES)

TOO_MANY_REQUESTS = (
    Scenario("429 three times", reply=TOO_MANY, after=3, times=3),
    Scenario("429 twice with Retry-After", reply=TOO_MANY_FOR_A_SECOND, after=3, times=2),
    Scenario("429 to every second request", reply=TOO_MANY, times=None, every=2),
    Scenario(
        "429 with Retry-After, now and then", reply=TOO_MANY_FOR_A_SECOND, times=None, every=7
    ),
    replace(
        _SLEEP_FAILS, name="429 for ever", reply=TOO_MANY, says="still answers 429 after 6 tries"
    ),
    replace(
        _ALL_FAIL,
        name="429 for ever to everything",
        reply=TOO_MANY,
        path="/v4/",
        says="still answers 429 after 6 tries",
    ),
    replace(
        _ALL_FAIL,
        name="429 with Retry-After of an hour",
        reply=TOO_MANY_FOR_AN_HOUR,
        after=10,
        times=1,
        failed="activity_summary,heart_rate,sleep",
        says="is used up; it may go on at",
        clock_shift=AN_HOUR_LATER,
    ),
)

SERVER_ERRORS = (
    Scenario("503 three times", reply=DOWN, after=3, times=3),
    replace(
        _SLEEP_FAILS, name="503 for ever", reply=DOWN, says="answered 503 6 times", is_short=True
    ),
    replace(
        _ALL_FAIL,
        name="503 to everything for an hour",
        reply=DOWN,
        path="/v4/",
        after=12,
        failed="activity_summary,heart_rate",
        says="answered 503",
        cure=machine.an_hour_later,
        clock_shift=AN_HOUR_LATER,
    ),
    replace(
        _ALL_FAIL,
        name="500 to everything for an hour, tokens too",
        reply=Canned(500),
        says="answered 500",
        cure=machine.an_hour_later,
        clock_shift=AN_HOUR_LATER,
    ),
    Scenario("502 to every third request", reply=Canned(502), times=None, every=3),
    Scenario("504 for a page", reply=Canned(504), path=SLEEP),
    replace(_SLEEP_FAILS, name="504 for ever", reply=Canned(504), says="504 even for small pages"),
)

NETWORK = (
    Scenario("connection reset twice", reply=Reset(), after=6, times=2),
    replace(_SLEEP_FAILS, name="connection reset for ever", reply=Reset(), says="after 6 tries"),
    Scenario("connection reset in the middle of a body", reply=Cut(), after=6, is_short=True),
    Scenario("every second body breaks off", reply=Cut(), path="/v4/", times=None, every=2),
    replace(_SLEEP_FAILS, name="reset mid-body for ever", reply=Cut(), says="after 6 tries"),
    Scenario("provider silent for longer than the timeout", reply=Hung(), after=6),
)

# Somebody else answers.
STRANGERS = (
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
    replace(
        _SLEEP_FAILS, name="a redirect", reply=Canned(302, b"", (("Location", "/"),)), says="302"
    ),
    # Whoever says no, it is no: the asset is skipped with a warning.
    replace(_SLEEP_FAILS, name="403 from a proxy", reply=Canned(403, PAGE, HTML), ends="done"),
)

AUTHORIZATION = (
    Scenario("access tokens end in the middle", act=machine.expire_tokens, path=MINUTES),
    Scenario(
        "authorization revoked in the middle",
        act=machine.revoke,
        path="/v4/",
        after=12,
        ends="failed",
        failed="activity_summary|heart_rate",
        says="run `syncbit authorize` again",
        cure=machine.authorize,
        is_short=True,
    ),
    Scenario("token endpoint answers 503 twice", reply=DOWN, path=TOKEN, times=2),
    replace(
        _ALL_FAIL,
        name="token endpoint answers HTML for ever",
        reply=Canned(200, PAGE, HTML),
        path=TOKEN,
        says="did not answer as it should",
    ),
    Scenario(
        "a scope is missing",
        before=machine.untick,
        failed="activity_summary,heart_rate,intraday_steps",
        cure=machine.tick_again,
    ),
    Scenario(
        "a scope is taken away in the middle",
        path="/v4/",
        after=12,
        act=machine.untick_now,
        failed="activity_summary|heart_rate",
        cure=machine.tick_again,
    ),
)

DISK = (
    replace(_SMALL_DISK, name="state's disk full from the beginning", path=TOKEN, says="cannot be"),
    replace(
        _SMALL_DISK,
        name="state's disk full in the middle",
        after=9,
        says="reached and written|cannot be",
    ),
    replace(
        _SMALL_DISK,
        name="state's disk full before a write",
        side="store",
        path=EXPORT,
        after=1,
        # Of few days all may have been fetched by then, and nothing more is to be counted.
        ends="anyhow",
        failed="",
        says="cannot be",
        is_short=True,
    ),
    replace(
        _SMALL_DISK,
        name="state's disk read-only",
        before=machine.read_only_disk,
        times=0,
        cure=machine.writable_disk,
        says="cannot be",
    ),
    Scenario(
        "Dagster's disk full in the middle",
        before=machine.small_records,
        path="/v4/",
        after=12,
        act=machine.fill_records,
        cure=machine.empty_records,
        ends="failed",
        failed="activity_summary|heart_rate|intraday_steps|sleep",
        says="database or disk is full|disk I/O error",
        is_unrecorded=True,
    ),
)

CLOCKS = (
    Scenario("provider's clock an hour back", act=machine.an_hour_back, after=9),
    Scenario("provider's clock two hours on", act=machine.two_hours_on, after=9),
    replace(_OWN_CLOCK, name="own clock an hour back in the middle"),
    replace(_OWN_CLOCK, name="own clock an hour back in the first asset", path="", after=4),
    replace(_OWN_CLOCK, name="own clock an hour back at a write", side="store", path="/import"),
    Scenario(
        "own clock an hour back after a kill",
        reply=Reset(),
        path=MINUTES,
        act=machine.kill_worker,
        ends="killed",
        clock_shift=-3600.0,
    ),
)
