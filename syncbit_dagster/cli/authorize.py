"""Let SyncBit read your data: opens the provider's consent page and stores the tokens.

Afterwards the account's time zone, first day and devices are read and kept too.
"""

from __future__ import annotations

import sys
import webbrowser
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.config import load_account
from syncbit_dagster.factories import SOURCES, open_source
from syncbit_dagster.sources.errors import PermissionMissingError
from syncbit_dagster.sources.oauth.consent import Consent
from syncbit_dagster.sources.oauth.scopes import missing_scopes

if TYPE_CHECKING:
    import argparse

    from syncbit_dagster.account.account import OAuthApp
    from syncbit_dagster.account.tokens import Token
    from syncbit_dagster.config import Settings

HELP = "connect your account"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="print the address of the consent page, and take the answer on the redirect address "
        "or pasted here",
    )


def run(arguments: argparse.Namespace) -> int:
    settings = load_account(arguments.account)
    account = settings.account
    if settings.is_offline:
        print(f"Nothing to authorize: {account.provider} reads files of this machine.")
        _keep_profile(settings)
        return 0
    scopes = SOURCES[account.provider].SCOPES
    token = _ask(account.oauth, scopes, has_browser=not arguments.no_browser)
    account.tokens.save(token)
    print(f"Authorized. Tokens are in {account.tokens.place}, readable by you only.")
    if token.refresh_ends_at is not None:
        end = datetime.fromtimestamp(token.refresh_ends_at, UTC).date()
        print(
            f"This authorization ends on {end}: the Google Cloud project is in Testing. Publish it "
            "(Google Auth Platform, Audience, Publish app), then run `syncbit authorize` again."
        )
    for scope, without in missing_scopes(scopes, token.scopes).items():
        print(f"Not granted: {scope}. Missing without it: {without}. Authorize again to add it.")
    _keep_profile(settings)
    return 0


def _ask(app: OAuthApp, scopes: tuple[str, ...], *, has_browser: bool) -> Token:
    with Consent(app, scopes) as consent:
        consent.check()
        print(f"Open this page and allow access:\n\n  {consent.url}\n", flush=True)
        if has_browser:
            webbrowser.open(consent.url)
            return consent.wait()
        print(
            f"The browser ends at {app.redirect_uri}. If it cannot reach that because it runs on "
            "another machine, copy the whole address of that failed page and paste it here:",
            flush=True,
        )
        return consent.wait(
            sys.stdin.fileno() if sys.stdin else None, lambda sentence: print(sentence, flush=True)
        )


def _keep_profile(settings: Settings) -> None:
    source = open_source(settings)
    try:
        profile = source.profile()
    except PermissionMissingError as refusal:
        print(f"Time zone, first day and devices cannot be read: {refusal}")
        profile = Profile()
    finally:
        source.close()
    for sentence in profile.refusals:
        print(f"Not all of the account can be read: {sentence}")
    # What a provider does not say stays as another one said it: an export seldom names its zone.
    known = settings.profile.load()
    profile = Profile(
        zone=profile.zone or known.zone,
        first_day=profile.first_day or known.first_day,
        devices=profile.devices or known.devices,
    )
    settings.profile.save(profile)
    if known.zone and known.zone != profile.zone:
        print(
            f"The account's time zone was {known.zone} and is {profile.zone} now. Days that are "
            "stored begin at the old midnights: materialize the whole history again. `syncbit "
            "doctor` says which days are left."
        )
    print(f"Time zone: {profile.zone or 'unknown'}. First day: {profile.first_day or 'unknown'}.")
    print(f"Devices: {', '.join(profile.devices) or 'none'}.")
    if settings.is_outdated():
        print("If Dagster runs already, reload its code location: it reads both when it starts.")
    if profile.zone is None and settings.account.zone_is_assumed:
        print("Set SYNCBIT_TIMEZONE to the account's zone; until then its days are UTC days.")
