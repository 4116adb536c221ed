#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two people with a relay each, who reach each other through relays only: met by a link, written both ways, kept while one is
away; what stands in the way is told while the own relay is dead. Back to `auto` they find each other directly."""
import sys

from _peer import World, check
from _relay import Relay


def meet(alice, bob, near, far):
    link = alice.json("invite")[0]["link"]
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    bob.do("add", link, "--as", "Alice", "--message", "first", "--relay-only")
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "first")
    rpc.close()
    name = alice.json("contacts")[0]["name"]
    alice.do("path", name, "relay-only")
    check([c["relay_only"] for c in alice.json("contacts") + bob.json("contacts")] == [True, True], "not shown")
    check("through relays only" in alice.do("contacts") and "through relays only" in alice.do("status"), "words")
    return name


def talk(alice, bob, name, near, far):
    for a, b, text in ((alice, name, "to him"), (bob, "Alice", "to her")):
        sent = a.json("send", b, text, "--wait", "delivered", "--timeout", "60")[0]
        check(sent["state"] == "delivered", sent)
    for person, other, own, theirs in ((alice, name, near, far), (bob, "Alice", far, near)):
        rpc = person.rpc()
        rpc.call("watch", since=0)
        rpc.call("connect", contact=other)
        while rpc.call("why", contact=other)["path"] is None:
            rpc.event(lambda e: e["event"] in ("path", "relay"))
        why = rpc.call("why", contact=other)
        rpc.close()
        check(why["path"] == "relay" and why["relay_only"] and why["hindrance"] is None, why)
        check({w["state"] for w in why["ways"] if w["transport"] != "relay"} <= {"barred"}, why)
        ways = [w for w in why["ways"] if w["transport"] == "relay"]
        check([(w["address"], w["through"]) for w in ways] == [(theirs.place, own.place)], why)


def away(alice, bob, name, near):
    """Bob's relay keeps what goes there through Alice's; without hers nothing leaves, and she is told."""
    bob.down()
    sent = alice.json("send", name, "while you are away", "--wait", "stored", "--timeout", "60")[0]
    check(sent["state"] == "stored", sent)
    near.kill()
    sent = alice.json("send", name, "this waits here", "--id", "x")[0]
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    while True:
        contact = rpc.call("status")["contacts"][0]
        if contact["hindrance"] == "no-relay":
            break
        rpc.event(lambda e: e["event"] in ("path", "relay", "state"))
    rpc.close()
    check("none of your relays answers" in alice.do("status"), "words of status")
    near.up()
    bob.up()
    rpc = bob.rpc()
    rpc.call("watch", since=0)
    for text in ("while you are away", "this waits here"):
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == text)
    rpc.close()


def together(alice, bob, name):
    """A choice outlives a restart; taken back on both sides, they find each other."""
    alice.down()
    check([c["relay_only"] for c in alice.json("contacts")] == [True], "read from the store")
    alice.up()
    check(alice.json("contacts")[0]["relay_only"], "forgotten")
    alice.do("path", name, "auto")
    bob.do("path", "Alice", "auto")
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    rpc.call("connect", contact=name)
    while rpc.call("why", contact=name)["path"] in (None, "relay"):
        rpc.event(lambda e: e["event"] in ("path", "relay"))
    rpc.close()
    sent = alice.json("send", name, "here I am", "--wait", "delivered", "--timeout", "60")[0]
    check(sent["state"] == "delivered", sent)


def main():
    with World() as world:
        near, far = Relay(world, "near").up(), Relay(world, "far").up()
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer, relay in ((alice, near), (bob, far)):
            peer.do("init", "--name", peer.name)
            peer.up("--relay", relay.address)
        name = meet(alice, bob, near, far)
        talk(alice, bob, name, near, far)
        away(alice, bob, name, near)
        together(alice, bob, name)
        bob.down()
        alice.down()
        near.down()
        far.down()
        print("each saw the other's words, and never the other's address")


sys.exit(main())
