"""Secrets are in the token's place and nowhere else, however much is logged."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.dagster_process import clean_environment
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.victoriametrics import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PERSON = SyntheticPerson(zone=ZoneInfo("UTC"), first_day=date(2025, 1, 1), seed=1)
PROGRAM = [sys.executable, "-m", "syncbit_dagster_tests.account.authorize_at_debug"]
# The shapes of all tokens that the emulators give.
ISSUED = re.compile(rb"ya29\.[\w-]{20,}|1//[\w-]{20,}|eyJ[\w-]{40,}|\b[0-9a-f]{64}\b")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("provider", ["demo", "fitbit_web"])
@pytest.mark.parametrize("place", ["file", "table"])
def test_no_secret_is_in_any_output_or_file(
    provider: str, place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    variables = {
        "SYNCBIT_PROVIDER": provider,
        "FITBIT_REDIRECT_URI": f"http://127.0.0.1:{free_port()}/callback",
        "LOG_LEVEL": "DEBUG",
        "PYTHONPATH": str(ROOT),
    }
    secrets = {"demo-secret", base64.b64encode(b"demo-client:demo-secret").decode()}
    if place == "table":
        url: str = request.getfixturevalue("new_database")()
        variables["SYNCBIT_STATE_URL"] = url
        secrets.add(urlsplit(url).password or "")
    with emulated_account(PERSON, tmp_path, now=lambda: datetime.now(UTC)) as account:
        switches = account.emulator if provider == "demo" else account.emulator.fitbit_web
        environment = account.environment | variables
        output, code, command_line = _run(tmp_path, environment, switches.revoke)
        kept = account.settings(**variables).account.tokens
        token = kept.load()
    assert token is not None
    assert token.refreshes == 2
    secrets |= {code, token.access_token, token.refresh_token}
    for one in (token.access_token, token.refresh_token):
        assert ISSUED.search(one.encode())  # as are all that came between
    assert "DEBUG" in output
    assert "As expected" in output
    searched = {"output": output.encode(), "command line": command_line}
    token_files = {kept.path} if isinstance(kept, TokenFile) else set()
    for file in set(tmp_path.rglob("*")) - token_files:
        if file.is_file():
            searched[str(file)] = file.read_bytes()
    assert len(searched) > 2
    for where, content in searched.items():
        assert not ISSUED.search(content), f"{where} holds a token"
        for secret in secrets:
            assert secret.encode() not in content, f"{where} holds a secret"


def _run(
    directory: Path, environment: Mapping[str, str], revoke: Callable[[], None]
) -> tuple[str, str, bytes]:
    """Run the program beside a person who consents: all output, the code, its command line."""
    with (
        (directory / "stderr").open("wb") as stderr,
        subprocess.Popen(
            PROGRAM,
            cwd=directory,
            env=clean_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        url = process.stdout.readline().strip()
        answer = requests.get(url, allow_redirects=False, timeout=30)
        address = answer.headers["Location"]
        page = requests.get(address, timeout=30)
        assert page.status_code == 200
        assert process.stdout.readline() == "revoke\n", (directory / "stderr").read_text()
        command_line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        revoke()
        process.stdin.write("\n")
        process.stdin.flush()
        output = process.stdout.read()
    assert process.returncode == 0, (directory / "stderr").read_text()
    output += page.text + (directory / "stderr").read_text()
    return output, parse_qs(urlsplit(address).query)["code"][0], command_line
