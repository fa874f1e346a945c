#!/usr/bin/env python
"""Django's command line for Plumbline."""

import os
import sys
from pathlib import Path
from secrets import token_hex

# platform/ is a source root, not a package: see docs/decisions/0001-platform-is-a-source-root.md
sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["evaluate"]:
        # It measures files and signs nothing, so it runs where nothing is set up.
        os.environ.setdefault("PLUMBLINE_SECRET_KEY", token_hex())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
