"""All commands as one parser: for completions and the manual page, not for running."""

from __future__ import annotations

import argparse
from importlib import import_module

from spdcheck.cli.dispatch import COMMANDS


def whole() -> argparse.ArgumentParser:
    """The command line of spdcheck with every command and option."""
    parser = argparse.ArgumentParser(
        prog="spdcheck",
        description="Verifies IPsec policies and the firewalls around them, and tells what happens to a packet.",
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        module = import_module(f"spdcheck.cli.{name}")
        one = commands.add_parser(
            name,
            help=text,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.arguments(one)
    return parser
