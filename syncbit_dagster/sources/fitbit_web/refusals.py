"""What Fitbit's final answers mean, one error with its cure for each.

Their sentences can quote whole tokens (``Access token expired: ...``), so that of a body only the
documented words for a kind of error are ever repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from syncbit_dagster.sources.errors import (
    NothingThereError,
    PermissionMissingError,
    ProviderRetiredError,
    RequestRefusedError,
    SourceUnavailableError,
)

if TYPE_CHECKING:
    import requests

    from syncbit_dagster.sources.errors import SourceError

_ERROR_TYPES = frozenset(
    {
        "authorization",
        "expired_token",
        "insufficient_permissions",
        "insufficient_scope",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_token",
        "not_found",
        "oauth",
        "request",
        "system",
        "validation",
    }
)
_FORBIDDEN = {
    "insufficient_scope": (
        "the scope for this data was not granted: run `syncbit authorize` and tick every box"
    ),
    "insufficient_permissions": (
        "Fitbit does not give this to the app: register it at dev.fitbit.com with the type "
        "Personal and run `syncbit authorize` again"
    ),
}
_DEFECT = "please report this as a defect of syncbit_dagster"


def refusal(response: requests.Response) -> SourceError:
    """The error for a final answer that is not 200. Its body is never quoted."""
    status, kind = response.status_code, _error_type(response.content)
    path = response.request.path_url.partition("?")[0]
    where = f"{response.request.method} {path}: {status} {kind}"
    if status == 403:
        cure = _FORBIDDEN.get(kind, "not allowed: run `syncbit authorize` again")
        return PermissionMissingError(f"{where}: {cure}.")
    if status == 404:
        why = f"{status} {kind}"
        return NothingThereError(f"{where}: the API knows nothing there; {_DEFECT}.", why)
    if status == 410:
        return ProviderRetiredError(
            f"{where}: the Fitbit Web API was turned off for good; set "
            "SYNCBIT_PROVIDER=google_health and run `syncbit authorize`."
        )
    if status >= 500:
        return SourceUnavailableError(f"{where}: the API does not work; try again later.")
    why = f"{status} {kind}"
    return RequestRefusedError(f"{where}: the API refuses the request itself; {_DEFECT}.", why)


def _error_type(body: bytes) -> str:
    """The kind of error that a body names; known words only."""
    try:
        word = orjson.loads(body)["errors"][0]["errorType"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return "without a reason"
    return word if isinstance(word, str) and word in _ERROR_TYPES else "without a reason"
