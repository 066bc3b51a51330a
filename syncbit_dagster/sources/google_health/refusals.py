"""What Google's 4xx answers mean, one error with its cure for each reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.sources.errors import (
    AccountNotLinkedError,
    PermissionMissingError,
    RequestRefusedError,
    SourceError,
)

if TYPE_CHECKING:
    import requests

_BY_REASON: dict[str, tuple[type[SourceError], str]] = {
    "ACCOUNT_NOT_LINKED": (
        AccountNotLinkedError,
        (
            "this Google account holds no Fitbit data: run `syncbit authorize` with the account "
            "that the Fitbit app uses"
        ),
    ),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (
        PermissionMissingError,
        "the scope for this data was not granted: run `syncbit authorize` and tick every box",
    ),
    "SERVICE_DISABLED": (
        PermissionMissingError,
        (
            "the Google Health API is not enabled in your Google Cloud project: enable it in the "
            "API library"
        ),
    ),
    "RESOURCE_PERMISSION_DENIED": (
        PermissionMissingError,
        (
            "Google withdrew the app's access: remove it among your Google account's connections "
            "and run `syncbit authorize`"
        ),
    ),
}


def refusal(response: requests.Response) -> SourceError:
    """The error for a final 4xx answer. Its body is read for the reason, never quoted."""
    reason = _reason(response.content)
    where = f"{response.request.method} {response.request.path_url.partition('?')[0]}"
    if reason in _BY_REASON:
        error, cure = _BY_REASON[reason]
        return error(f"{where}: {response.status_code} {reason}: {cure}.")
    if response.status_code == 403:
        return PermissionMissingError(
            f"{where}: 403 {reason}: not allowed; run `syncbit authorize` again."
        )
    return RequestRefusedError(
        f"{where}: {response.status_code} {reason}: the API refuses the request itself; please "
        "report this as a defect of syncbit_dagster."
    )


def _reason(body: bytes) -> str:
    """The machine-readable reason of a Google error, else its status; known words only."""
    try:
        error: dict[str, Any] = orjson.loads(body)["error"]
        reasons = [detail["reason"] for detail in error.get("details", []) if "reason" in detail]
        word = str((reasons or [error["status"]])[0])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return "without a reason"
    return word if word.isascii() and word.replace("_", "").isalpha() else "without a reason"
