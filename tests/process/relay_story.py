#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two people who know each other only through a link, and a relay: a message to someone who is there; one kept on the relay while
he is away; the sender goes, he comes back and has it; nothing is left on the relay. Then a relay that loses its disk, and a
token that was revoked."""
import subprocess
import sys

from _peer import PEERLINK, World, check
from _relay import Relay


def meet(alice, bob, relay):
    """Bob has nothing but a link; the relay in it becomes his."""
    link = alice.json("invite")[0]
    check(link["kind"] == "one-time", link)
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    added = bob.json("add", link["link"], "--as", "Alice", "--message", "first")[0]
    check(added["name"] == "Alice" and not added["known"], added)
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "first")
    rpc.close()
    relays = bob.json("relay", "list")
    check([r["address"] for r in relays] == [relay.place] and relays[0]["adopted"], relays)
    sent = bob.json("send", "Alice", "hello", "--wait", "delivered")[0]
    check(sent["state"] == "delivered", sent)
    check(alice.json("contacts")[0]["name"] == "Bob", alice.json("contacts"))
    check(alice.do("safety", "Bob") == bob.do("safety", "Alice"), "safety numbers")


def keep(alice, bob, relay):
    bob.kill()
    watch = subprocess.Popen([PEERLINK, "--home", str(alice.home), "watch", "--since", str(alice.json("status")[0]["last_event"])], env=alice.env, stdout=subprocess.PIPE, text=True)
    sent = alice.json("send", "Bob", "see you at eight", "--wait", "stored", "--timeout", "40")[0]
    check((sent["state"], sent.get("stored"), sent.get("stored_of")) == ("stored", 1, 1), sent)
    line = next(line for line in watch.stdout if "message" in line and "kept" in line)
    check(line == f"Bob: message {sent['seq']} kept for Bob on a relay\n", line)
    watch.kill()
    watch.wait()
    watch.stdout.close()
    check("(kept for Bob on a relay)" in alice.do("history", "Bob", "--limit", "1"), "words")
    check("kept for Bob on a relay" in alice.do("send", "Bob", "or at nine", "--wait", "stored", "--timeout", "40"), "words of send")
    check(len(relay.cells()) > 0, "nothing is on the relay")
    seq, event = sent["seq"], alice.json("status")[0]["last_event"]
    alice.down()
    bob.up()
    rpc = bob.rpc()
    rpc.call("watch", since=0)
    for text in ("see you at eight", "or at nine"):
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == text)
    # The relay is told that they may go once they are on Bob's disk; then it says so, too.
    while relay.ask("status")["stored_bytes"] != 0:
        rpc.call("status")
    check(len(relay.cells()) == 0, "cells are left in the relay's store")
    rpc.close()
    alice.up()
    rpc = alice.rpc()
    rpc.call("watch", since=event)
    rpc.event(lambda e: e["event"] == "state" and e["seq"] == seq and e["state"] == "delivered")
    rpc.close()


def lose(alice, bob, relay):
    """The relay's disk is gone while it keeps something: the sender is told, and it arrives all the same."""
    bob.kill()
    sent = alice.json("send", "Bob", "kept twice", "--wait", "stored", "--timeout", "40")[0]
    check(sent["state"] == "stored", sent)
    relay.kill()
    (relay.data / "store.db").unlink()
    for rest in relay.data.glob("store.db-*"):
        rest.unlink()
    relay.up()
    bob.up()
    rpc = bob.rpc()
    rpc.call("watch", since=0)
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "kept twice")
    rpc.close()
    texts = [m["text"] for m in bob.history("Alice") if m["direction"] == "in"]
    check(texts == ["see you at eight", "or at nine", "kept twice"], texts)


def main():
    with World() as world:
        relay = Relay(world).up()
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
        alice.up("--relay", relay.address)
        bob.up()
        meet(alice, bob, relay)
        keep(alice, bob, relay)
        lose(alice, bob, relay)
        bob.down()
        alice.down()
        relay.down()
        print("the story is as it is told")


sys.exit(main())
