"""What a test sees and changes of a running provider: its log, its failures, its consent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.responses import HTMLResponse, JSONResponse, Response


@dataclass(frozen=True)
class Fault:
    """An answer that is given instead of the real one; a text is sent as a page of HTML."""

    status: int
    body: dict[str, Any] | str | None = None
    retry_after: str | None = None

    def response(self, usual_body: dict[str, Any]) -> Response:
        """The HTTP answer; without a body of its own it has the provider's usual one."""
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        if isinstance(self.body, str):
            return HTMLResponse(self.body, status_code=self.status, headers=headers)
        return JSONResponse(self.body or usual_body, status_code=self.status, headers=headers)


class Consent(Protocol):
    """What a person has granted to the app."""

    unticked: set[str]

    def revoke(self) -> None:
        """End everything that the person ever granted."""

    def expire_access_tokens(self) -> None:
        """End every access token now; refresh tokens keep working."""


class Service:
    """What every provider keeps for its switches: requests for data, and faults to come."""

    def __init__(self, consent: Consent) -> None:
        self.consent = consent
        self.calls: list[tuple[str, str, int]] = []
        self.faults: deque[Fault] = deque()


class Switches:
    """One provider of a running emulator, seen from a test."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def calls(self) -> list[tuple[str, str, int]]:
        """Method, path and status of every request for data, in order; may be cleared."""
        return self._service.calls

    def fail_next(
        self,
        status: int,
        times: int = 1,
        body: dict[str, Any] | str | None = None,
        retry_after: str | None = None,
    ) -> None:
        """Answer the next requests for data with this status instead of data."""
        self._service.faults.extend([Fault(status, body, retry_after)] * times)

    def revoke(self) -> None:
        """The person disconnects the app: access and refresh tokens end."""
        self._service.consent.revoke()

    def expire_access_tokens(self) -> None:
        """Every access token ends; refreshing works."""
        self._service.consent.expire_access_tokens()

    def untick(self, *scopes: str) -> None:
        """The person allows these scopes no more, from the next consent or refresh on."""
        self._service.consent.unticked.update(scopes)
