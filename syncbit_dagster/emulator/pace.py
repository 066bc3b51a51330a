"""Answers no faster than the real API gives them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Pace:
    """Takes one request at a time, and for each at least so long."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        """Wrap an application."""
        self._app = app
        self._seconds = seconds
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when the time has come."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        async with self._turn:
            await asyncio.gather(self._app(scope, receive, keep), asyncio.sleep(self._seconds))
        for message in answer:
            await send(message)
