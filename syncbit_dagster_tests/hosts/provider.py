"""The emulated provider for other hosts, which tells each request: instant, path and status."""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import uvicorn

from syncbit_dagster.emulator.server import Emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def telling(app: ASGIApp) -> ASGIApp:
    """The application, with a line a request on stdout."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        arrived = time.time()

        async def and_tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                line = json.dumps([arrived, scope["path"], message["status"]])
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            await send(message)

        await app(scope, receive, and_tell)

    return told


if __name__ == "__main__":
    person = SyntheticPerson(ZoneInfo("UTC"), date(2026, 1, 1))
    uvicorn.run(
        telling(Emulator(person).app),
        host=sys.argv[1],
        port=int(sys.argv[2]),
        lifespan="off",
        log_level="error",
    )
