"""A reader at a desk: the project's folder, a shell, a browser."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests import shell
from syncbit_dagster_tests.dagster_process import clean_environment, copy_of_the_root
from syncbit_dagster_tests.documentation.pages import ROOT
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import Server, find_binary, free_port
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

PERSON = SyntheticPerson(zone=ZoneInfo("Europe/Berlin"), first_day=date(2024, 12, 1), seed=3)
DONE_TOO_EARLY = "BUG: there is no http server"  # docs/operating.md


@dataclass(frozen=True)
class Desk:
    """A folder with the project's environment and settings, as a reader has it."""

    folder: Path
    environment: dict[str, str]

    def run(self, line: str, url: str = "") -> str:
        """Run a line in a shell; what it prints."""
        command = self._here(line, url)
        if line.startswith(("vmbackup", "vmrestore")):
            # Both show their metrics while they run, on a port that another test's may have.
            command += f" -httpListenAddr=127.0.0.1:{free_port()}"
        try:
            return shell.run(command, self.folder, self.environment, seconds=HANGS_SECONDS)
        except AssertionError as failure:
            if DONE_TOO_EARLY in str(failure):
                return ""  # what the page says of hardly any samples is no failure
            raise

    def start(self, line: str) -> subprocess.Popen[str]:
        """Start a line in a shell."""
        return shell.start(line, self.folder, self.environment)

    def server(self, line: str, url: str = "") -> Server:
        """A server that a line starts, here on a port that is free."""
        port = free_port()
        program, *flags = shlex.split(self._here(line, url))
        here = [
            flag.replace("=", f"={self.folder}/", 1)
            if flag.startswith(("-storageDataPath", "-rule="))
            else flag
            for flag in flags
        ]
        return Server(
            [str(find_binary(program)), *here, f"-httpListenAddr=127.0.0.1:{port}"],
            port,
            self.folder / "log",
        )

    def _here(self, line: str, url: str) -> str:
        return line.replace("http://localhost:8428", url).replace(
            "///backup", f"//{self.folder}/backup"
        )


@contextmanager
def new_desk(folder: Path, elsewhere: Path) -> Iterator[Desk]:
    """The project's folder after `make install`, and Google as the emulator."""
    copy_of_the_root(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("deploy", "pyproject.toml", "syncbit_dagster"):
        (folder / name).symlink_to(ROOT / name)
    with emulated_account(PERSON, elsewhere, now=lambda: datetime.now(UTC)) as account:
        settings = {
            name: value
            for name, value in account.environment.items()
            if name.startswith(("GOOGLE_", "SYNCBIT_REQUESTS"))
        } | {
            "GOOGLE_CLIENT_ID": DEMO_CLIENT_ID,
            "GOOGLE_CLIENT_SECRET": DEMO_CLIENT_SECRET,
            "FITBIT_REDIRECT_URI": f"http://localhost:{free_port()}/callback",
        }
        (folder / ".env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        yield Desk(
            folder,
            clean_environment(
                {"BROWSER": "curl -sL -o page.html %s &", "PYTHONUNBUFFERED": "1", "PATH": _path()}
            ),
        )


def _path() -> str:
    return f"{find_binary().parent}:{os.environ['PATH']}"
