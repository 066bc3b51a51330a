"""The Fitbit resource: one account's source, opened for a run and closed after it.

A plain object rather than a configurable resource: configuration comes from the environment and
secret files only, so no secret is ever a value that the UI or the run storage could show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings
    from syncbit_dagster.sources.base import Source


def fitbit_resource(settings: Settings) -> dg.ResourceDefinition:
    """The account's source as the resource ``fitbit``; it carries OAuth and the request budget."""
    account = settings.account

    def opened(context: dg.InitResourceContext) -> Iterator[Source]:
        if account.zone_is_assumed and context.log:
            context.log.warning(
                "The account's time zone is unknown, so its days are taken as UTC days; run "
                "`syncbit authorize` or set SYNCBIT_TIMEZONE."
            )
        source = open_source(settings)
        try:
            yield source
        finally:
            source.close()

    return dg.ResourceDefinition(
        resource_fn=opened,
        description=(
            f"{account.provider} at {account.api_url} as user {account.labels['user']!r}: "
            f"days of {account.zone.key}, at most {account.quota}"
        ),
    )
