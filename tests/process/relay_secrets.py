#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a relay's disk shows. While two relays keep a message: no text, name or PeerID in their stores, write-ahead logs and logs,
and nothing that the two copies share. When the receiver has it: not a byte of the cells any more, within a minute and a bit."""
import base64
import sys
import time

from _peer import World, check
from _relay import Relay

CANARY = "the kingfisher nests under the third bridge"
GONE_S = 75


def disk(relay):
    files = [path for path in relay.data.rglob("*") if path.is_file()] + [relay.log]
    return {path.name: path.read_bytes() for path in files if path.exists()}


def forms(word):
    """A word as it may lie somewhere."""
    raw = word if isinstance(word, bytes) else word.encode()
    return [raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")[:-1], raw.decode("latin-1").encode("utf-16-le")]


def shows_nothing(relays, words):
    for relay in relays:
        for name, content in disk(relay).items():
            for word in words:
                for form in forms(word):
                    check(form not in content, f"{relay.name}/{name} holds {word!r}")


def share_nothing(near, far):
    windows = {cell[i:i + 8] for cell in near for i in range(len(cell) - 7)}
    both = [cell[i:i + 8] for cell in far for i in range(len(cell) - 7) if cell[i:i + 8] in windows]
    check(not both, f"both relays' copies hold {both[:3]}")


def found(relays, parts):
    return any(part in content for relay in relays for content in disk(relay).values() for part in parts)


def relay_ways(peer, name):
    return sum(way["transport"] == "relay" for way in peer.json("why", name)[0]["ways"])


def main():
    with World() as world:
        relays = [Relay(world, "near").up(), Relay(world, "far").up()]
        alice, bob = world.peer("Alice Kanarienvogel"), world.peer("Bob Kanarienvogel")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up("--relay", relays[0].address, "--relay", relays[1].address)
        bob.do("add", alice.do("invite"), "--as", "Alice", "--message", CANARY)
        rpc = alice.rpc()
        rpc.call("watch", since=0)
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == CANARY)
        name = rpc.call("contacts")["contacts"][0]["name"]
        rpc.close()
        ids = [peer.json("id")[0]["id"] for peer in (alice, bob)]
        bob.do("send", "Alice", "so that both have each other's queues", "--wait", "delivered")
        alice.do("send", name, "likewise", "--wait", "delivered")
        while relay_ways(bob, "Alice") < 2 or relay_ways(alice, name) < 2:
            time.sleep(0.1)
        bob.kill()
        rpc = alice.rpc()
        rpc.call("watch")
        sent = rpc.call("send", contact=name, text=CANARY)
        rpc.event(lambda e: e["event"] == "state" and e["seq"] == sent["seq"] and e["state"] == "stored" and e["stored"] == 2)
        rpc.close()
        kept = [relay.cells() for relay in relays]
        check(all(kept), f"{[len(k) for k in kept]} cells are kept")
        check(all(len(cell) in (4096, 16384, 65536) for k in kept for cell in k), "sizes of cells")
        words = [CANARY, alice.name, bob.name, *ids]
        shows_nothing(relays, words)
        share_nothing(*kept)
        parts = [cell[i:i + 24] for k in kept for cell in k for i in range(0, len(cell), 512)]
        check(found(relays, parts), "the cells that are kept are not found where they are looked for")
        alice.kill()
        bob.up()
        rpc = bob.rpc()
        rpc.call("watch", since=0)
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == CANARY and e["direction"] == "in")
        end = time.monotonic() + GONE_S
        while found(relays, parts):
            check(time.monotonic() < end, "bytes of a cell are on a relay's disk long after its last acknowledgement")
            rpc.call("status")
            time.sleep(0.2)
        rpc.close()
        shows_nothing(relays, words)
        for peer in (bob, *relays):
            peer.down()


if __name__ == "__main__":
    sys.exit(main())
