#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real processes behind real NATs, in network namespaces of this machine.

    lab.py [pairs] [CLASS [CLASS]]   two people in networks of these classes who know each other through a relay's link only
    lab.py events [EVENT]...         something happens to their networks while they talk
    lab.py table FILE...             the table of results that were kept with --out
    lab.py classes [CLASS]...        is each kind of router what it is meant to be?
    lab.py idle                      what a line carries while nothing is said
    lab.py mappings                  are ports that a router gives away really open?
    lab.py neighbours                do two on one LAN whose line is out find each other?
    lab.py ports [PROTOCOL]...       do nodes ask for them, and talk directly by what they get?

Ends with 77 where there are no rights for it.
"""
import argparse
import pathlib
import signal
import sys

from net import need_lab
import classes
import events
import idle
import mappings
import neighbours
import pairs
import ports
from router import CLASSES

PART = "only so many of them, chosen by the commit (or by $PLK_LAB_SEED)"


def counted(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def class_name(text):
    if text not in CLASSES:
        raise argparse.ArgumentTypeError(f"no class {text}; there are {', '.join(CLASSES)}")
    return text


def event_name(text):
    if text not in events.EVENTS:
        raise argparse.ArgumentTypeError(f"no event {text}; there are {', '.join(events.EVENTS)}")
    return text


def add_events(commands):
    of_events = commands.add_parser("events", help="something happens to their networks while they talk",
                                    formatter_class=argparse.RawDescriptionHelpFormatter,
                                    epilog="\n".join(f"{name:18} {one.words}" for name, one in events.EVENTS.items()))
    of_events.add_argument("names", nargs="*", type=event_name, metavar="EVENT", help="all but those that take minutes")
    of_events.add_argument("--pair", nargs=2, type=class_name, metavar="CLASS", help="the networks of Alice and Bob")
    of_events.add_argument("--jobs", type=counted, default=2, metavar="N", help="events at a time")
    of_events.add_argument("--all", action="store_true", help="those that take minutes, too")
    of_events.add_argument("--some", type=counted, metavar="N", help=PART)
    of_events.set_defaults(main=events.main)
    return of_events


def add_pairs(commands):
    of_pairs = commands.add_parser("pairs", help="two people who know each other through a relay's link only")
    of_pairs.add_argument("names", nargs="*", type=class_name, metavar="CLASS", help="two of them, or one with all others")
    of_pairs.add_argument("--runs", type=counted, default=1, metavar="N", help="of each pair")
    of_pairs.add_argument("--jobs", type=counted, default=2, metavar="N", help="runs at a time")
    of_pairs.add_argument("--wait", type=float, metavar="S", help="how long a direct path is waited for")
    of_pairs.add_argument("--out", type=pathlib.Path, metavar="FILE", help="keeps each run there; goes on with what is there")
    of_pairs.add_argument("--why", action="store_true", help="prints what `peerlink why` says on both sides")
    of_pairs.add_argument("--some", type=counted, metavar="N", help=PART)
    of_pairs.set_defaults(main=pairs.main)
    of_table = commands.add_parser("table", help="the table of results that were kept with --out")
    of_table.add_argument("files", nargs="+", type=pathlib.Path, metavar="FILE")
    of_table.set_defaults(main=pairs.show)
    for command in (of_pairs, of_table):
        command.add_argument("--markdown", action="store_true", help="the table for a page")
        command.add_argument("--strict", action="store_true", help="a figure that is missed is a failure, too")
    return of_pairs, of_table


def arguments():
    parser = argparse.ArgumentParser(prog="lab", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    of_classes = commands.add_parser("classes", help="is each kind of router what it is meant to be?")
    of_classes.add_argument("names", nargs="*", type=class_name, metavar="CLASS", help=", ".join(CLASSES))
    of_classes.set_defaults(main=classes.main)
    of_mappings = commands.add_parser("mappings", help="are ports that a router gives away really open?")
    of_mappings.set_defaults(main=mappings.main)
    of_ports = commands.add_parser("ports", help="do nodes ask for them, and talk directly by what they get?")
    of_ports.add_argument("names", nargs="*", choices=[*ports.KINDS, []], metavar="PROTOCOL", help=", ".join(ports.KINDS))
    of_ports.set_defaults(main=ports.main)
    of_neighbours = commands.add_parser("neighbours", help="do two on one LAN whose line is out find each other?")
    of_neighbours.add_argument("--v6", action="store_true", help="over IPv6 alone")
    of_neighbours.set_defaults(main=neighbours.main)
    of_idle = commands.add_parser("idle", help="what a line carries while nothing is said")
    of_idle.add_argument("--contacts", type=counted, default=200, metavar="N", help="who are all there (200)")
    of_idle.add_argument("--minutes", type=counted, default=15, metavar="N", help="how long it is watched (15)")
    of_idle.add_argument("--network", type=class_name, default="port-restr", metavar="CLASS", help="what is between (port-restr)")
    of_idle.set_defaults(main=idle.main)
    for command in (of_classes, of_mappings, of_ports, of_neighbours, of_idle, add_events(commands), *add_pairs(commands)):
        command.add_argument("--json", action="store_true", help="an object a line")
    return parser.parse_args(sys.argv[1:] or ["pairs"])


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is put away
    if options.command != "table":
        need_lab()
    try:
        return options.main(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
