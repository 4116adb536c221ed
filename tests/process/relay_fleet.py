#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two processes of one relay on one PostgreSQL. Alice comes to the one, Bob to the other; they are never there at the same time. The
database is restarted and killed, connections are cut, processes and nodes are killed. Each message arrives once, in order, and no row
of a cell is left. At last one process is killed for good, and its client goes to the other.

PLK_MESSAGES in each direction (150), PLK_SEED, PLK_LIMIT_S (900).
"""
import os
import shutil
import subprocess
import sys
import time

from _peer import World, check
from _postgres import Postgres
from _relay import PROGRAM, Relay
from relay_postgres import DatabaseKiller  # first: how many messages
import kill_relays
from kill_relays import SEED, play


class Process(Relay):
    """One of those that share a database, and a key."""

    def __init__(self, world, postgres, name, url, first=None):
        self.postgres, self.first = postgres, first
        super().__init__(world, name, "--store", url)
        if first:
            self.data.mkdir(mode=0o700)
            shutil.copy(first.data / "key", self.data / "key")

    def cells(self):
        return self.postgres.ask("fleet", "SELECT encode(sid, 'hex') FROM peerlink.rcell")


def refused(world, url):
    """Another relay's key."""
    done = subprocess.run([PROGRAM, "--data", str(world.root / "stranger"), "--listen", "127.0.0.1:0", "--store", url],
                          env=world.env, capture_output=True, text=True, timeout=60)
    check(done.returncode == 1 and "another relay uses this database" in done.stderr, done)


VERSION_1 = """DROP TABLE peerlink.process; DROP TABLE peerlink.news; ALTER TABLE peerlink.meta DROP relay;
UPDATE peerlink.meta SET version = 1; ALTER TABLE peerlink.rcell_0 RESET (toast_tuple_target)"""


def comes_from_before(postgres, first):
    """A database of one process, as the first version made it, becomes one of several; a newer one is refused."""
    first.down()
    postgres.ask("fleet", VERSION_1)
    tokens = postgres.ask("fleet", "SELECT count(*) FROM peerlink.rtoken")
    first.up()
    check(postgres.ask("fleet", "SELECT version FROM peerlink.meta") == ["2"], "it is not what it was made to be")
    check(postgres.ask("fleet", "SELECT count(*) FROM peerlink.rtoken") == tokens != ["0"], "its rows are gone")
    first.down()
    postgres.ask("fleet", "UPDATE peerlink.meta SET version = 3")
    done = subprocess.run(first.command(), env=first.world.env, capture_output=True, text=True, timeout=60)
    check(done.returncode == 1 and "newer version" in done.stderr, done)
    postgres.ask("fleet", "UPDATE peerlink.meta SET version = 2")
    first.up()


def meet_across(alice, bob, relays):
    """Each knows one process only."""
    for peer, relay in ((alice, relays[0]), (bob, relays[1])):
        peer.do("init", "--name", peer.name)
        peer.up("--relay", relay.address)
    link = alice.do("invite")
    bob.do("add", link, "--as", "Alice", "--message", "Bob begins")
    start = time.monotonic()
    bob.do("send", "Alice", "Bob goes on", "--wait", "delivered")
    alice.do("send", "Bob", "Alice begins", "--wait", "delivered")
    print(f"first contact across two processes: {time.monotonic() - start:.1f} s", flush=True)
    passed = [relay.ask("status")["counters"]["passed"] for relay in relays]
    check(sum(passed) > 0, f"no packet found its subscriber at the other process: {passed}")
    for peer in (alice, bob):
        peer.kill()


def one_dies_for_good(alice, bob, relays):
    """Alice's process is killed and does not come back: she finds the other one, where the first has told her that it is."""
    alice.do("send", "Bob", "before", "--wait", "delivered")
    bob.kill()
    end = time.monotonic() + 60
    rpc = alice.rpc()
    while not all(relay["connected"] for relay in rpc.call("status")["relays"]):
        check(time.monotonic() < end, "Alice does not come to her relay")
    rpc.close()
    relays[0].kill()
    start = time.monotonic()
    alice.do("send", "Bob", "after", "--wait", "stored", "--timeout", "120", timeout=150)
    took_s = time.monotonic() - start
    print(f"a process is killed for good: {took_s:.1f} s until the other has confirmed what its client puts", flush=True)
    check(took_s < 5 or not os.environ.get("PLK_PATIENCE"), f"{took_s:.1f} s")
    bob.up()
    rpc = bob.rpc()
    while all(m["text"] != "after" for m in rpc.call("history", contact="Alice", limit=3)["messages"]):
        check(time.monotonic() < start + 120, "what was stored at the other process did not come")
        time.sleep(0.05)
    rpc.close()


def living(postgres):
    return int(postgres.ask("fleet", "SELECT count(*) FROM peerlink.process WHERE beat > now() - interval '4 s'")[0])


def main():
    with World() as world:
        postgres = Postgres(world).up()
        url = postgres.database("fleet")
        first = Process(world, postgres, "first", url).up()
        comes_from_before(postgres, first)
        relays = [first, Process(world, postgres, "second", url, first).up()]
        refused(world, url)
        end = time.monotonic() + 30
        while living(postgres) != 2:
            check(time.monotonic() < end, "the processes do not see each other")
        killer = DatabaseKiller(postgres, SEED)
        kill_relays.meet = meet_across
        alice, bob = play(world, relays, killer)
        one_dies_for_good(alice, bob, relays)
        print(f"the database: {', '.join(f'{killer.done.count(act)} x {act}' for act in sorted(set(killer.done)))}")


if __name__ == "__main__":
    sys.exit(main())
