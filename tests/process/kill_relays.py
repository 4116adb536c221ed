#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kill test for people who are never there at the same time: their messages go through two relays, while nodes and relays are
killed with SIGKILL at random moments. Each message arrives once, in order, and afterwards the relays hold no cell.

PLK_MESSAGES in each direction (300), PLK_SEED, PLK_LIMIT_S (900).
"""
import os
import random
import sys
import threading
import time

from _peer import RpcError, World, check
from _relay import Relay
from kill import compare

MESSAGES = int(os.environ.get("PLK_MESSAGES", "300"))
SEED = int(os.environ.get("PLK_SEED", str(random.randrange(1 << 32))))
LIMIT_S = float(os.environ.get("PLK_LIMIT_S", "900"))
AT_ONCE = 400  # given in one presence: fewer than mail keeps unacknowledged


class RelayKiller(threading.Thread):
    """One relay dies and comes back, the other stays meanwhile."""

    def __init__(self, relays, seed):
        super().__init__(daemon=True)
        self.relays, self.dice = relays, random.Random(seed)
        self.stop, self.kills, self.error = threading.Event(), 0, None

    def run(self):
        try:
            while not self.stop.wait(self.dice.uniform(1, 6)):  # not a wait for something: the moment of the kill
                relay = self.dice.choice(self.relays)
                relay.kill()
                self.kills += 1
                self.stop.wait(self.dice.uniform(0, 1.5))
                relay.up()
        except Exception as error:  # told by the main thread
            self.error = error


class Person:
    def __init__(self, peer, to):
        self.peer, self.to, self.given, self.accepted = peer, to, 0, {}
        self.kills = 0

    def give(self, rpc):
        """Up to AT_ONCE more; one that was not answered before a kill is given again under the same id."""
        end = min(MESSAGES, self.given + AT_ONCE)
        while self.given < end:
            text = f"{self.peer.name} {self.given:06d}"
            try:
                result = rpc.call("send", contact=self.to, text=text, id=text)
            except RpcError as error:
                if error.name not in ("BUSY", "STALLED"):
                    raise
                continue
            known = self.accepted.setdefault(text, result["id"])
            check(known == result["id"], f"{text} was accepted twice")
            self.given += 1

    def undelivered(self, rpc):
        return rpc.call("contacts")["contacts"][0]["undelivered"]

    def present(self, dice, seconds):
        """Comes, says and hears what there is, dies, comes again, and leaves."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.peer.up()
            timer = threading.Timer(dice.uniform(0.2, seconds), lambda: self.peer.node and self.peer.node.kill())
            timer.start()
            try:
                rpc = self.peer.rpc()
                rpc.call("watch")
                self.give(rpc)
                while time.monotonic() < end:
                    rpc.event(seconds=max(0.01, end - time.monotonic()))
            except (ConnectionError, OSError, TimeoutError):
                pass
            timer.cancel()
            timer.join()
            self.kills += 1
            self.peer.kill()


def left(person):
    """What it still has to say, and whether it ever heard all: read with nobody else there."""
    person.peer.up()
    rpc = person.peer.rpc()
    count = person.undelivered(rpc)
    rpc.close()
    person.peer.kill()
    return count + MESSAGES - person.given


def meet(alice, bob, relays):
    for peer in (alice, bob):
        peer.do("init", "--name", peer.name)
        peer.up("--relay", relays[0].address, "--relay", relays[1].address)
    link = alice.do("invite")
    bob.do("add", link, "--as", "Alice", "--message", "Bob begins")
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "Bob begins")
    rpc.close()
    bob.do("send", "Alice", "Bob goes on", "--wait", "delivered")
    alice.do("send", "Bob", "Alice begins", "--wait", "delivered")
    for peer in (alice, bob):
        peer.kill()


def play(world, relays, *others):
    """The story, with two relays that are there, and with other threads that do harm."""
    print(f"seed {SEED}: {MESSAGES} messages in each direction, nobody there at the same time", flush=True)
    dice, start = random.Random(SEED), time.monotonic()
    alice, bob = world.peer("Alice"), world.peer("Bob")
    meet(alice, bob, relays)
    people = [Person(alice, "Bob"), Person(bob, "Alice")]
    killer = RelayKiller(relays, dice.random())
    killers = [killer, *others]
    for one in killers:
        one.start()
    rounds = 0
    while any(left(p) for p in people):
        check(time.monotonic() - start < LIMIT_S, f"not delivered after {LIMIT_S} s: {[left(p) for p in people]}")
        for person in people:
            person.present(dice, dice.uniform(6, 12))
            for one in killers:
                if one.error:
                    raise one.error
        rounds += 1
    for one in killers:
        one.stop.set()
        one.join()
    for peer in (alice, bob):
        peer.up()
    compare(alice, bob, people[0].accepted)
    compare(bob, alice, people[1].accepted)
    end = time.monotonic() + 120
    while any(len(relay.cells()) for relay in relays):
        check(time.monotonic() < end, f"cells are left on the relays: {[len(r.cells()) for r in relays]}")
        alice.json("status")
        time.sleep(0.1)
    print(f"{2 * MESSAGES} messages, each once, in order, in {rounds} rounds and {time.monotonic() - start:.0f} s; nodes killed "
          f"{sum(p.kills for p in people)} times, relays {killer.kills} times; the relays' stores are empty")
    return alice, bob


def main():
    with World() as world:
        play(world, [Relay(world, "near").up(), Relay(world, "far").up()])


if __name__ == "__main__":
    sys.exit(main())
