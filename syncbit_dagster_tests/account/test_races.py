"""Processes that refresh the same token at the same time, and processes that die while they do.

SYNCBIT_SOAK=1 makes it a long run: 1,000 rounds and 100 kills for each place.
"""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.sources.errors import NotAuthorizedError
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster_tests.account.workers import get_each_round, refresh_for_ever
from syncbit_dagster_tests.processes import Processes, new_barrier
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from syncbit_dagster.account.account import Account
    from syncbit_dagster.account.tokens import Token
    from syncbit_dagster_tests.account.token_server import TokenServer

SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
ROUNDS = 1000 if SOAK else 20
KILLS = 100 if SOAK else 10
PROCESSES = 8


def stored(account: Account) -> Token:
    token = account.tokens.load()
    assert token is not None
    return token


def test_one_of_eight_refreshes_and_the_others_use_its_token(
    account: Account, server: TokenServer
) -> None:
    processes, barrier = Processes(), new_barrier(PROCESSES + 1)
    for _ in range(PROCESSES):
        processes.start(get_each_round, account, barrier, ROUNDS)
    for turn in range(ROUNDS):
        barrier.wait()
        account.tokens.save(replace(stored(account), expires_at=0))
        barrier.wait()
        barrier.wait()
        assert server.refreshes == turn + 1
    assert server.refused == 0
    for turn, tokens in enumerate(zip(*processes.results(), strict=True), start=1):
        assert len(set(tokens)) == 1
        assert tokens[0].startswith(f"access-{turn}-")
    assert stored(account).refresh_token == server.issued[-1]
    assert stored(account).refreshes == ROUNDS


def until_it_refreshes(server: TokenServer) -> None:
    before = server.refreshes
    wait_for(lambda: server.refreshes != before or None, HANGS_SECONDS, "a refresh", pause=0.001)


def test_a_process_killed_at_any_moment_leaves_a_token_or_the_truth(
    account: Account, server: TokenServer
) -> None:
    """Only an answer that nobody received can be lost; then the next process says so."""
    processes, chance, lost = Processes(), random.Random(7), 0  # noqa: S311 - repeatable
    server.delay = 0.003
    for _ in range(KILLS):
        victim = processes.start(refresh_for_ever, account)
        until_it_refreshes(server)
        time.sleep(chance.random() * 0.03)  # any moment: that is what is tried
        victim.kill()
        victim.join()
        assert victim.exitcode == -signal.SIGKILL
        server.finish()
        token = stored(account)  # never unreadable
        assert token.refresh_token in server.issued
        if token.refresh_token == server.issued[-1]:
            renewed = AccessTokens(account).get(rejected=token.access_token)
            assert renewed == stored(account).access_token
        else:
            lost += 1
            assert server.issued.index(token.refresh_token) == len(server.issued) - 2
            refused_before = server.refused
            with pytest.raises(NotAuthorizedError, match="syncbit authorize"):
                AccessTokens(account, sleep=lambda _: None).get(rejected=token.access_token)
            assert server.refused == refused_before + 1
            account.tokens.save(replace(token, refresh_token=server.issued[-1]))
    assert lost < KILLS
