"""Answers as fast as the real API gives them, and no faster."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Pace:
    """Takes one request at a time, and for each so long, what the application needs included."""

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
            # Noted before: the application computes, and lets no other task begin to wait.
            until = asyncio.get_running_loop().time() + self._seconds
            await self._app(scope, receive, keep)
            await asyncio.sleep(until - asyncio.get_running_loop().time())
        for message in answer:
            await send(message)
