"""What Google's 4xx answers mean, one error with its cure for each reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.sources.errors import (
    AccessRefusedError,
    AccountNotLinkedError,
    PermissionMissingError,
    RequestRefusedError,
    SourceError,
)

if TYPE_CHECKING:
    import requests

SCOPE_IS_MISSING = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"

_BY_REASON: dict[str, tuple[type[SourceError], str]] = {
    "ACCOUNT_NOT_LINKED": (
        AccountNotLinkedError,
        (
            "this Google account holds no Fitbit data: run `syncbit authorize` with the account "
            "that the Fitbit app uses"
        ),
    ),
    SCOPE_IS_MISSING: (
        PermissionMissingError,
        "the scope for this data was not granted: run `syncbit authorize` and tick every box",
    ),
    "SERVICE_DISABLED": (
        AccessRefusedError,
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
    reason, longest_days = _reason(response.content)
    where = f"{response.request.method} {response.request.path_url.partition('?')[0]}"
    why = f"{response.status_code} {reason}"
    if reason in _BY_REASON:
        error, cure = _BY_REASON[reason]
        return error(f"{where}: {why}: {cure}.", why)
    if response.status_code == 403:
        return PermissionMissingError(
            f"{where}: {why}: not allowed; run `syncbit authorize` again.", why
        )
    return RequestRefusedError(
        f"{where}: {why}: the API refuses the request itself; please "
        "report this as a defect of syncbit_dagster.",
        why,
        longest_days,
    )


def _reason(body: bytes) -> tuple[str, int | None]:
    """The machine-readable reason of a Google error, else its status; and the longest range.

    Known words and numbers only.
    """
    try:
        error: dict[str, Any] = orjson.loads(body)["error"]
        details = [detail for detail in error.get("details", []) if "reason" in detail]
        word = str(details[0]["reason"] if details else error["status"])
        most = str(details[0].get("metadata", {}).get("maxDurationDays", "")) if details else ""
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return "without a reason", None
    days = int(most) if most.isascii() and most.isdecimal() and len(most) < 5 else 0
    is_word = word.isascii() and word.replace("_", "").isalpha()
    return word if is_word else "without a reason", days or None
