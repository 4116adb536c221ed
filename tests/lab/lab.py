#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real processes behind real NATs, in network namespaces of this machine.

    lab.py classes [CLASS]...        is each kind of router what it is meant to be?

Ends with 77 where there are no rights for it.
"""
import argparse
import signal
import sys

from net import need_lab
import classes
from router import CLASSES


def arguments():
    parser = argparse.ArgumentParser(prog="lab", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("classes", help="is each kind of router what it is meant to be?")
    one.add_argument("names", nargs="*", metavar="CLASS", choices=[*CLASSES, []], help=", ".join(CLASSES))
    one.set_defaults(main=classes.main)
    for command in (one,):
        command.add_argument("--json", action="store_true", help="an object a line")
    return parser.parse_args()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is put away
    need_lab()
    try:
        return options.main(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
