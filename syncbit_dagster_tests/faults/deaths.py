"""Rows in which somebody is killed: the worker, the store, the provider."""

from __future__ import annotations

from dataclasses import replace

from syncbit_dagster_tests.breaking_proxy import Hung, Reset
from syncbit_dagster_tests.faults import machine
from syncbit_dagster_tests.faults.scenario import EVERYTHING, PASSED, Scenario

SLEEP, MINUTES, TOKEN = "/dataTypes/sleep/", ":rollUp", "/token"
IMPORT, EXPORT = "/api/v1/import", "/api/v1/export"
FLUSH, SNAPSHOT = "/internal/force_flush", "/snapshot/create"

_KILLED = Scenario("", act=machine.kill_worker, reply=Reset(), ends="killed")
_SOMEWHERE = replace(_KILLED, path="", after=None)
_NO_STORE = Scenario(
    "", "store", Reset(), act=machine.kill_store, ends="failed", failed=EVERYTHING, says="127.0.0.1"
)
# A run takes intraday_steps first, in some writes; then sleep, heart_rate, activity_summary.
_BLINK = replace(_NO_STORE, act=machine.restart_store)
_PROGRAM = Scenario("", reply=Reset(), before=machine.run_program)

WORKER = (
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
    replace(_SOMEWHERE, name="worker killed at some request (1)"),
    replace(_SOMEWHERE, name="worker killed at some request (2)"),
    replace(_SOMEWHERE, name="worker killed at some request of the store (1)", side="store"),
    replace(_SOMEWHERE, name="worker killed at some request of the store (2)", side="store"),
    *(
        replace(
            _SOMEWHERE,
            name=f"worker killed at some moment ({number})",
            reply=PASSED,
            act=machine.kill_worker_soon,
        )
        for number in (1, 2, 3)
    ),
)

STORE = (
    replace(_NO_STORE, name="store dead from the beginning"),
    replace(
        _NO_STORE,
        name="store killed at the second write",
        path=IMPORT,
        after=1,
    ),
    replace(
        _NO_STORE,
        name="store killed at the third write",
        path=IMPORT,
        after=2,
        failed="activity_summary|heart_rate|intraday_steps|sleep",  # minutes of 60 days: 3 writes
        is_short=True,
    ),
    replace(_NO_STORE, name="store killed at a flush", path=FLUSH, after=3),
    replace(_NO_STORE, name="store killed at a barrier", path=SNAPSHOT),
    replace(_BLINK, name="store killed at a write and back", path=IMPORT, failed="intraday_steps"),
    replace(
        _BLINK,
        name="store killed at the third write and back",
        path=IMPORT,
        after=2,
        failed="intraday_steps|sleep",
    ),
    replace(_BLINK, name="store killed at a read and back", path=EXPORT, ends="done", failed=""),
    # What was accepted is gone when the barrier comes, and is sent again.
    replace(
        _BLINK,
        name="store killed at a barrier and back",
        path=SNAPSHOT,
        after=1,
        ends="done",
        failed="",
        is_short=True,
    ),
    *(
        replace(
            _BLINK,
            name=f"store killed somewhere and back ({number})",
            after=None,
            ends="anyhow",
            # What it had accepted and not put on disk is gone.
            says="127.0.0.1|were accepted but cannot be read back",
        )
        for number in (1, 2, 3)
    ),
    replace(_NO_STORE, name="store killed somewhere", after=None, ends="anyhow"),
)

PROVIDER = (
    replace(_PROGRAM, name="provider killed and back", after=5, act=machine.restart_program),
    replace(
        _PROGRAM,
        name="provider killed",
        act=machine.kill_program,
        ends="failed",
        says="127.0.0.1",
        path="/v4/",
        after=12,
        failed="activity_summary|heart_rate",
    ),
    replace(
        _PROGRAM,
        name="provider killed somewhere and back",
        after=None,
        act=machine.restart_program,
    ),
    replace(
        _PROGRAM,
        name="provider killed somewhere",
        after=None,
        act=machine.kill_program,
        ends="anyhow",
        says="127.0.0.1",
    ),
)
