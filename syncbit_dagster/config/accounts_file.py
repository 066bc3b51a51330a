"""The file that declares accounts: for each name its variables, as text.

Read as YAML nodes, not as YAML values: a day, a number with a leading zero or a ``no`` stays what
somebody wrote, and a name that is written twice is noticed.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import yaml

from syncbit_dagster.config.variables import VARIABLES
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

# Part of asset keys, of names of jobs and resources, and a directory: legal everywhere.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# The same in C takes a tenth of the time, which counts with a thousand accounts.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_NULL = "tag:yaml.org,2002:null"
_ROWS = {row.name: row for row in VARIABLES}
OF_ONE_ACCOUNT = tuple(row.name for row in VARIABLES if not row.is_common)


def read_accounts(path: Path) -> dict[str, dict[str, str]]:
    """The variables of each account, by its name, in the file's order.

    Args:
        path: a file, a mapping of names to mappings of variables; or a directory with a file
            ``NAME.yaml`` for each account, a mapping of its variables.

    Raises:
        ConfigError: it cannot be read, or declares something that is not legal. Values are not
            quoted: they may be secrets.
    """
    if path.is_dir():
        files = sorted(path.glob("*.yaml"))
        found = {file.stem: (file, _root(file)) for file in files}
    else:
        found = {name: (path, node) for name, node in _pairs(path, _root(path), "names").items()}
    if not found:
        raise ConfigError(
            f"{path} declares no account; write a name and below it the account's variables, such "
            "as `anna:` and `  SYNCBIT_TIMEZONE: Europe/Berlin`."
        )
    return {name: _variables(file, name, node) for name, (file, node) in found.items()}


def _variables(path: Path, name: str, node: yaml.Node | None) -> dict[str, str]:
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{path}: {name!r} is no name of an account; use up to 40 lower-case letters, digits "
            "and underscores, beginning with a letter."
        )
    pairs = _pairs(path, node, f"variables of the account {name!r}")
    for variable in pairs:
        _require_legal(path, name, variable)
    variables = {variable: _text(path, variable, value) for variable, value in pairs.items()}
    _require_private(path, name, variables)
    return variables


def _require_legal(path: Path, name: str, variable: str) -> None:
    if variable in OF_ONE_ACCOUNT:
        return
    if variable in _ROWS:
        what = "holds for all accounts and belongs into the environment"
    else:
        close = difflib.get_close_matches(variable, OF_ONE_ACCOUNT, n=1)
        what = "is unknown" + (f" (did you mean {close[0]}?)" if close else "")
    raise ConfigError(
        f"{path}, account {name!r}: {variable} {what}; an account may have "
        f"{', '.join(OF_ONE_ACCOUNT)}."
    )


def _require_private(path: Path, name: str, variables: dict[str, str]) -> None:
    secrets = [variable for variable in variables if _ROWS[variable].is_secret]
    mode = path.stat().st_mode & 0o777
    if secrets and mode & 0o077:
        raise ConfigError(
            f"{path} holds {', '.join(secrets)} of the account {name!r} and may be read by others "
            f"(mode {mode:04o}); run `chmod 600 {path}`, or keep the secret in the file "
            f"/run/secrets/{name}/{secrets[0].lower()}."
        )


def _root(path: Path) -> yaml.Node | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ConfigError(
            f"SYNCBIT_ACCOUNTS: {path} cannot be read ({why}); let it be the file that declares "
            "the accounts, or a directory with one file NAME.yaml for each."
        ) from None
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(
            f"{path} is no YAML{where}; indent with spaces, and put a value with special "
            "characters into quotes."
        ) from None


def _pairs(path: Path, node: yaml.Node | None, what: str) -> dict[str, yaml.Node]:
    """A mapping's values by their keys; nothing for nothing."""
    if node is None or node.tag == _NULL:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            f"{path}, line {_line(node)}: here go the {what}, one `name: value` a line."
        )
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{path}, line {_line(key)}: a name is a plain word.")
        if key.value in found:
            raise ConfigError(
                f"{path}, line {_line(key)}: {key.value!r} is there twice; remove one of them."
            )
        found[key.value] = value
    return found


def _text(path: Path, variable: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ConfigError(
            f"{path}, line {_line(node)}: {variable} has a list or a mapping; write one value, "
            "several ones with commas between them."
        )
    return "" if node.tag == _NULL else str(node.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
