"""Where the text of a variable comes from, and how it becomes a value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dotenv

from syncbit_dagster.config.variables import VARIABLES
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncbit_dagster.config.variables import Variable

SECRETS_DIRECTORY = Path("/run/secrets")


@dataclass(frozen=True)
class Place:
    """Variables, and a directory of secret files ``<lower-case name>`` that win over them."""

    variables: Mapping[str, str]
    secrets_directory: Path

    @cached_property
    def secret_files(self) -> frozenset[str]:
        """Names of the secret files; one look serves all variables."""
        if not self.secrets_directory.is_dir():
            return frozenset()
        return frozenset(one.name for one in self.secrets_directory.iterdir() if one.is_file())

    def text_of(self, name: str) -> str:
        """The text of a variable; empty: it is not set here."""
        if name.lower() in self.secret_files:
            return (self.secrets_directory / name.lower()).read_text().strip()
        # An empty variable is what a compose file makes of an unset one.
        return self.variables.get(name, "").strip()


def process_environment(dotenv_file: Path | None = None) -> dict[str, str]:
    """The variables of the process, completed by ``.env`` in the working directory."""
    from_file = dotenv.dotenv_values(dotenv_file or Path(".env"))
    return {**{name: text for name, text in from_file.items() if text is not None}, **os.environ}


def read_values(*places: Place) -> dict[str, Any]:
    """The value of every variable; None for one without text and without a default.

    Args:
        places: the first one that sets a variable wins.

    Raises:
        ConfigError: a variable has a value that is not legal.
    """
    return {row.name: value_of(row, places) for row in VARIABLES}


def value_of(row: Variable, places: Sequence[Place]) -> Any:
    """The value of one variable; see :func:`read_values`."""
    texts = (place.text_of(row.name) for place in places)
    text = next(filter(None, texts), row.default or "")
    if not text:
        return None
    try:
        return row.parse(text)
    except ValueError as error:
        shown = "the given value" if row.is_secret else repr(text)
        raise ConfigError(f"{row.name}={shown} is not legal: {error}.") from None
