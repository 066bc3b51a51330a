"""Answers as the API gives them, read without a server: what the tests of parsing share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.samples import decode_labels
from syncbit_dagster.sources.fitbit_web.parse import parse
from syncbit_dagster.sources.fitbit_web.series import to_series

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.sources.fitbit_web.plan import Request

UTC_ZONE = ZoneInfo("UTC")

# What one reads of samples: metric, and label values of its own if there are any, to
# {seconds since the epoch: value}.
Samples = dict[str, dict[int, float]]


def read(asset: str, *answers: tuple[Request, Any], zone: ZoneInfo = UTC_ZONE) -> Samples:
    """The samples of an asset from some requests and their answers."""
    metrics = metrics_of(asset)
    rows = [
        row for request, answer in answers for row in parse(request, answer, metrics, zone).rows
    ]
    found: Samples = {}
    for one in to_series(metrics, rows, {"user": "u"}, zone):
        if not len(one.values):
            continue
        assert np.isfinite(one.values).all()
        assert len(np.unique(one.timestamps)) == len(one.timestamps)
        own = [value for name, value in decode_labels(one.labels).items() if name != "user"]
        name = " ".join([one.metric.removeprefix("fitbit_"), *own])
        times = (one.timestamps // 1000).tolist()
        found[name] = dict(zip(times, one.values.tolist(), strict=True))
    return found


def content_of(path: Path) -> str:
    """A file of the samples: some begin with a byte order mark or have remarks in them."""
    return re.sub(r"//[^\"\n]*$", "", path.read_text("utf-8-sig"), flags=re.MULTILINE)
