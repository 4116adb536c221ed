#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three relays that tell of each other, as configs/bootstrap says: started, their lines put into all three configs, read again. Alice knows
the first only, and learns another. The first dies for good: she makes a new contact, who knows no relay at all, and a message is kept
for him while he is away. A relay that she removes does not come back: the third is taken."""
import pathlib
import re
import signal
import sys

from _peer import World, check
from _relay import Relay

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "configs/bootstrap"


def config_of(world, name, lines):
    """The sample, here: on loopback, and with the lines that there are."""
    text = (SAMPLES / f"{name}.ini").read_text()
    text = re.sub(r"(?m)^(data|public) = .*\n", "", text)
    text = re.sub(r"(?m)^;bootstrap = .*\n", "", text) + "".join(f"bootstrap = {line}\n" for line in lines)
    path = world.root / f"{name}.ini"
    path.write_text(text)
    return str(path)


def counters(relay):
    return relay.ask("status")["counters"]


def start(world):
    relays = {}
    for name in ("first", "second", "third"):
        relays[name] = Relay(world, name, "--config", config_of(world, name, ())).up()
    lines = [relay.address for relay in relays.values()]
    for name, relay in relays.items():
        check(counters(relay)["announces"] == 0, "announced to nobody")
        config_of(world, name, lines)
        relay.process.send_signal(signal.SIGHUP)
    for relay in relays.values():
        while counters(relay)["announced"] < 2 or counters(relay)["announces"] < 2:
            pass  # each look is a process of its own
    return relays


def learned(peer):
    return [relay for relay in peer.json("relay", "list") if relay["learned"]]


def until_learned(peer):
    rpc = peer.rpc()
    rpc.call("watch", since=0)
    while not any(relay["connected"] for relay in learned(peer)):
        rpc.event(lambda e: e["event"] == "relay")
    rpc.close()
    relays = peer.json("relay", "list")
    check(len(relays) == 2 and not relays[0]["learned"] and relays[1]["learned"], relays)
    check("; learned from another relay" in peer.do("relay", "list"), "words")
    return relays[1]["address"]


def meet(alice, bob):
    link = alice.json("invite")[0]
    check(link["kind"] == "one-time", link)
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    bob.json("add", link["link"], "--as", "Alice", "--message", "first")
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "first")
    rpc.close()
    sent = bob.json("send", "Alice", "hello", "--wait", "delivered")[0]
    check(sent["state"] == "delivered", sent)


def keep(alice, bob):
    bob.kill()
    sent = alice.json("send", "Bob", "see you at eight", "--wait", "stored", "--timeout", "60")[0]
    check(sent["state"] == "stored", sent)
    alice.down()
    bob.up()
    rpc = bob.rpc()
    rpc.call("watch", since=0)
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "see you at eight")
    rpc.close()
    alice.up()


def main():
    with World() as world:
        relays = start(world)
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
        alice.up("--relay", relays["first"].address)
        address = until_learned(alice)
        check(address in [relays["second"].place, relays["third"].place], address)
        relays["first"].kill()
        bob.up()
        meet(alice, bob)
        keep(alice, bob)
        alice.do("relay", "remove", address)
        rpc = alice.rpc()
        rpc.call("watch", since=0)
        while not any(relay["connected"] for relay in learned(alice)):  # the last of the three
            rpc.event(lambda e: e["event"] == "relay")
        rpc.close()
        check(address not in [relay["address"] for relay in learned(alice)], alice.json("relay", "list"))
        print("the first relay is gone, and nobody misses it")


sys.exit(main())
