"""What can go wrong with a provider, each with its cure in the text.

SourceError
├── NotAuthorizedError          no usable token: the user has to authorize (again)
├── PermissionMissingError      a scope was not granted
├── AccessRefusedError          the provider refuses everything: the API is off, the app is out
├── AccountNotLinkedError       the Google account holds no Fitbit data
├── RequestRefusedError         the provider says our request is wrong: a defect of ours
│   └── NothingThereError       404: no such resource; of some kinds of data it means no data
├── ProviderRetiredError        410: the provider was turned off
├── QuotaExceededError          429 again and again
├── QuotaWaitError              the budget is used up for longer than a run should wait
├── SourceUnavailableError      timeouts, broken connections: it may work later
│   ├── ServerFailedError       5xx again and again: of a smaller range it may not be
│   ├── MissingDaysError        some days cannot be had, the others can
│   ├── RefreshConflictError    409: another program refreshes the same token
│   └── TooSlowError            504 for one page: a smaller one may work
└── UnexpectedResponseError     an answer that nobody can read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


class SourceError(SyncbitError):
    """The provider did not give the data.

    ``why`` is the answer's status and reason in a few words, where it has any.
    """

    def __init__(self, sentence: str, why: str = "") -> None:
        super().__init__(sentence)
        self.why = why


class NotAuthorizedError(SourceError):
    """There is no token, or the provider does not take it any more."""


class PermissionMissingError(SourceError):
    """The token is fine, but does not allow this."""


class AccessRefusedError(SourceError):
    """The provider refuses everything to this app or account."""


class AccountNotLinkedError(SourceError):
    """The account that was authorized has no Fitbit data."""


class RequestRefusedError(SourceError):
    """The provider refused the request itself.

    ``longest_days`` is the longest range that it takes; None: it did not say.
    """

    def __init__(self, sentence: str, why: str = "", longest_days: int | None = None) -> None:
        super().__init__(sentence, why)
        self.longest_days = longest_days


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


class ServerFailedError(SourceUnavailableError):
    """The provider answered that it failed, again and again."""


class MissingDaysError(SourceUnavailableError):
    """The provider fails on some days, or on a part of them, while it gives the rest."""

    def __init__(self, days: Mapping[date, str]) -> None:
        listed = "; ".join(f"{day}: {why}" for day, why in list(days.items())[:3])
        super().__init__(
            f"The provider fails on {len(days)} of the days ({listed}). They stay missing and are "
            "tried again by the history; all else is stored."
        )


class RefreshConflictError(SourceUnavailableError):
    """The token endpoint is busy with a refresh of the same token by somebody else."""


class TooSlowError(SourceUnavailableError):
    """The provider could not put a page together in time."""


class UnexpectedResponseError(SourceError):
    """The provider's answer has a shape or a value that the API does not document."""
