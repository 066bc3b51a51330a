"""A program that does all that handles secrets, with every logger at DEBUG; run by a test."""

from __future__ import annotations

import logging
import sys
from datetime import date

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.factories import SOURCES, open_source
from syncbit_dagster.sources.oauth.access import AccessTokens
from syncbit_dagster.sources.oauth.consent import Consent

log = logging.getLogger(__name__)
DAY = DayRange(date(2025, 5, 1), date(2025, 5, 1))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run() -> None:
    """Authorize, refresh twice, fetch, then fail to refresh, with the traceback."""
    settings = load_settings()
    account = settings.account
    log.debug("%r %s", settings, account)
    with Consent(account.oauth, SOURCES[account.provider].SCOPES) as consent:
        consent.check()
        say(consent.url)
        account.tokens.save(consent.wait())
    tokens = AccessTokens(account)
    tokens.get(rejected=tokens.get(rejected=tokens.get()))
    log.debug("%r", account.tokens.load())
    source = open_source(settings)
    list(source.fetch(asset_named("activity_summary"), DAY))
    log.debug("%r", source)
    say("revoke")
    input()
    for attempt in (lambda: tokens.get(rejected=tokens.get()), source.profile):
        try:
            attempt()
        except SyncbitError:
            log.exception("As expected")
    source.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    run()
