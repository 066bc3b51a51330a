"""What is known of a number of mornings, as a table."""

from __future__ import annotations

from statistics import mean, median
from typing import Any

Line = dict[str, Any]


def table(lines: list[Line]) -> list[str]:
    """Markdown: a figure a row."""
    return ["| | |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows(lines))]


def rows(lines: list[Line]) -> list[tuple[str, str]]:
    """What it is, and the figure; CPU is seconds an account."""
    runs = [one for one in lines if "name" in one]
    loads = [one for one in lines if "load_cpu" in one]
    servers = [one for one in lines if one.get("kind") == "servers"]
    broken = [one for one in lines if one.get("kind") == "broken"]
    ends = [one for one in lines if one.get("kind") == "end"]
    tenth = max(1, len(runs) // 10)
    cpu = [one["cpu"] for one in runs]
    of_loading = sum(one["load_cpu"] for one in loads) / len(runs)
    of_starting = sum(one["start_cpu"] for one in loads) / len(runs)
    of_servers = {
        name: sum(one[f"{name}_cpu"] for one in servers) / len(runs)
        for name in ("emulator", "store", "database")
    }
    stored, asked = ends[-1]["stored"], _together([one["requests"] for one in ends])
    equal = sum(stored.get(one["name"]) == one["samples"] for one in runs)
    return [
        ("accounts that had their morning", f"{len(runs):,}"),
        ("  of these failed", str(sum(not one["success"] for one in runs))),
        ("locations that ended too early", str(len(broken))),
        ("accounts whose samples in the store are as many as their run told", f"{equal:,}"),
        ("samples of an account, mean", f"{mean(one['samples'] for one in runs):.1f}"),
        ("requests of an account, mean", f"{mean(asked[one['name']] for one in runs):.1f}"),
        ("partitions on Dagster's record", f"{sum(ends[-1]['partitions'].values()):,}"),
        ("CPU: tick and run, mean", f"{mean(cpu):.2f}"),
        ("  median", f"{median(cpu):.2f}"),
        ("  mean of the first tenth", f"{mean(cpu[:tenth]):.2f}"),
        ("  mean of the last tenth", f"{mean(cpu[-tenth:]):.2f}"),
        ("CPU: start of the location's process, shared", f"{of_starting:.2f}"),
        ("CPU: load the accounts", f"{of_loading:.3f}"),
        *((f"CPU: {name}", f"{used:.2f}") for name, used in of_servers.items()),
        (
            "CPU: all of it",
            f"{mean(cpu) + of_loading + of_starting + sum(of_servers.values()):.2f}",
        ),
        ("wall s of a tick and run, median", f"{median(one['wall'] for one in runs):.2f}"),
        ("wall s of all, an account", f"{_spans(lines) / len(runs):.2f}"),
        ("peak memory of a location's process, MB", f"{max(one['peak_mb'] for one in runs):.0f}"),
        ("  of the emulator", f"{max(one['emulator_mb'] for one in servers):.0f}"),
        ("  of the store", f"{max(one['store_mb'] for one in servers):.0f}"),
        ("disk of the store, MB", f"{ends[-1]['store_disk_mb']:.1f}"),
        ("disk of Dagster's records, MB", f"{ends[-1]['records_disk_mb']:.1f}"),
        ("  an account", f"{ends[-1]['records_disk_mb'] / len(runs):.2f}"),
    ]


def _together(counts: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(one.get(name, 0) for one in counts) for one in counts for name in one}


def _spans(lines: list[Line]) -> float:
    """Seconds from the first line of each start to its last, all starts together."""
    total, began = 0.0, None
    for line in lines:
        began = line["at"] if began is None else began
        if line.get("kind") == "end":
            total, began = total + line["at"] - began, None
    return total
