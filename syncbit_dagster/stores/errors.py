"""What can go wrong with a store.

StoreError
├── StoreUnavailableError    nobody answers, or not in time; the same call may work later
├── StoreRefusedError        it answers no: credentials, permission, a setting of the server
└── StoreMismatchError       what was read back is not what was sent
"""

from __future__ import annotations

from syncbit_dagster.core.errors import SyncbitError


class StoreError(SyncbitError):
    """The store does not hold what was asked for; nothing was reported as stored."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or did not answer in time."""


class StoreRefusedError(StoreError):
    """The store answered, and said no."""


class StoreMismatchError(StoreError):
    """The store said yes, but the samples read back differ."""
