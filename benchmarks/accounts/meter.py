"""CPU seconds, wall seconds and memory of this process and of those that it started."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS = os.sysconf("SC_CLK_TCK")
LONGEST_SECONDS = 900

Figures = dict[str, float | str | None]


def descendants() -> list[int]:
    """The processes that this one, or one of them, has started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(stat.parent.name)] = int(fields[1])
    found = [os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]


def cpu_seconds(process: int) -> float:
    """What a process used so far, and its children that have ended."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def megabytes(process: int) -> float:
    """Resident memory now."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_of_all() -> float:
    return sum(map(cpu_seconds, [os.getpid(), *descendants()]))


@contextmanager
def limited() -> Iterator[None]:
    """Give up after :data:`LONGEST_SECONDS`."""

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def measured(figures: Figures, name: str) -> Iterator[None]:
    """Keep CPU and wall seconds; what is wrong is kept in their place."""
    cpu, wall = cpu_of_all(), time.perf_counter()
    try:
        with limited():
            yield
    except TimeoutError:
        figures[f"{name}_cpu"] = figures[f"{name}_wall"] = f"> {LONGEST_SECONDS} s"
    except Exception as error:  # noqa: BLE001 - a design that does not work is a result
        print(f"{name}: {error}"[:2000], file=sys.stderr)
        figures[f"{name}_cpu"] = figures[f"{name}_wall"] = "fails"
    else:
        figures[f"{name}_cpu"] = cpu_of_all() - cpu
        figures[f"{name}_wall"] = time.perf_counter() - wall
    print(f"{name}: {figures[f'{name}_cpu']} s CPU", file=sys.stderr, flush=True)
