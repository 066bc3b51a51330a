"""`syncbit COMMAND`: the commands of CONTRACT section 5, one module each."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from syncbit_dagster.cli import authorize, capture, demo, doctor, emulator, migrate, plan, report
from syncbit_dagster.core.errors import SyncbitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

COMMANDS: dict[str, ModuleType] = {
    "authorize": authorize,
    "doctor": doctor,
    "capture": capture,
    "plan": plan,
    "report": report,
    "migrate": migrate,
    "emulator": emulator,
    "demo": demo,
}
# Those that have to do with an account, which may be one of many.
OF_AN_ACCOUNT = {"authorize", "capture", "doctor", "plan", "report", "migrate"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error is one sentence on standard error and exit status 1."""
    parser = argparse.ArgumentParser(
        prog="syncbit", description="Your whole Fitbit history in your own VictoriaMetrics."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.add_argument(
            "--log-level",
            choices=("DEBUG", "INFO", "WARNING", "ERROR"),
            default="WARNING",
            help="how much is told on standard error",
        )
        if name in OF_AN_ACCOUNT:
            command.add_argument(
                "--account",
                metavar="NAME",
                help="which one of those that SYNCBIT_ACCOUNTS declares",
            )
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=chosen.log_level, format="%(levelname)s %(message)s")
    try:
        status: int = COMMANDS[chosen.command].run(chosen)
    except SyncbitError as error:
        print(f"syncbit {chosen.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
