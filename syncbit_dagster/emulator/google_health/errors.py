"""Refusals in the shape of a Google API: status, reason and metadata for machines.

The reasons are those of the error catalogue in the API's reference and of answers that people
saw. Where neither names one, the comment at the place of use says so.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
_SERVICE = "health.googleapis.com"
_PLATFORM = "googleapis.com"


class ApiRefusal(Exception):  # noqa: N818 - the emulator is right to refuse; nothing is broken
    """A request that the API answers with an error body."""

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        details: list[dict[str, Any]],
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.body = {
            "error": {"code": code, "message": message, "status": status, "details": details}
        }
        self.headers = headers or {}

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        return JSONResponse(self.body, status_code=self.code, headers=self.headers)


def _info(reason: str, domain: str, metadata: dict[str, str] | None = None) -> dict[str, Any]:
    info: dict[str, Any] = {"@type": _ERROR_INFO, "reason": reason, "domain": domain}
    return info | {"metadata": metadata} if metadata else info


def invalid_argument(reason: str, message: str, **metadata: str) -> ApiRefusal:
    """400 with a reason of the Health API."""
    return ApiRefusal(400, "INVALID_ARGUMENT", message, [_info(reason, _SERVICE, metadata)])


def malformed(field: str, message: str) -> ApiRefusal:
    """400 from the JSON reader or the parameter reader, before the API itself looks at it."""
    violation = {"field": field, "description": message}
    details = [{"@type": _BAD_REQUEST, "fieldViolations": [violation]}]
    return ApiRefusal(400, "INVALID_ARGUMENT", f"Invalid request: {message}", details)


def unauthenticated(reason: str, message: str) -> ApiRefusal:
    """401: no access token, an unknown one or one that has expired."""
    return ApiRefusal(
        401,
        "UNAUTHENTICATED",
        message,
        [_info(reason, _PLATFORM)],
        {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def scope_insufficient() -> ApiRefusal:
    """403: the person did not grant the scope that this data needs."""
    return ApiRefusal(
        403,
        "PERMISSION_DENIED",
        "The access token has no scope that covers this data.",
        [_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", _PLATFORM)],
    )


def not_found(path: str) -> ApiRefusal:
    """404: no such method, or nothing of this name."""
    return ApiRefusal(404, "NOT_FOUND", f"There is nothing at {path}.", [])


def quota_exhausted() -> ApiRefusal:
    """429: too many requests in this minute. The real API documents no Retry-After header."""
    violation = {"subject": "user:me", "description": "Requests per minute and user used up"}
    return ApiRefusal(
        429,
        "RESOURCE_EXHAUSTED",
        "The quota of requests per minute and user is used up.",
        [
            _info("RATE_LIMIT_EXCEEDED", _PLATFORM),
            {"@type": _QUOTA_FAILURE, "violations": [violation]},
        ],
    )
