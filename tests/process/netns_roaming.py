#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Addresses change while two people talk: one's, the other's, both at once, a cable that is out for five seconds, another
family of addresses. The conversation goes on."""
import threading
import time

from _netns import NetWorld, Talk
from _peer import befriend

OUT_S = 5  # how long the cable is out


def one_and_the_other(talk, alice, bob):
    alice.move(0, last=3)
    talk.flows(4, "another address of Alice")
    bob.move(0, last=3)
    talk.flows(4, "another address of Bob")
    alice.move(1)
    talk.flows(4, "another subnet of Alice")
    bob.move(1)
    talk.flows(4, "another subnet of Bob")


def both_at_once(net, alice, bob, subnet):
    """Neither hears from the other where it goes: they find each other where they have been before."""
    net.rules("drop")
    threads = [threading.Thread(target=host.move, args=(subnet,)) for host in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    net.rules()


def unplugged(talk, host, subnet, what):
    host.unplug()
    time.sleep(OUT_S)  # not a wait for something: this long it is out
    host.move(subnet)
    talk.flows(6, what)


def families(talk, alice, bob):
    """One family goes and comes. Each step leaves an address that the other side was told of: two who both appear at
    addresses that neither ever heard of can only meet through a third."""
    both, v4, v6 = {}, {"v6": False}, {"v4": False}
    steps = ((both, both, "both families"), (v4, both, "Alice IPv4 only"), (v6, both, "Alice IPv6 only"),
             (v4, both, "Alice IPv4 only again"), (both, both, "both families"), (both, v6, "Bob IPv6 only"),
             (both, v4, "Bob IPv4 only"), (both, both, "both families"), (v4, v4, "both IPv4 only"),
             (both, both, "both families"), (v6, v6, "both IPv6 only"), (both, both, "both families"))
    for of_alice, of_bob, what in steps:
        alice.move(0, **of_alice)
        bob.move(0, **of_bob)
        talk.flows(6, what)


def main():
    with NetWorld() as world:
        world.start()
        befriend(world.alice, world.bob)
        alice, bob = world.net.hosts
        with Talk(world.alice, world.bob) as talk:
            talk.flows(3, "at the start")
            one_and_the_other(talk, alice, bob)
            unplugged(talk, alice, 2, "Alice unplugged, then in another subnet")
            unplugged(talk, bob, 2, "Bob unplugged, then in another subnet")
            families(talk, alice, bob)
            for subnet in (1, 2, 0):
                both_at_once(world.net, alice, bob, subnet)
                talk.flows(15, f"both at once, to where they were before ({subnet})")
        print("roaming: nothing lost")


main()
