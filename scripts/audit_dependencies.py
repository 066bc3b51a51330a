"""Ask whether a version in ``constraints.txt`` has a known vulnerability: ``make audit``.

Exit status 0: all were looked up and none is known. 1: some are known; they are listed. 2: nobody
knows, because the service could not be asked, or did not know a package. Not looked up is not safe:
pip-audit itself says *No known vulnerabilities found* and exits with 0 where it skipped everything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = Path(__file__).parents[1] / "constraints.txt"
OPTIONS = ("--requirement", str(PINS), "--disable-pip", "--no-deps", "--progress-spinner", "off")
FOUND, UNKNOWN = 1, 2
NAMED = 5


def main() -> int:
    """Run the program that is named on the command line; say in words what it found."""
    command = [sys.argv[1], *OPTIONS, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(
            "The service that knows vulnerabilities could not be asked; nothing was looked up. Run "
            f"`make audit` on a machine with a network. pip-audit: {reason}"
        )
        return UNKNOWN
    return say(packages)


def say(packages: list[dict[str, Any]]) -> int:
    """Print the verdict on pip-audit's list of packages; return the exit status."""
    for package in packages:
        for one in package.get("vulns", ()):
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {one['id']}, repaired in {fixed}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped or not packages:
        few = ", ".join(skipped[:NAMED]) + (", ..." if len(skipped) > NAMED else "")
        print(
            f"{len(skipped)} of {len(packages)} packages were not looked up ({few}): the service "
            "does not know them, as behind a mirror that carries files alone. This is no verdict; "
            "run `make audit` where the service itself can be reached."
        )
    if any(package.get("vulns") for package in packages):
        return FOUND
    if skipped or not packages:
        return UNKNOWN
    print(f"No vulnerability is known in any of {len(packages)} packages.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
