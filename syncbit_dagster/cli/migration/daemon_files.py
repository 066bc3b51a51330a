"""The state file of the SyncBit daemon, read and never written.

``sync_state.json`` has ``last_sync``, ``last_successful_date`` and, where it filled intraday
history, ``last_intraday_backfill_date``. Its tokens belong to an API that was turned off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

STATE = "sync_state.json"


@dataclass(frozen=True)
class DaemonState:
    """How far the daemon believed to have come; each may be unknown."""

    last_day: date | None
    last_intraday_day: date | None


def read_state(directory: Path) -> DaemonState:
    """Read the daemon's data directory (its ``DATA_DIR``, ``/app/data`` in its container).

    Raises:
        ConfigError: there is no such file, or one that cannot be read or is not the daemon's.
    """
    path = directory / STATE
    try:
        content = orjson.loads(path.read_bytes())
        if not isinstance(content, dict):
            raise _not_the_daemons(path)
        return DaemonState(
            last_day=_day(content.get("last_successful_date")),
            last_intraday_day=_day(content.get("last_intraday_backfill_date")),
        )
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            f"{directory} holds no {STATE}; give the directory that the daemon called DATA_DIR."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); run this as the user who owns it."
        ) from None
    except (TypeError, ValueError):  # of JSON that is broken, too
        raise _not_the_daemons(path) from None


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def _not_the_daemons(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} is not what the SyncBit daemon writes, or damaged; move it out of the directory "
        "to go on without it."
    )
