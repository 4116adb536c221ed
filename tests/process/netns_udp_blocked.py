#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""UDP blocked between two people: from the start, in the middle of the conversation, and allowed again;
and addresses that change meanwhile."""
from _netns import NetWorld, Talk
from _peer import befriend, check

NO_UDP = "meta l4proto udp drop"


def main():
    with NetWorld() as world:
        alice, bob = world.alice, world.bob
        world.net.rules(NO_UDP)
        world.start()
        befriend(alice, bob)
        sent = bob.json("send", "Alice", "hello", "--wait", "delivered", "--timeout", "3")[0]
        check(sent["state"] in ("delivered", "read"), sent)
        status = alice.json("status")[0]["contacts"][0]
        check(status["path_transport"] == "tcp" and status["path"].startswith("tcp"), status)
        for peer in (alice, bob):  # and from cold: nothing is known of the path but addresses
            peer.down()
            peer.up()
        sent = alice.json("send", "Bob", "again", "--wait", "delivered", "--timeout", "3")[0]
        check(sent["state"] in ("delivered", "read") and sent["took_ms"] < 3000, sent)
        print(f"  blocked from the start: delivered in {sent['took_ms']:.0f} ms")
        with Talk(alice, bob) as talk:
            talk.flows(3, "blocked from the start")
            talk.goes_over("tcp", 3, "blocked from the start")
            world.net.rules()
            talk.goes_over("udp", 25, "allowed")
            for what in ("blocked in the middle", "blocked once more"):
                world.net.rules(NO_UDP)
                talk.flows(3, what)
                talk.goes_over("tcp", 3, what)
                world.net.rules()
                talk.goes_over("udp", 25, "allowed again")
                talk.flows(1, "allowed again")
            world.net.rules(NO_UDP)
            talk.goes_over("tcp", 8, "blocked for good")
            for host, who in zip(world.net.hosts, ("Alice", "Bob")):
                host.move(0, last=3)  # her connections are of an address that is no more
                talk.flows(4, f"another address of {who}")
        print("UDP blocked and allowed: nothing lost")


main()
