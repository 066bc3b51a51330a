"""The emulator's pace: what an answer takes to compute is a part of its time, not added to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.emulator.pace import Pace

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


class Clock:
    """Stands in for ``asyncio``: moves when somebody computes or waits."""

    Lock = asyncio.Lock

    def __init__(self) -> None:
        self.now = 100.0

    def get_running_loop(self) -> Clock:
        return self

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


@pytest.mark.parametrize(("computing", "whole"), [(0.0, 0.4), (0.3, 0.4), (0.9, 0.9)])
def test_an_answer_takes_its_time_and_no_more(
    monkeypatch: pytest.MonkeyPatch, computing: float, whole: float
) -> None:
    clock = Clock()
    sent: list[tuple[float, int]] = []
    monkeypatch.setattr("syncbit_dagster.emulator.pace.asyncio", clock)

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        clock.now += computing
        await send({"type": "http.response.start", "status": 200})

    async def send(message: Message) -> None:
        sent.append((clock.now, message["status"]))

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(Pace(application, 0.4)({"type": "http"}, receive, send))
    ((at, status),) = sent
    assert status == 200
    assert at == pytest.approx(100.0 + whole)
