#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A relay forgets where its clients are: while it passes packets on and keeps a message, after one of them has come from another
network and over TCP, and after it has ended, none of their addresses is in its store, its write-ahead log or its log, though
that says all it can say. That the relay knew these addresses is known from what it told their owners."""
import ipaddress
import json
import subprocess
import sys
import time

from _netns import PATIENCE, NetWorld
from _peer import check
from _relay import PROGRAM

# Addresses that come about by chance in no file: (address, router's address) of Alice, of Alice elsewhere, of Bob.
ALICE = ("187.203.91.236", "187.203.91.1")
ALICE_LATER = ("149.231.178.219", "149.231.178.1")
BOB = ("171.197.243.158", "171.197.243.1")
BOB_6 = ("2a0d:e1c7:93b5:6a2f:d94c:17b6:f3a8:5ce9", "2a0d:e1c7:93b5:6a2f::1")
KEPT = "when the tide turns we meet at the boat house"


def live_at(net, host, *places):
    """The host's addresses, in place of those that it has."""
    host.ip("addr flush dev eth0 scope global")
    for address, router in places:
        length = 64 if ":" in address else 24
        extra = " nodad" if ":" in address else ""
        net.router.ip(f"addr replace {router}/{length} dev {host.port}{extra}")
        host.ip(f"addr add {address}/{length} dev eth0{extra}", f"route replace default via {router} dev eth0")


class NetRelay:
    """A relay in a namespace; its log says everything."""

    def __init__(self, world, space):
        self.data, self.log = world.root / "relay", world.root / "log-relay"
        self.name, self.process = "relay", None
        listen = [f"{space.v4(0)}:7447", f"[{space.v6(0)}]:7447"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *space.inside(PROGRAM), "--data", str(self.data), "--listen", listen[0],
                 "--listen", listen[1], "--public", space.v4(0), "--metrics", "off", "--json", "--log", "debug"],
                env=world.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        self.address = json.loads(self.process.stdout.readline())["relay"]
        self.address_6 = self.address.replace(space.v4(0), f"[{space.v6(0)}]")
        world.peers.append(self)

    def down(self):
        self.process.terminate()
        check(self.process.wait(timeout=60) == 0, "the relay's end")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def files(self):
        paths = [path for path in self.data.rglob("*") if path.is_file()] + [self.log]
        return {path.name: path.read_bytes() for path in paths if path.exists()}


def forms(address):
    """As it may lie somewhere, and cannot by chance."""
    ip = ipaddress.ip_address(address)
    texts = {ip.compressed, ip.exploded}
    if ip.version == 6:
        raws = [ip.packed, ip.packed[:6], ip.packed[::-1], ip.packed[8:]]
        texts |= {":".join(ip.exploded.split(":")[:3])}
    else:
        raws = [b"\xff\xff" + ip.packed, b"\x04" + ip.packed]  # mapped into IPv6, or after its family
        texts |= {address.rsplit(".", 1)[0] + "."}
    texts |= {raw.hex() for raw in (ip.packed, ip.packed[::-1])}
    texts |= {text.upper() for text in texts}
    return raws + [text.encode(form) for text in texts for form in ("ascii", "utf-16-le")]


def shows_nobody(relay, addresses, when):
    """A bare IPv4 address is four bytes, which a sealed cell may hold by chance: one of them may, two not."""
    bare = set()
    for name, content in relay.files().items():
        for address in addresses:
            for form in forms(address):
                check(form not in content, f"{when}: {name} holds {address} as {form!r}")
            packed = ipaddress.ip_address(address).packed
            if len(packed) == 4 and (packed in content or packed[::-1] in content):
                bare.add(address)
    check(len(bare) < 2, f"{when}: the bytes of {bare} are there")


def wait_for(what, done, seconds=30):
    end = time.monotonic() + seconds * PATIENCE
    while not done():
        check(time.monotonic() < end, f"{what}: never")
        time.sleep(0.1)


def is_seen(peer, address):
    """The relay, or its STUN, has told the node that it comes from there."""
    return any(address in public for public in peer.json("status")[0]["nat"]["public"])


def has_text(peer, contact, text):
    return any(m["text"] == text for m in peer.json("history", contact))


def path_of(peer):
    return peer.json("status")[0]["contacts"][0]["path"]


def main():
    with NetWorld(hosts=3) as world:
        alice, bob, net = world.alice, world.bob, world.net
        home, alices, bobs = net.hosts[2], net.hosts[0], net.hosts[1]
        live_at(net, alices, ALICE)
        live_at(net, bobs, BOB, BOB_6)
        apart = [f'iifname "{a.port}" oifname "{b.port}" drop' for a, b in ((alices, bobs), (bobs, alices))]
        net.rules(*apart)
        relay = NetRelay(world, home)
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up("--relay", relay.address)
        bob.do("add", alice.do("invite"), "--as", "Alice", "--message", "hello")
        wait_for("the link", lambda: has_text(alice, "Bob", "hello") if alice.json("contacts") else False)
        bob.do("send", "Alice", "over the relay", "--wait", "delivered")
        alice.do("send", "Bob", "likewise", "--wait", "delivered")
        wait_for("both are told where they are", lambda: is_seen(alice, ALICE[0]) and is_seen(bob, BOB[0]))
        wait_for("a path through the relay", lambda: path_of(alice) == "relay")
        addresses = [ALICE[0], ALICE_LATER[0], BOB[0], BOB_6[0]]
        shows_nobody(relay, addresses, "while both are there")
        bob.kill()
        alice.do("send", "Bob", KEPT, "--wait", "stored", "--timeout", "120")
        shows_nobody(relay, addresses, "while a message is kept")
        net.rules(*apart, f'iifname "{alices.port}" meta l4proto udp drop')
        live_at(net, alices, ALICE_LATER)
        bob.up("--relay", relay.address_6)
        wait_for("what was kept", lambda: has_text(bob, "Alice", KEPT), 60)
        wait_for("Bob is told where he is", lambda: is_seen(bob, f"[{ipaddress.ip_address(BOB_6[0]).compressed}]"))
        wait_for("Alice is connected over TCP", lambda: is_seen(alice, ALICE_LATER[0]))
        bob.do("send", "Alice", "I have it", "--wait", "delivered", "--timeout", "300", timeout=400)
        shows_nobody(relay, addresses, "when one of them has moved, over TCP")
        for peer in (alice, bob):
            peer.down()
        shows_nobody(relay, addresses, "when both have gone")
        relay.down()
        shows_nobody(relay, addresses, "when it has ended")


if __name__ == "__main__":
    sys.exit(main())
