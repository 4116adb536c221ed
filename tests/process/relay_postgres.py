#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two relays that keep their queues in PostgreSQL, and people who are never there at the same time. The database is restarted and
killed, connections are cut, relays and nodes are killed. Each message arrives once, in order, and no row of a cell is left.

PLK_MESSAGES in each direction (150), PLK_SEED, PLK_LIMIT_S (900).
"""
import os
import random
import subprocess
import sys
import threading

from _peer import World, check
from _postgres import Postgres
from _relay import PROGRAM, Relay

os.environ.setdefault("PLK_MESSAGES", "150")  # a database makes rounds long
from kill_relays import SEED, play  # noqa: E402

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'peerlink-relay'"


class PgRelay(Relay):
    """One whose cells are rows of a database of its own."""

    def __init__(self, world, postgres, name):
        self.postgres, self.database, self.url = postgres, name, postgres.database(name)
        super().__init__(world, name, "--store", self.url)

    def cells(self):
        return self.postgres.ask(self.database, "SELECT encode(sid, 'hex') FROM peerlink.rcell")


class DatabaseKiller(threading.Thread):
    def __init__(self, postgres, seed):
        super().__init__(daemon=True)
        self.postgres, self.dice = postgres, random.Random(seed)
        self.stop, self.done, self.error = threading.Event(), [], None

    def cut(self):
        self.postgres.ask("postgres", CUT)

    def crash(self):
        self.postgres.kill()
        self.stop.wait(self.dice.uniform(0, 1.5))
        self.postgres.up()

    def run(self):
        try:
            while not self.stop.wait(self.dice.uniform(2, 6)):  # not a wait for something: the moment of it
                act = self.dice.choice([self.cut, self.crash, self.postgres.restart])
                act()
                self.done.append(act.__name__)
        except Exception as error:  # told by the main thread
            self.error = error


def refused(relay, url, words):
    """A second relay on the same database, and one that does not exist."""
    done = subprocess.run([PROGRAM, "--data", str(relay.data) + "-2", "--listen", "127.0.0.1:0", "--store", url],
                          env=relay.world.env, capture_output=True, text=True, timeout=60)
    check(done.returncode == 1 and words in done.stderr, done)


def main():
    with World() as world:
        postgres = Postgres(world).up()
        relays = [PgRelay(world, postgres, name).up() for name in ("near", "far")]
        refused(relays[0], relays[0].url, "another relay uses this database")
        refused(relays[0], relays[0].url.replace("/near", "/nowhere"), 'database "nowhere" does not exist')
        killer = DatabaseKiller(postgres, SEED)
        play(world, relays, killer)
        print(f"the database: {', '.join(f'{killer.done.count(act)} x {act}' for act in sorted(set(killer.done)))}")


if __name__ == "__main__":
    sys.exit(main())
