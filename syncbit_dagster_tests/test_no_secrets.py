"""No file of the repository holds a secret, or is of a kind that holds some."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# By the shapes that their issuers give them. What is assigned to a telling name has to look random:
# the tests' own secrets are words without a digit.
SHAPES = {
    "a client secret of Google": r"GOCSPX-[\w-]{20,}",
    "an access token of Google": r"ya29\.[\w-]{20,}",
    "a refresh token of Google": r"\b1//0[\w-]{20,}",
    "an API key of Google": r"AIza[\w-]{35}",
    "a signed token, as Fitbit's": r"eyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of a cloud": r"\bAKIA[A-Z0-9]{16}\b",
    "a token of a forge": r"\b(?:gh[opsu]_|glpat-)\w{20,}",
    "a password in an address": r"\w://[^\s/:@\"'${<]+:(?=[^\s/@]*\d)[^\s/@\"'${<#?]{6,}@",
    "a random text under a telling name": (
        r"(?i)(?:secret|token|password|api_key)[a-z_]*[\"']?\s*[=:]\s*[\"']"
        r"(?=[\w+/.-]*\d)(?=[\w+/.-]*[a-z])[\w+/.-]{20,}=*[\"']"
    ),
}
EITHER = re.compile("|".join(f"(?:{shape})" for shape in SHAPES.values()).replace("(?i)", ""))
KINDS = re.compile(
    r"(?:^|/)(?:\.env|tokens-[^/]*\.json|account\.json|id_[a-z0-9]+|\.netrc|\.pgpass)$"
    r"|\.(?:pem|key|p12|pfx|sqlite|duckdb|db|parquet|tgz|tar\.gz|zip)$"
)
# Made up, each for a test which shows that it is never shown.
MADE_UP = {'secret = "eyJhbGciOiJIUzI1NiJ9.secret"'}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("no repository: this is a copy of the files")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    files = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in files if path.is_file()]


def test_no_file_holds_a_secret(tracked: list[Path]) -> None:
    found = {}
    for path in tracked:
        text = path.read_bytes().decode("utf-8", "ignore")
        for match in EITHER.finditer(text):
            if match[0] not in MADE_UP:
                line = text.count("\n", 0, match.start()) + 1
                found[f"{path.relative_to(ROOT)}:{line}"] = match[0]
    assert found == {}
    assert len(tracked) > 100


def test_no_file_is_of_a_kind_that_holds_data_or_secrets(tracked: list[Path]) -> None:
    """And what the project writes is never added by accident."""
    names = [path.relative_to(ROOT).as_posix() for path in tracked]
    assert [name for name in names if KINDS.search(name)] == []
    secrets = [f"deploy/compose/secrets/{name}" for name in ("google_client_secret", "ui_users")]
    state = [".env", ".syncbit/tokens-google_health.json", ".dagster_home/storage/runs.db"]
    for name in (*secrets, *state):
        ignored = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=ROOT, check=False)
        assert ignored.returncode == 0, name


LOOK_LIKE_SECRETS = [
    "GOCSPX-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4",
    "ya29." + "a0AfH6SMBx1y2z3_abcdefgh",
    "1//0" + "4a-bcdefghijklmnopqrstuv",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuvw"[:35],
    "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.abcdefghij12345",
    "-----BEGIN " + "RSA PRIVATE KEY-----",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "abcdefghijklmnopqrst",
    "postgresql://syncbit:" + "s3cr3t-pass@db:5432/x",
    'client_secret = "' + '0123456789abcdef0123456789abcdef"',
    '"refresh_token": "' + '0123456789abcdef0123456789abcdef"',
]
WORDS = [
    'client_secret = "demo-client-secret-of-nobody"',
    "postgresql://user:password@host:5432/database",
    "postgresql://syncbit:$PASSWORD2345@db/x",
    "https://example.com/eyJhbGciOiJIUzI1NiJ9.secret",
]


def test_the_shapes_find_what_they_are_for_and_leave_words_alone() -> None:
    assert [text for text in LOOK_LIKE_SECRETS if not EITHER.search(text)] == []
    assert [text for text in WORDS if EITHER.search(text)] == []
