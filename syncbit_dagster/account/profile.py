"""What ``syncbit authorize`` learned about the account: its zone, its first day, its devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncbit_dagster.account.state.private_file import read_json, write_json
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Profile:
    """Facts that the provider knows about the account; each may be unknown.

    ``devices`` are the names of the paired devices' models, such as ``Charge 6``. ``refusals`` say
    what the provider would not tell, a sentence each.
    """

    zone: ZoneInfo | None = None
    first_day: date | None = None
    devices: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileFile:
    """Where the profile is kept."""

    path: Path

    def load(self) -> Profile:
        """The stored profile; an empty one before the first authorization."""
        content = read_json(self.path) or {}
        try:
            return Profile(
                zone=ZoneInfo(content["zone"]) if content.get("zone") else None,
                first_day=(
                    date.fromisoformat(content["first_day"]) if content.get("first_day") else None
                ),
                devices=tuple(content.get("devices", ())),
            )
        except (ValueError, TypeError, KeyError):
            raise ConfigError(
                f"{self.path} is damaged; delete it and run `syncbit authorize` again."
            ) from None

    def exists(self) -> bool:
        """Whether anybody has ever authorized here."""
        return self.path.exists()

    def save(self, profile: Profile) -> None:
        write_json(
            self.path,
            {
                "zone": profile.zone.key if profile.zone else None,
                "first_day": profile.first_day.isoformat() if profile.first_day else None,
                "devices": list(profile.devices),
            },
        )
