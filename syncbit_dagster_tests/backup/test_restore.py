"""All is lost, and restored with the commands of ``operating.md``: nothing is fetched again."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
import yaml

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.scheduling import backfill_plan as gaps
from syncbit_dagster_tests.dagster_process import clean_environment
from syncbit_dagster_tests.defs.unattended import Daemon, records_of
from syncbit_dagster_tests.documentation.desk import Desk
from syncbit_dagster_tests.documentation.pages import DOCS, SHELLS, blocks, commands
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.postgresql import find_binaries, running_postgresql
from syncbit_dagster_tests.victoriametrics import contents, find_binary, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster_tests.victoriametrics import Server

pytestmark = pytest.mark.victoriametrics
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = DayRange(date(2025, 10, 22), date(2025, 10, 29))  # with the one of 25 hours
PERSON = SyntheticPerson(BERLIN, DAYS.first, seed=3)
NIGHT = datetime(2025, 10, 30, 1, tzinfo=UTC)
THREE = ("activity_summary", "heart_rate", "active_zone_minutes")
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}
START = "victoria-metrics -storageDataPath=victoria-metrics-data -retentionPeriod=100y"


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight days are a history of several runs."""
    monkeypatch.setattr(gaps, "FIRST_DAYS", 3)
    monkeypatch.setattr(gaps, "MOST_DAYS", 5)


@pytest.fixture
def new_database() -> Iterator[Callable[[], str]]:
    with running_postgresql() as new:
        yield new


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path / "elsewhere", now=lambda: NIGHT) as account:
        yield account


def documented(*words: str) -> str:
    """The one command of the page that holds all these words."""
    lines = {line for block in blocks(DOCS / "operating.md", *SHELLS) for line in commands(block)}
    (found,) = (line for line in lines if all(word in line for word in words))
    return found


def desk_in(folder: Path, state_url: str) -> Desk:
    """A project's folder on a machine of its own."""
    folder.mkdir()
    path = f"{find_binary('vmbackup').parent}:{find_binaries()}:{os.environ['PATH']}"
    return Desk(folder, clean_environment({"SYNCBIT_STATE_URL": state_url, "PATH": path}))


@contextmanager
def project(desk: Desk, server: Server, provider: EmulatedAccount) -> Iterator[Daemon]:
    """The history sensor on Dagster's records in PostgreSQL, like all shared state."""
    # The driver is spelled out: without it SQLAlchemy takes another one than Dagster's.
    url = desk.environment["SYNCBIT_STATE_URL"].replace(":", "+psycopg2:", 1)
    home = desk.folder / "home"
    home.mkdir()
    configuration = {
        "storage": {"postgres": {"postgres_url": url}},
        "telemetry": {"enabled": False},
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(configuration))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Daemon("history", settings_of(desk, server, provider), instance, lambda: NIGHT)


def settings_of(desk: Desk, server: Server, provider: EmulatedAccount) -> Settings:
    """Zone and first day are in the profile, the token is in PostgreSQL."""
    return provider.settings(
        **FEW,
        DATA_DIR=str(desk.folder / ".syncbit"),
        SYNCBIT_STATE_URL=desk.environment["SYNCBIT_STATE_URL"],
        VICTORIA_ENDPOINT=server.url,
        SYNCBIT_TIMEZONE="",
        BACKFILL_START_DATE="",
    )


def fill(desk: Desk, server: Server, provider: EmulatedAccount) -> None:
    """Authorize, and let the history fill itself."""
    (desk.folder / ".env").write_text("SYNCBIT_PROVIDER=demo\n")
    (desk.folder / ".dagster_home").mkdir()
    empty = settings_of(desk, server, provider)
    empty.account.tokens.save(Token("", DEMO_REFRESH_TOKEN, expires_at=0))
    empty.profile.save(Profile(BERLIN, DAYS.first, ("Charge 6",)))
    with project(desk, server, provider) as daemon:
        assert all(result.success for _, result in daemon.until_it_rests())
        for asset in THREE:
            assert sorted(records_of(daemon.instance, asset)) == [str(day) for day in DAYS]


def test_everything_is_there_again(
    tmp_path: Path, new_database: Callable[[], str], provider: EmulatedAccount
) -> None:
    old = desk_in(tmp_path / "old", new_database())
    with running(old.server(START)) as server:
        fill(old, server, provider)
        samples = contents(server.url)
        token = settings_of(old, server, provider).account.tokens.load()
        old.run(documented("pg_dump"))  # first, as the page says
        old.run(documented("vmbackup"), server.url)
    old.run(documented("tar", "--create"))
    assert (old.folder / "syncbit.sql").stat().st_mode & 0o077 == 0  # tokens are in it

    new = desk_in(tmp_path / "new", new_database())
    for name in ("backup", "backup.tar.gz", "syncbit.sql"):
        (old.folder / name).rename(new.folder / name)
    shutil.rmtree(old.folder)
    new.run(documented("tar", "--extract"))
    new.run(documented("psql"))
    new.run(documented("vmrestore"))
    with running(new.server(START)) as server, ExitStack() as held:
        assert contents(server.url) == samples
        assert len(samples) > 100
        daemon = held.enter_context(project(new, server, provider))
        assert daemon.settings.account.tokens.load() == token
        assert daemon.settings.profile.load() == Profile(BERLIN, DAYS.first, ("Charge 6",))
        assert isinstance(daemon.tick(), str)
        for asset in THREE:
            assert sorted(records_of(daemon.instance, asset)) == [str(day) for day in DAYS]
        # The same sensor without the restored records asks for all of it.
        with dg.DagsterInstance.ephemeral() as nothing:
            assert replace(daemon, instance=nothing).asks()
