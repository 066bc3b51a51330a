"""Let SyncBit read your data: opens the provider's consent page and stores the tokens.

Afterwards the account's time zone and first day are read and kept too.
"""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

from syncbit_dagster.config import load_settings
from syncbit_dagster.opening import SOURCES, open_source
from syncbit_dagster.sources.consent import Consent

if TYPE_CHECKING:
    import argparse

HELP = "connect your account"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-browser", action="store_true", help="print the URL of the consent page and wait"
    )


def run(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    account = settings.account
    scopes = SOURCES[account.provider].SCOPES
    with Consent(account.oauth, scopes) as consent:
        print(f"Open this page and allow access:\n\n  {consent.url}\n", flush=True)
        if not arguments.no_browser:
            webbrowser.open(consent.url)
        token = consent.wait()
    account.tokens.save(token)
    print(f"Authorized. Tokens are in {account.tokens.place}, readable by you only.")
    if token.ends_in_testing:
        print(
            "This authorization ends in a week: the Google Cloud project is in Testing. Publish it "
            "(Audience, Publish app), then run `syncbit authorize` again."
        )
    for scope in sorted(set(scopes) - set(token.scope.split())):
        print(f"Not granted: {scope}. Its data will be missing; authorize again to add it.")
    source = open_source(settings)
    try:
        profile = source.profile()
    finally:
        source.close()
    settings.profile.save(profile)
    print(f"Time zone: {profile.zone or 'unknown'}. First day: {profile.first_day or 'unknown'}.")
    print(f"Devices: {', '.join(profile.devices) or 'none'}.")
    return 0
