"""Become another program that cannot outlive the process that started it.

`python -I spawn.py --parent PID --death-signal N [--user UID:GID] -- COMMAND...`

A program of its own, not a `preexec_fn`, since that may deadlock where the parent has threads. Runs alone, without the
package around it, so that it starts in a few milliseconds.
"""

import argparse
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="spawn")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if options.user:
        uid, gid = map(int, options.user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        os.chdir("/")
    if libc is not None:  # after setuid, which clears it
        libc.prctl(PR_SET_PDEATHSIG, options.death_signal)
    if os.getppid() != options.parent:  # it died before we could ask to be told
        sys.exit(1)
    os.execvp(options.command[0], options.command)  # noqa: S606  # becoming the program is the point


if __name__ == "__main__":
    main()
