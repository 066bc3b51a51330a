"""What tells accounts apart in Dagster. The only account of a deployment has plain names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from syncbit_dagster.config import Settings

# Resources; each account has its own.
SOURCE = "fitbit"
STORE = "sample_store"
# Its limit of 1 (``dagster.yaml``) makes an account's runs wait for each other: of two that had
# fetched the same day, the older answer might be stored last.
STORE_POOL = "sample_store"


def key_of(settings: Settings, asset: str) -> dg.AssetKey:
    """The key of an account's asset: ``anna/sleep``, or plain ``sleep``."""
    return dg.AssetKey([settings.name, asset] if settings.name else asset)


def step_of(settings: Settings, asset: str) -> str:
    """The step that materializes an account's asset, as Dagster names it."""
    return key_of(settings, asset).to_python_identifier()


def named(settings: Settings, what: str) -> str:
    """An account's job, sensor, pool, group or resource: ``history_anna``, or plain ``history``."""
    return f"{what}_{settings.name}" if settings.name else what
