"""The accounts of a deployment: the one of the environment, or those that a file declares.

For a declared account, what is its own wins over what is common: its secret files, its entry in the
file, the common secret files, ``.env``, the environment.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncbit_dagster.config.accounts_file import read_accounts
from syncbit_dagster.config.origins import (
    SECRETS_DIRECTORY,
    Origin,
    process_environment,
    read_values,
    value_of,
)
from syncbit_dagster.config.settings import settings_from
from syncbit_dagster.config.variables import VARIABLES
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from syncbit_dagster.config.settings import Settings

LABELS = [row for row in VARIABLES if row.name in {"FITBIT_USER_ID", "FITBIT_DEVICE"}]


def load_accounts(
    environment: Mapping[str, str] | None = None,
    *,
    secrets_directory: Path = SECRETS_DIRECTORY,
    now: datetime | None = None,
) -> list[Settings]:
    """The settings of each account that this process has to do with; one at least.

    Without ``SYNCBIT_ACCOUNTS`` that is the environment's, and it has no name.

    Args:
        environment: variables; default: ``.env`` in the working directory over the process's.
        secrets_directory: where common secret files lie, and those of an account in ``NAME/``.
        now: aware; decides what "30 days ago" is.

    Raises:
        ConfigError: a value is not legal, or two accounts cannot be told apart.
    """
    now = now or datetime.now(UTC)
    variables = process_environment() if environment is None else environment
    common = Origin(variables, secrets_directory)
    values = read_values(common)
    path, chosen = values["SYNCBIT_ACCOUNTS"], values["SYNCBIT_ACCOUNT_NAMES"] or ()
    if path is None:
        if chosen:
            raise ConfigError(
                "SYNCBIT_ACCOUNT_NAMES needs SYNCBIT_ACCOUNTS: the file that declares the accounts."
            )
        return [settings_from(values, now)]
    accounts = {
        # Two people are not one series because they forgot to say so: the label is the name.
        name: (Origin({"FITBIT_USER_ID": name, **entry}, common.secrets_directory / name), common)
        for name, entry in read_accounts(path).items()
    }
    for name in chosen:
        if name not in accounts:
            raise ConfigError(
                f"SYNCBIT_ACCOUNT_NAMES: {path} declares no account {name!r}; there are "
                f"{', '.join(accounts)}."
            )
    # Of the others nothing but their labels matters here, and there may be a thousand of them.
    _require_labels_apart(accounts, path)
    return [
        _settings(name, origins, path, now)
        for name, origins in accounts.items()
        if not chosen or name in chosen
    ]


def load_account(name: str | None) -> Settings:
    """The settings of the account that somebody chose; None: there has to be only one.

    Raises:
        ConfigError: there is no such account, or nobody chose and there are several; and see
            :func:`load_accounts`.
    """
    accounts = {one.name: one for one in load_accounts()}
    if name in accounts:
        return accounts[name]
    if None in accounts:
        raise ConfigError(
            f"There is no account {name!r}, only the one of the environment; leave --account out, "
            "or set SYNCBIT_ACCOUNTS to the file that declares accounts."
        )
    there = ", ".join(map(str, accounts))
    if name is None:
        raise ConfigError(f"Say which account with --account NAME; there are {there}.")
    raise ConfigError(f"There is no account {name!r}; there are {there}.")


def _settings(name: str, origins: Sequence[Origin], path: Path, now: datetime) -> Settings:
    with _named(path, name):
        return settings_from(read_values(*origins), now, name)


def _require_labels_apart(accounts: Mapping[str, Sequence[Origin]], path: Path) -> None:
    held: dict[tuple[str, ...], str] = {}
    for name, origins in accounts.items():
        with _named(path, name):
            user, device = (value_of(row, origins) for row in LABELS)
        other = held.setdefault((user, device), name)
        if other != name:
            raise ConfigError(
                f"The accounts {other!r} and {name!r} have the same labels, user={user!r} and "
                f"device={device!r}, so their samples would be the same series; give one of them "
                "another FITBIT_USER_ID or FITBIT_DEVICE."
            )


@contextmanager
def _named(path: Path, name: str) -> Iterator[None]:
    """What is wrong is said of the account."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{path}, account {name!r}: {error}") from None
