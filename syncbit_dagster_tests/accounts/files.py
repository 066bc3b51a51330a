"""Deployments of many accounts in a test's own directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.config import Settings, load_accounts

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Declared:
    """A directory with the file that declares accounts, secret files and data."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW

    @property
    def file(self) -> Path:
        return self.directory / "accounts.yaml"

    @property
    def secrets(self) -> Path:
        return self.directory / "secrets"

    def write(self, text: str, mode: int = 0o644) -> None:
        self.file.write_text(text)
        self.file.chmod(mode)

    def secret(self, path: str, text: str) -> None:
        """Keep a secret in the file ``path`` below the directory of secrets."""
        file = self.secrets / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")

    def variables(self, **changed: str) -> dict[str, str]:
        own = {"SYNCBIT_ACCOUNTS": str(self.file), "DATA_DIR": str(self.directory / "data")}
        return {**own, **self.environment, **changed}

    def load(self, **changed: str) -> list[Settings]:
        variables = self.variables(**changed)
        return load_accounts(variables, secrets_directory=self.secrets, now=self.now)
