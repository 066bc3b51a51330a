"""What can go wrong with a provider, each with its cure in the text.

SourceError
├── NotAuthorizedError          no usable token: the user has to authorize (again)
├── PermissionMissingError      a scope was not granted, or the API is not enabled
├── AccountNotLinkedError       the Google account holds no Fitbit data
├── RequestRefusedError         the provider says our request is wrong: a defect of ours
│   └── NothingThereError       404: no such resource; of some kinds of data it means no data
├── ProviderRetiredError        410: the provider was turned off
├── QuotaExceededError          429 again and again
├── QuotaWaitError              the budget is used up for longer than a run should wait
├── SourceUnavailableError      5xx, timeouts, broken connections: it may work later
│   ├── RefreshConflictError    409: another program refreshes the same token
│   └── TooSlowError            504 for one page: a smaller one may work
└── UnexpectedResponseError     an answer that nobody can read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from datetime import datetime


class SourceError(SyncbitError):
    """The provider did not give the data."""


class NotAuthorizedError(SourceError):
    """There is no token, or the provider does not take it any more."""


class PermissionMissingError(SourceError):
    """The token is fine, but does not allow this."""


class AccountNotLinkedError(SourceError):
    """The account that was authorized has no Fitbit data."""


class RequestRefusedError(SourceError):
    """The provider refused the request itself."""


class NothingThereError(RequestRefusedError):
    """The provider knows no such resource, which for some kinds of data says that there is none."""


class ProviderRetiredError(SourceError):
    """The provider was turned off for good."""


class QuotaExceededError(SourceError):
    """The provider's limit was reached and did not free itself in time."""


class QuotaWaitError(SourceError):
    """The budget has no room before ``resume_at`` (an aware instant); nothing is wrong."""

    def __init__(self, sentence: str, resume_at: datetime) -> None:
        super().__init__(sentence)
        self.resume_at = resume_at


class SourceUnavailableError(SourceError):
    """The provider did not answer, or answered that it cannot."""


class RefreshConflictError(SourceUnavailableError):
    """The token endpoint is busy with a refresh of the same token by somebody else."""


class TooSlowError(SourceUnavailableError):
    """The provider could not put a page together in time."""


class UnexpectedResponseError(SourceError):
    """The provider's answer has a shape or a value that the API does not document."""
