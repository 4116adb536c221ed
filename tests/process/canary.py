#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing readable leaves a node: under a passphrase, neither the wire nor the homes hold a text, a name or a PeerID, in
any of the usual spellings. What is on the wire is captured whole, which needs root."""
import base64
import os
import shutil
import subprocess
import sys

from _peer import World, befriend, check

CANARY = "canary-Zq7vN2pX8wK4"
NAMES = ("Alexandrine-Canary", "Bartholomew-Canary")
B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def raw_peer_id(text):
    """32 bytes out of 44 characters: four blocks of 11."""
    out = b""
    for at in range(0, 44, 11):
        number = 0
        for c in text[at:at + 11]:
            number = number * 58 + B58.index(c)
        out += number.to_bytes(8, "big")
    return out


def spellings(secret):
    """Of bytes: raw, hex, base64 at each of its three alignments, UTF-16."""
    yield "raw", secret
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    for shift in range(3):
        # What does not depend on the neighbours: the whole groups inside.
        text = base64.b64encode(b"\0" * shift + secret)
        whole = text[4 if shift else 0:(len(text) - 4) // 4 * 4]
        yield f"base64+{shift}", whole
        yield f"base64url+{shift}", whole.replace(b"+", b"-").replace(b"/", b"_")
    if secret.isascii():
        yield "utf-16", secret.decode("ascii").encode("utf-16-le")


def find(data, secrets):
    return [f"{what} as {how}" for what, secret in secrets.items() for how, spelled in spellings(secret) if spelled in data]


def home_bytes(peer):
    for path in sorted(peer.home.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def self_test(secrets):
    """A search that finds nothing must be one that would."""
    for secret in secrets.values():
        for _, spelled in spellings(secret):
            check(find(b"before" + spelled + b"after", secrets), "the search is blind")
        check(find(base64.b64encode(b"x" + secret + b"yz"), secrets), "the search is blind for base64")


class Capture:
    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen(["tcpdump", "-i", "lo", "-s", "0", "-U", "-B", "16384", "-w", str(path), "udp or tcp"],
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        while line and "listening on" not in line:
            line = self.process.stderr.readline()
        check(line, "tcpdump did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stderr.close()
        return self.path.read_bytes()


def converse(world, alice, bob):
    for peer in (alice, bob):
        peer.do("init", "--name", peer.name)
        peer.up()
    link = alice.do("invite", "--inline")
    bob.do("add", link, "--as", "Alexandrine-Canary", "--message", CANARY + " in the first message")
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    rpc.event(lambda e: e["event"] == "message")
    rpc.close()
    name = alice.json("contacts")[0]["name"]
    for i in range(20):
        alice.do("send", name, f"{CANARY} {i} " + "x" * (i * 60), "--wait", "delivered")
        bob.do("send", "Alexandrine-Canary", f"{CANARY} back {i}", "--wait", "delivered")
    bob.kill()
    alice.do("send", name, CANARY + " offline")
    bob.up()
    bob.do("send", "Alexandrine-Canary", CANARY + " again", "--wait", "delivered")
    return {"the text": CANARY.encode(), "a name": NAMES[0].encode(), "the other name": NAMES[1].encode(),
            "a PeerID": raw_peer_id(alice.do("id")), "the other PeerID": raw_peer_id(bob.do("id")),
            "a PeerID's text": alice.do("id").encode(), "the other PeerID's text": bob.do("id").encode(),
            "the words": alice.do("words").encode()}


def main():
    if os.geteuid() != 0 or not shutil.which("tcpdump"):
        print("needs root and tcpdump")
        return 77
    with World() as world:
        secret = world.root / "passphrase"
        secret.write_text("a passphrase of a test\n")
        alice, bob = (world.peer(name, passphrase_file=secret) for name in NAMES)
        capture = Capture(world.root / "lo.pcap")
        try:
            secrets = converse(world, alice, bob)
        finally:
            wire = capture.stop()
        self_test(secrets)
        check(len(wire) > 50000, f"only {len(wire)} bytes were captured")
        found = [f"{what} on the wire" for what in find(wire, secrets)]
        running = [(path, data) for peer in (alice, bob) for path, data in home_bytes(peer)]
        alice.down()
        bob.down()
        stopped = [(path, data) for peer in (alice, bob) for path, data in home_bytes(peer)]
        check(sum(len(data) for _, data in stopped) > 50000, "the homes are empty")
        for path, data in running + stopped:
            found += [f"{what} in {path.name}" for what in find(data, secrets)]
        for line in found:
            print(line, file=sys.stderr)
        print(f"{len(wire)} bytes of wire and {sum(len(d) for _, d in stopped)} of homes: {len(found)} findings")
        return 1 if found else 0


sys.exit(main())
