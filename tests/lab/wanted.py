# SPDX-License-Identifier: MIT
"""What two classes of networks permit (wanted.txt), and what of it a node has to reach in which time."""
import pathlib

BASIC, PREDICT, BIRTHDAY, NONE, TCP = "B", "P", "D", "-", "T"
TABLE = pathlib.Path(__file__).with_name("wanted.txt")

# The share of runs that end on a direct path, and how long after the link is up, beyond so many round trips.
SHARE = {BASIC: 1.0, TCP: 1.0, PREDICT: 0.98, BIRTHDAY: 0.98, NONE: 0.0}
TRIPS = {BASIC: 2, TCP: 2, PREDICT: 0, BIRTHDAY: 0}
BEYOND_MS = {BASIC: 100, TCP: 100, PREDICT: 1000, BIRTHDAY: 10000}
FIRST_TRIPS, FIRST_BEYOND_MS = 3, 50  # of the first message of a cold contact


def read():
    rows, names = {}, []
    for line in TABLE.read_text().splitlines():
        if not line.startswith("#"):
            name, *words = line.split()
            names.append(name)
            rows.update({frozenset((name, other)): word for other, word in zip(names, words)})
    return rows


UDP = read()


def by_udp(a, b):
    return UDP[frozenset((a, b))]


def by_tcp(a, b):
    """Can a simultaneous open connect them?"""
    a, b = ("port-restr" if name == "udp-blocked" else name for name in (a, b))
    return by_udp(a, b) in (BASIC, PREDICT)


def wanted(a, b):
    """B, P, D; T where TCP can what UDP cannot; - where only a relay is left."""
    word = by_udp(a, b)
    return TCP if word == NONE and by_tcp(a, b) else word
