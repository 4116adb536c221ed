#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kill test: messages in both directions while each node is killed with SIGKILL at random moments, start included.

PLK_KILLS of each node (40), PLK_MESSAGES in each direction (2000), PLK_SEED. Afterwards each history must hold every
accepted message once, and both histories must agree on the order of each direction.
"""
import os
import random
import sys
import threading
import time

from _peer import Rpc, RpcError, World, befriend, check

KILLS = int(os.environ.get("PLK_KILLS", "40"))
MESSAGES = int(os.environ.get("PLK_MESSAGES", "2000"))
SEED = int(os.environ.get("PLK_SEED", str(random.randrange(1 << 32))))
LIMIT_S = float(os.environ.get("PLK_LIMIT_S", "3600"))
WINDOW = 16  # sends without an answer


class Killer(threading.Thread):
    """Kills a node again and again, and starts it again; at the end it runs."""

    def __init__(self, peer, seed):
        super().__init__(daemon=True)
        self.peer, self.dice = peer, random.Random(seed)
        self.kills = 0
        self.running = threading.Event()  # after the last kill
        self.stop = threading.Event()
        self.error = None

    def start_node(self, dies_early):
        """dies_early: the kill comes at some moment of the start."""
        if not dies_early:
            self.peer.up()
            return
        timer = threading.Timer(self.dice.uniform(0, 0.15), lambda: self.peer.node and self.peer.node.kill())
        timer.start()
        try:
            self.peer.up()
        except AssertionError:
            pass  # it was killed before it was ready
        timer.join()

    def run(self):
        try:
            while self.kills < KILLS and not self.stop.is_set():
                early = self.dice.random() < 0.2
                if not early:
                    # Not a wait for something: the moment of the kill.
                    self.stop.wait(self.dice.uniform(0.05, 0.9))
                self.peer.kill()
                self.kills += 1
                self.start_node(early and self.kills < KILLS)
                if self.peer.node and self.peer.node.poll() is not None:
                    self.peer.kill()
                    self.start_node(False)
                    self.kills += 1 if early else 0
            self.running.set()
        except Exception as error:  # told by the main thread
            self.error = error


class Sender(threading.Thread):
    """Sends its messages with ids of its own; what was not answered is sent again, in order, after a kill."""

    def __init__(self, peer, to, killers):
        super().__init__(daemon=True)
        self.peer, self.to, self.killers = peer, to, killers
        self.path = peer.socket()
        self.accepted = {}  # text -> message id
        self.busy = 0
        self.stop = threading.Event()
        self.error = None

    def may_send(self):
        """As many as fit the kills that were: so that messages flow during all of them."""
        share = (min(k.kills for k in self.killers) + 1) / (KILLS + 1)
        return int(MESSAGES * min(1, share))

    def one_connection(self, todo):
        rpc = Rpc(self.path)
        pending = {}
        try:
            at = 0
            while at < len(todo) or pending:
                while at < len(todo) and len(pending) < WINDOW and todo[at] < self.may_send():
                    text = f"{self.peer.name} {todo[at]:06d}"
                    pending[rpc.start("send", contact=self.to, text=text, id=text)] = text
                    at += 1
                if not pending:
                    if self.stop.wait(0.02):  # for the next kill
                        return
                    continue
                for number in [n for n in pending if n in rpc.answers]:
                    self.take(rpc, number, pending.pop(number))
                if pending and not any(n in rpc.answers for n in pending):
                    rpc.read()
        finally:
            rpc.close()

    def take(self, rpc, number, text):
        try:
            result = rpc.finish(number)
        except RpcError as error:
            if error.name not in ("BUSY", "STALLED") and error.code not in (-32002, -32001):
                raise
            self.busy += 1
            return
        known = self.accepted.setdefault(text, result["id"])
        check(known == result["id"], f"{text} was accepted twice: {known} and {result['id']}")

    def run(self):
        try:
            while len(self.accepted) < MESSAGES and not self.stop.is_set():
                todo = [i for i in range(MESSAGES) if f"{self.peer.name} {i:06d}" not in self.accepted]
                try:
                    self.one_connection(todo)
                except (ConnectionError, OSError):
                    self.stop.wait(0.01)  # it was killed; its killer starts it again
        except Exception as error:
            self.error = error


def wait_delivered(peer, deadline):
    rpc = peer.rpc()
    rpc.call("watch")
    while rpc.call("contacts")["contacts"][0]["undelivered"] > 0:
        rpc.event(lambda e: e["event"] == "state", seconds=max(1, deadline - time.monotonic()))
    rpc.close()


def compare(sender, receiver, accepted):
    out = [m for m in sender.history(receiver.name) if m["direction"] == "out"]
    into = [m for m in receiver.history(sender.name) if m["direction"] == "in"]
    check([m["seq"] for m in out] == sorted({m["seq"] for m in out}), "numbers of the conversation")
    texts_out, texts_in = [m["text"] for m in out], [m["text"] for m in into]
    for texts, who in ((texts_out, "the sender's"), (texts_in, "the receiver's")):
        twice = {t for t in texts if texts.count(t) > 1} if len(set(texts)) != len(texts) else set()
        check(not twice, f"twice in {who} history: {sorted(twice)[:5]}")
        missing = set(accepted) - set(texts)
        check(not missing, f"accepted but missing in {who} history: {sorted(missing)[:5]} ({len(missing)})")
    apart = next(((a, b) for a, b in zip(texts_out, texts_in) if a != b), None)
    check(not apart, f"the two histories part at {apart}")
    check(len(texts_out) == len(texts_in), f"{len(texts_out)} sent, {len(texts_in)} received")
    check({m["text"]: m["id"] for m in out} == {m["text"]: m["id"] for m in into}, "ids of messages")
    check({m["text"]: m["id"] for m in out}.items() >= accepted.items(), "ids of what was accepted")
    check(all(m["state"] in ("delivered", "read") for m in out), "a message is not delivered")


def main():
    print(f"seed {SEED}: {KILLS} kills of each, {MESSAGES} messages in each direction", flush=True)
    dice = random.Random(SEED)
    start = time.monotonic()
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up()
        befriend(alice, bob)
        bob.do("send", "Alice", "Bob begins", "--wait", "delivered")
        killers = [Killer(peer, dice.random()) for peer in (alice, bob)]
        senders = [Sender(alice, "Bob", killers), Sender(bob, "Alice", killers)]
        for thread in killers + senders:
            thread.start()
        for thread in killers + senders:
            while thread.is_alive() and time.monotonic() - start < LIMIT_S:
                thread.join(0.5)
                for other in killers + senders:
                    if other.error:
                        raise other.error
        killed = time.monotonic() - start
        check(all(len(s.accepted) == MESSAGES for s in senders), "not everything was accepted")
        check(all(k.kills >= KILLS and k.running.is_set() for k in killers), "too few kills")
        for peer in (alice, bob):
            wait_delivered(peer, time.monotonic() + 300)
        compare(alice, bob, senders[0].accepted)
        compare(bob, alice, {**senders[1].accepted})
        for peer in (alice, bob):
            peer.down()
        print(f"killed {killers[0].kills} and {killers[1].kills} times in {killed:.0f} s; {2 * MESSAGES} messages, each once, "
              f"in order; busy {senders[0].busy + senders[1].busy}; settled {time.monotonic() - start - killed:.1f} s later")


if __name__ == "__main__":
    sys.exit(main())
