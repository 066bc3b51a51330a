"""The dashboards: one table of what is where, and a rule for whatever no row names."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, Row
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, GridPos

from syncbit_dagster.catalog.units import title
from tools.grafana import headlines, nights, streaks, sync
from tools.grafana.rows import asset_panels, own_panels
from tools.grafana.variables import ZONE, account_variables, goal_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from grafana_foundation_sdk.models.dashboard import Dashboard as DashboardModel

    from syncbit_dagster.catalog import Asset, Metric
    from tools.grafana.panels import AnyPanel
    from tools.grafana.rows import OwnMetric

    MadeOfMetrics: TypeAlias = Callable[[Sequence[Metric]], list[AnyPanel]]

TAG = "syncbit"
GRID_WIDTH = 24
BY_DAY, IN_A_DAY = "By day", "In the course of the day"


@dataclass(frozen=True)
class Board:
    """One row: a dashboard.

    Attributes:
        uid: Grafana's name for it, and that of its file.
        title: what people call it.
        description: one sentence.
        period: the range that it opens with, as Grafana writes it.
        until: its end; the calendars need the Thursday of the week that has begun.
        first: sections above those of the assets, and what makes their panels.
        assets: sections and the assets whose rows have their panels there.
        rest_of: the group whose assets come here when no dashboard names them.
        has_goals: whether its streaks need goals.
        is_about_sync: whether the metrics about the sync have their panels here.
    """

    uid: str
    title: str
    description: str
    period: str = "now-90d"
    until: str = "now"
    first: Mapping[str, MadeOfMetrics] = field(default_factory=dict)
    assets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rest_of: str | None = None
    has_goals: bool = False
    is_about_sync: bool = False


BOARDS = (
    Board(
        "syncbit-overview",
        "SyncBit: overview",
        "Today, the last week, and days in a row that reach a goal.",
        first={
            "Today": headlines.today,
            "Last 7 days": headlines.week,
            "Streaks": streaks.streaks,
        },
        has_goals=True,
    ),
    Board(
        "syncbit-activity",
        "SyncBit: activity",
        "Steps, distance, calories, minutes by level, floors; by day and in the course of the day.",
        period="now-30d",
        assets={
            BY_DAY: ("activity_summary",),
            IN_A_DAY: (
                "intraday_steps",
                "intraday_distance",
                "intraday_calories",
                "intraday_floors",
                "intraday_elevation",
            ),
        },
        rest_of="intraday",
    ),
    Board(
        "syncbit-heart",
        "SyncBit: heart",
        "Heart rate in the course of the day with its range, resting heart rate, zones.",
        period="now-30d",
        assets={
            IN_A_DAY: ("intraday_heart_rate",),
            BY_DAY: ("heart_rate", "active_zone_minutes"),
        },
    ),
    Board(
        "syncbit-sleep",
        "SyncBit: sleep",
        "The last night; stages, start and end, efficiency; how regular the nights are.",
        first={"Last night": nights.last_night, "Regularity": nights.regularity},
        assets={BY_DAY: ("sleep",)},
    ),
    Board(
        "syncbit-vitals",
        "SyncBit: vitals",
        "Blood oxygen, heart-rate variability, breathing, skin temperature, VO2 max, body.",
        assets={
            "Of the night": (
                "oxygen_saturation",
                "heart_rate_variability",
                "breathing_rate",
                "skin_temperature",
            ),
            "Fitness and body": ("cardio_fitness", "body"),
        },
        rest_of="daily",
    ),
    Board(
        "syncbit-calendar",
        "SyncBit: calendar",
        "A year of days as heat maps: weeks from left to right, weekdays from top to bottom.",
        period="now-1y",
        until="now+3d",
        first={"Weeks and weekdays": headlines.calendars},
    ),
    Board(
        "syncbit-sync",
        "SyncBit: sync health",
        "What the sync did and how it stands: lag, failures, requests, quota, token, devices.",
        period="now-7d",
        assets={"Devices": ("devices",)},
        rest_of="devices",
        is_about_sync=True,
    ),
)


def dashboards(
    metrics: Sequence[Metric], assets: Sequence[Asset], own: Sequence[OwnMetric]
) -> dict[str, DashboardModel]:
    """Every dashboard by its uid.

    Args:
        metrics: the metric table; each of its rows is on some panel.
        assets: the asset table.
        own: the table of the metrics about the sync.
    """
    return {
        board.uid: _dashboard(board, _sections(board, metrics, assets, own)) for board in BOARDS
    }


def _sections(
    board: Board, metrics: Sequence[Metric], assets: Sequence[Asset], own: Sequence[OwnMetric]
) -> dict[str, list[AnyPanel]]:
    """The panels of a dashboard, section by section; a section without a panel is left out."""
    sections: dict[str, list[AnyPanel]] = {}
    if board.is_about_sync:
        sections |= {"Now": sync.state_of_sync(own), "In time": own_panels(own)}
    sections |= {name: make(metrics) for name, make in board.first.items()}
    by_name = {asset.name: asset for asset in assets}
    for section, names in {**board.assets, **_rest(board, assets)}.items():
        sections[section] = [
            panel
            for name in names
            if name in by_name
            for panel in asset_panels(by_name[name], [row for row in metrics if row.asset == name])
        ]
    return {name: panels for name, panels in sections.items() if panels}


def _rest(board: Board, assets: Sequence[Asset]) -> dict[str, tuple[str, ...]]:
    """Sections for the assets of the dashboard's group that no dashboard names."""
    named = {name for one in BOARDS for names in one.assets.values() for name in names}
    return {
        title(one.name): (one.name,)
        for one in assets
        if one.group == board.rest_of and one.name not in named
    }


def _dashboard(board: Board, sections: Mapping[str, Sequence[AnyPanel]]) -> DashboardModel:
    made = Dashboard(board.title).uid(board.uid).description(board.description).tags([TAG])
    # The reader's own zone, or another one: the queries are right in all of them.
    made.timezone("browser").time(board.period, board.until).refresh("").editable()
    made.link(
        DashboardLink("SyncBit")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(False)
    )
    for variable in account_variables():
        made.with_variable(variable)
    for box in goal_variables() if board.has_goals else []:
        made.with_variable(box)
    numbers, top = count(1), 0
    for name, panels in sections.items():
        made.with_row(Row(name).id(next(numbers)).grid_pos(GridPos(1, GRID_WIDTH, 0, top)))
        top += 1
        for panel, (x, y) in zip(panels, _places(panels, top), strict=True):
            size = panel.build().grid_pos or GridPos()
            made.with_panel(panel.id(next(numbers)).grid_pos(GridPos(size.h, size.w, x, y)))
            top = max(top, y + size.h)
    built = made.build()
    for one in (built.templating and built.templating.list_val) or []:
        # The zone follows the reader; a link must not carry that of another one.
        one.skip_url_sync = one.name == ZONE
    return built


def _places(panels: Sequence[AnyPanel], top: int) -> list[tuple[int, int]]:
    """Where panels go on the grid: from left to right, and on below where the width ends."""
    places, x, y, height = [], 0, top, 0
    for panel in panels:
        size = panel.build().grid_pos or GridPos()
        if x + size.w > GRID_WIDTH:
            x, y, height = 0, y + height, 0
        places.append((x, y))
        x, height = x + size.w, max(height, size.h)
    return places
