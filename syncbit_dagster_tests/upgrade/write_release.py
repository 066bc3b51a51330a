"""Keep the state that the present version writes, of a person who does not exist.

Run as ``python -m syncbit_dagster_tests.upgrade.write_release``; see CONTRIBUTING.md. A folder
``releases/VERSION`` gets ``state.tar.xz``, what lies in the project's folder, and
``expected.json``, what today's code reads there.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tarfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from syncbit_dagster.account.profile import Profile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.upgrade.project import (
    ASSETS,
    DAYS,
    STATE,
    ZONE,
    instance_in,
    materialized,
    requests_counted,
    samples_of,
    settings_in,
)

RELEASES = Path(__file__).parent / "releases"


def write_release(target: Path) -> None:
    """Live a little in an empty folder, and keep what is there then."""
    target.mkdir(parents=True)
    with TemporaryDirectory() as temporary, contextlib.chdir(temporary):
        folder, elsewhere = Path(temporary), Path(temporary, "elsewhere")
        with settings_in(folder, elsewhere) as settings:
            settings.account.tokens.save(
                Token("ended", DEMO_REFRESH_TOKEN, expires_at=0, refreshes=3)
            )
            settings.profile.save(Profile(ZONE, DAYS.first, ("Charge 6",)))
        with settings_in(folder, elsewhere) as settings, instance_in(folder) as instance:
            result = materialize(settings, ASSETS, DAYS, instance)
            if not result.success:
                sys.exit("The run failed, so that there is nothing to keep.")
            token = settings.account.tokens.load()
            assert token is not None
            # Of the emulator, but it looks like Google's, and so like a secret.
            settings.account.tokens.save(replace(token, access_token="emulated"))
            at = time.time()
            samples = samples_of(settings, DAYS)
            expected = {
                "written": datetime.fromtimestamp(at, UTC).isoformat(),
                "requests": requests_counted(settings, at),
                "refreshes": token.refreshes,
                "zone": ZONE.key,
                "first_day": str(DAYS.first),
                "devices": ["Charge 6"],
                "partitions": materialized(instance),
            }
        with tarfile.open(target / "state.tar.xz", "w:xz") as archive:
            for name in STATE:
                archive.add(name, filter=_nobodys)
    lines = ",\n".join(map(json.dumps, samples))
    head = json.dumps(expected, indent=1).removesuffix("\n}")
    (target / "expected.json").write_text(f'{head},\n "samples": [\n{lines}\n]}}\n')


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A member without the names of a machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    write_release(RELEASES / version("syncbit-dagster"))
