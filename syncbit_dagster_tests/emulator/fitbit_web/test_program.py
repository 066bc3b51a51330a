"""The emulator as a program: one address, either provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster_tests.cli.processes import SYNCBIT, start
from syncbit_dagster_tests.emulator.fitbit_web.api import BASIC

if TYPE_CHECKING:
    from pathlib import Path


def test_the_program_serves_the_fitbit_web_api(tmp_path: Path) -> None:
    command = [*SYNCBIT, "emulator", "--provider", "fitbit_web", "--port", "0"]
    with start(command, tmp_path, {}) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "fitbit_web" in line
        url = line.split()[-1]
        form = {"grant_type": "refresh_token", "refresh_token": DEMO_REFRESH_TOKEN}
        tokens = requests.post(f"{url}/oauth2/token", data=form, auth=BASIC, timeout=30).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = requests.get(f"{url}/1/user/-/profile.json", headers=headers, timeout=30)
        process.terminate()
    assert answer.json()["user"]["timezone"] == "Europe/Berlin"
