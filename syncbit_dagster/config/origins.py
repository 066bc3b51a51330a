"""Where the text of a variable comes from, and how it becomes a value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dotenv

from syncbit_dagster.config.variables import VARIABLES
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncbit_dagster.config.variables import Variable

SECRETS_DIRECTORY = Path("/run/secrets")
DOTENV = Path(".env")
ALMOST = 0.9  # how much of two names is alike: a letter too many, or two that changed places


@dataclass(frozen=True)
class Origin:
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
            return _read_text(self.secrets_directory / name.lower()).strip()
        # An empty variable is what a compose file makes of an unset one.
        return self.variables.get(name, "").strip()


def process_environment(dotenv_file: Path = DOTENV) -> dict[str, str]:
    """The variables of the process; ``.env`` in the working directory wins over them.

    Dagster puts its own reading of ``.env`` over the environment before it loads the definitions.
    So the file has to win for every process, or commands and runs would look at two stores.
    """
    return {**os.environ, **dotenv_variables(dotenv_file)}


def dotenv_variables(file: Path = DOTENV) -> dict[str, str]:
    """What a ``.env`` file sets; ``$`` and ``${...}`` in a value stand for themselves.

    Raises:
        ConfigError: the file cannot be read.
    """
    if not file.is_file():
        return {}
    values = dotenv.dotenv_values(stream=StringIO(_read_text(file)), interpolate=False)
    return {name: text for name, text in values.items() if text is not None}


def contradictions(file: Path = DOTENV) -> list[str]:
    """Names of the variables that the environment and ``.env`` set to different values."""
    from_file = dotenv_variables(file)
    names = (row.name for row in VARIABLES)
    return [
        name
        for name in names
        if name in from_file and os.environ.get(name, from_file[name]) != from_file[name]
    ]


def misspelt(file: Path = DOTENV) -> dict[str, str]:
    """Variables that are almost one of the table, and what they may have been meant to be."""
    known = [row.name for row in VARIABLES]
    found = {
        name: get_close_matches(name, known, n=1, cutoff=ALMOST)
        for name in {*os.environ, *dotenv_variables(file)} - {*known}
    }
    return {name: meant[0] for name, meant in sorted(found.items()) if meant}


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror}); let it be a file that you may read."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is no text in UTF-8; write it anew.") from None


def read_values(*origins: Origin) -> dict[str, Any]:
    """The value of every variable; None for one without text and without a default.

    Args:
        origins: the first one that sets a variable wins.

    Raises:
        ConfigError: a variable has a value that is not legal.
    """
    return {row.name: value_of(row, origins) for row in VARIABLES}


def value_of(row: Variable, origins: Sequence[Origin]) -> Any:
    """The value of one variable; see :func:`read_values`."""
    texts = (origin.text_of(row.name) for origin in origins)
    text = next(filter(None, texts), row.default or "")
    if not text:
        return None
    try:
        return row.parse(text)
    except ValueError as error:
        shown = "the given value" if row.is_secret else repr(text)
        raise ConfigError(f"{row.name}={shown} is not legal: {error}.") from None
