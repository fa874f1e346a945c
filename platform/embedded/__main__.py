"""`python -m embedded run` starts the product; `python -m embedded exec -- COMMAND` runs a command beside throw-away
servers (PostgreSQL, Valkey and, with --model, the small model) and exits with its code; `beside -- COMMAND` runs one
with the product's own database, running or not."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from embedded import product
from embedded.environment import ROOT
from embedded.postgres import PostgresError
from embedded.processes import POLL_SECONDS, Child, Process, StartError
from embedded.services import services
from embedded.supervisor import Supervisor


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    commands = parser.add_subparsers(dest="action", required=True)
    commands.add_parser("run", help="start the whole product and stay until Ctrl-C")
    execute = commands.add_parser("exec", help="run a command beside throw-away servers")
    execute.add_argument("--directory", type=Path, default=ROOT / ".local" / "test")
    execute.add_argument("--model", action="store_true", help="start the small model too")
    execute.add_argument("command", nargs="+")
    own = commands.add_parser("beside", help="run a command with the product's own database")
    own.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.action == "run":
        return product.run()
    if options.action == "beside":
        return _execute(product.beside(), options.command)
    return _execute(services(options.directory, model=options.model), options.command)


def _execute(servers: AbstractContextManager[Mapping[str, str]], command: list[str]) -> int:
    with Supervisor() as supervisor:
        try:
            with servers as environment:
                child = Child(
                    Process("command", command, environment, foreground=True, death_signal=signal.SIGTERM),
                    supervisor.say,
                )
                child.start()
                return _wait(child, supervisor)
        except (StartError, PostgresError, OSError) as error:
            print(f"cannot start the servers: {error}", file=sys.stderr)
            return 1


def _wait(child: Child, supervisor: Supervisor) -> int:
    """Ctrl-C reaches the command by itself, for it shares our terminal; other signals are passed on."""
    asked = False
    while child.alive:
        if supervisor.stopping and not asked and not (sys.stdin and sys.stdin.isatty()):
            asked = True
            child.ask_to_stop()
        time.sleep(POLL_SECONDS)
    code = child.returncode or 0
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
