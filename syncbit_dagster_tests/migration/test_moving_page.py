"""The page about moving, against the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.cli.migration.old_samples import TEST_METRIC
from syncbit_dagster.config import VARIABLES

PAGE = (Path(__file__).parents[2] / "docs" / "moving.md").read_text()
VALUES = re.compile(r"with `(type|zone|stage)` ((?:`\w+`(?:, )?)+)")


def test_every_metric_exists() -> None:
    named = set(re.findall(r"`(fitbit_[a-z0-9_]+)`", PAGE)) - {"fitbit_web"}
    assert len(named) > 20
    known = {row.name for row in METRICS} | {row.today for row in METRICS if row.is_total}
    assert named - {TEST_METRIC} <= known


def test_every_label_value_exists() -> None:
    found = VALUES.findall(PAGE)
    assert len(found) == 3
    for name, values in found:
        legal = {metric.labels[name] for metric in METRICS if name in metric.labels}
        assert set(re.findall(r"\w+", values)) == legal


def test_every_variable_exists() -> None:
    names = {row.name for row in VARIABLES}
    prefixes = ("FITBIT", "VICTORIA", "SYNCBIT", "GOOGLE", "ENABLE", "INTRADAY", "BACKFILL", "SYNC")
    found = set(re.findall(rf"`((?:{'|'.join(prefixes)})_[A-Z_]+[A-Z])(?:=\w+)?`", PAGE))
    assert len(found) > 10
    assert found <= names
