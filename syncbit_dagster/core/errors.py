"""The root of every error that a user is meant to read.

    SyncbitError
    ├── ConfigError                 config.py: a wrong or missing setting
    ├── InvalidSamplesError         samples.py: a table that no store may take
    ├── StateError                  account/state/place.py: the shared place of tokens and counts
    ├── WaitTooLongError            quota: no turn in time
    ├── SourceError                 sources/errors.py: the provider
    ├── NoDataError                 report: no sample in the period
    └── StoreError                  stores/errors.py: the store

Each carries one sentence: what is wrong, what is legal, what to do. Messages hold no token, no
secret and no response body.
"""

from __future__ import annotations


class SyncbitError(Exception):
    """An error whose text is one clear sentence for the person who runs this."""


class ConfigError(SyncbitError):
    """A setting has a value that cannot work."""
