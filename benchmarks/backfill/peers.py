"""Requests that other programs take for a year, by their public code of November 2026."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A program.

    Attributes:
        name: and which API it asks.
        daily: requests for a year of its daily values.
        intraday: for a year of steps and heart rate by the minute.
    """

    name: str
    daily: str
    intraday: str


PEERS = (
    Peer("SyncBit daemon (Fitbit Web API)", "2,920", "730"),
    Peer("fitbit-grafana (Google Health)", "4,834", "1,825 to 2,555"),
    Peer("fitbit-grafana (Fitbit Web API)", "94", "730"),
    Peer("open-wearables (Google Health)", "250 to 300", "6,830"),
    Peer("FSVM88's fitbit-exporter (Fitbit Web API)", "364", "none"),
)
