"""Exports that tests write, and what the source makes of them."""

from __future__ import annotations

import gzip
import json
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.samples import Series, decode_labels, to_series
from syncbit_dagster.sources.takeout import TakeoutSource
from syncbit_dagster.stores.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncbit_dagster.account.account import Account
    from syncbit_dagster.catalog import Asset
    from syncbit_dagster.core.civil import DayRange

LABELS = {"user": "ann", "device": "watch"}
INSIDE = "Takeout/Fitbit/Global Export Data"
BERLIN = ZoneInfo("Europe/Berlin")
Row = dict[str, Any]
Values = dict[int, float]


def account(zone: ZoneInfo = BERLIN) -> Account:
    """An account with a zone and labels; the rest of it is never used."""
    variables = {"SYNCBIT_PROVIDER": "demo", "SYNCBIT_TIMEZONE": zone.key}
    settings = load_settings(variables, secrets_directory=Path("no-secrets"))
    return replace(settings.account, labels=LABELS)


def source(
    path: Path, zone: ZoneInfo = BERLIN, *, interval: int = 60, heart_rate_interval: int = 60
) -> TakeoutSource:
    def interval_of(asset: Asset) -> int:
        return heart_rate_interval if asset.name == "intraday_heart_rate" else interval

    return TakeoutSource.connect(account(zone), path=path, interval_of=interval_of)


def fetched(found: TakeoutSource, asset: str, days: DayRange) -> dict[str, Values]:
    """All samples by metric and its own label, checked as a store does."""
    result: dict[str, Values] = {}
    expected = days.first
    for batch in found.fetch(asset_named(asset), days):
        assert batch.days.first == expected
        expected = batch.days.last + timedelta(days=1)
        for one in validate(to_series(batch.samples)):
            result.setdefault(name_of(one), {}).update(
                zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
            )
    assert expected == days.last + timedelta(days=1)
    return result


def name_of(series: Series) -> str:
    """A metric, and the values of the labels that are not the account's."""
    own = [v for k, v in decode_labels(series.labels).items() if k not in LABELS]
    return "/".join([series.metric, *own])


def stamp(reading: datetime) -> str:
    return f"{reading:%m/%d/%y %H:%M:%S}"


def minutes(first: datetime, values: Iterable[Any], step: int = 60) -> list[Row]:
    """Rows as the files have them, from a reading of their clock on."""
    return [
        {"dateTime": stamp(first + timedelta(seconds=step * n)), "value": value}
        for n, value in enumerate(values)
    ]


def day_rows(first: date, values: Iterable[Any]) -> list[Row]:
    """Rows of one day each."""
    return minutes(datetime(first.year, first.month, first.day), values, step=86_400)  # noqa: DTZ001


def sleep_log(log_id: int, start: str, end: str, **fields: Any) -> Row:
    return {
        "logId": log_id,
        "dateOfSleep": end[:10],
        "startTime": start,
        "endTime": end,
        "duration": 28_800_000,
        "minutesAsleep": 400,
        "timeInBed": 480,
        "efficiency": 90,
        "type": "stages",
        "levels": {
            "summary": {"deep": {"count": 3, "minutes": 60}, "wake": {"count": 20, "minutes": 80}}
        },
        "mainSleep": True,
        **fields,
    }


def encoded(content: Any, name: str) -> bytes:
    """Rows as JSON, texts and bytes as they are; gzipped if the name says so."""
    if isinstance(content, str):
        content = content.encode()
    plain = content if isinstance(content, bytes) else json.dumps(content, indent=1).encode()
    return gzip.compress(plain) if name.endswith(".gz") else plain


def write_folder(folder: Path, files: Mapping[str, Any], inside: str = INSIDE) -> Path:
    for name, content in files.items():
        path = folder / inside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(content, name))
    return folder


def write_zip(path: Path, files: Mapping[str, Any], inside: str = INSIDE) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{inside}/{name}" if inside else name, encoded(content, name))
    return path
