"""What loading the definitions costs beyond `import dagster`: fresh processes, in turns.

python -m benchmarks.load.run
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 9
CASES = {
    "import dagster": "import dagster",
    "definitions": "import dagster, syncbit_dagster.definitions",
}


def seconds(code: str) -> float:
    """Wall time of a fresh interpreter that runs some code."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure in turns, so that a busy moment of the machine hits both."""
    took: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, code in CASES.items():
            took[name].append(seconds(code))
    for name, values in took.items():
        print(f"{name:16} median {statistics.median(values):.2f} s  min {min(values):.2f} s")
    pairs = zip(took["definitions"], took["import dagster"], strict=True)
    beyond = [ours - theirs for ours, theirs in pairs]
    print(f"beyond dagster   median {statistics.median(beyond):.2f} s  max {max(beyond):.2f} s")


if __name__ == "__main__":
    main()
