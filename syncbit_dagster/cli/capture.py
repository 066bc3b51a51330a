"""Write down what the provider's answers look like, for a bug report: names, types and counts.

No value, no id and no time of yours is in the file. It asks for the last days of every asset.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from syncbit_dagster.config import load_account
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.factories import offered_assets, open_source
from syncbit_dagster.sources.errors import SourceError

if TYPE_CHECKING:
    import argparse

HELP = "the shapes of the provider's answers, for a bug report"
# A name in the API is a word; anything else is taken for something of a person.
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]*")
_IN_PATHS = re.compile(r"\d[\d:.TZ-]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=2, help="how many days, until yesterday")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    settings = load_account(arguments.account)
    if settings.is_offline:
        print(f"Nothing to capture: {settings.account.provider} reads files of this machine.")
        return 0
    today = civil_day(datetime.now(UTC), settings.account.zone)
    days = DayRange(today - timedelta(days=arguments.days), today - timedelta(days=1))
    answers: list[dict[str, Any]] = []
    refusals: dict[str, str] = {}

    def note(path: str, status: int, content: Any) -> None:
        where = _IN_PATHS.sub("0", path)
        answers.append({"path": where, "status": status, "shape": shape(content)})

    with closing(open_source(settings)) as source:
        source.traffic.observer = note
        for asset in offered_assets(settings):
            try:
                if asset.is_partitioned:
                    for _ in source.fetch(asset, days):
                        pass
                else:
                    source.fetch_current(asset)
            except SourceError as error:
                refusals[asset.name] = error.why or type(error).__name__
    content = {"provider": settings.account.provider, "days": len(days)}
    found = {**content, "answers": answers, "refusals": refusals}
    arguments.output.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    print(f"The shapes of {len(answers)} answers are in {arguments.output}; read it before you")
    print("send it: it holds names, types and counts, and no value.")
    return 0


def shape(value: Any) -> Any:
    """The names, types and counts of a JSON value.

    An object is its fields; a list has the number of its elements and each shape among them.
    """
    if isinstance(value, dict):
        return {_name(key): shape(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        shapes = Counter(orjson.dumps(shape(one)) for one in value)
        of = [{"times": times, "shape": orjson.loads(one)} for one, times in shapes.most_common()]
        return {"elements": len(value), "of": of}
    return "null" if value is None else type(value).__name__


def _name(key: str) -> str:
    return key if _NAME.fullmatch(key) else "?"
