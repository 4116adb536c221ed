#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing readable leaves a node: neither the wire nor the homes hold a text, a name, a PeerID, a private key or the words
of a profile, in any of the usual spellings, and without a passphrase only the file `key` holds a key. Sizes tell no more than
a step: what carries messages is padded (docs/protocol/link.md, section 2). The wire is captured whole, which needs root."""
import base64
import collections
import ctypes
import os
import pathlib
import re
import sys

import _capture
from _peer import World, check

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/vectors"))
import contact  # noqa: E402  the second implementation of the protocol's pages
from ratchet import xchacha20poly1305  # noqa: E402

CANARY = "canary-Zq7vN2pX8wK4"
NAMES = ("Alexandrine-Canary", "Bartholomew-Canary")
PASSPHRASE = "a passphrase of a test"
ROUNDS = 20
WORDS = ROOT / "src/contact/words_list.c"

HANDSHAKE, HANDSHAKE_LEN = (0xC1, 0xC2), 256
DATA = 0xC3
STEPS = (256, 512, 768, 1024, 1152)
# The shortest text makes a packet of more: 62 bytes of envelope, 100 of ratchet, 33 of packet, 5 of record and frame. What has
# no messages in it (acks, checks, connection ids, addresses on one loopback address) is shorter.
MESSAGE_LEN_MIN = 200


# ---- what must not be found -------------------------------------------------------------------------------------------


def unbase58(text):
    """Blocks of 11 characters, 8 bytes each; a rest is left out."""
    return b"".join(sum(contact.ALPHABET.index(c) * 58 ** (10 - i) for i, c in enumerate(text[at:at + 11])).to_bytes(8, "big")
                    for at in range(0, len(text) - len(text) % 11, 11))


def seed_of(words):
    listed = re.findall(r'"([a-z]+)"', WORDS.read_text(encoding="utf-8"))
    bits = 0
    for word in words.split():
        bits = bits << 11 | listed.index(word)
    seed = (bits >> 8).to_bytes(32, "big")
    check(contact.words(seed) == words, "the words are not understood")
    return seed


def data_key(file):
    """What the file `key` holds or hides (host/keyfile.h)."""
    if file[8] == 0:
        return file[9:41]
    ops, mem_kib = int.from_bytes(file[9:13], "big"), int.from_bytes(file[13:17], "big")
    salt, nonce, sealed = file[17:33], file[33:57], file[57:]
    wrap, text = ctypes.create_string_buffer(32), PASSPHRASE.encode()
    sodium = ctypes.CDLL("libsodium.so.23")
    failed = sodium.crypto_pwhash(wrap, ctypes.c_ulonglong(32), text, ctypes.c_ulonglong(len(text)), salt,
                                  ctypes.c_ulonglong(ops), ctypes.c_size_t(mem_kib * 1024), 2)
    check(not failed, "Argon2id failed")
    stream = xchacha20poly1305(wrap.raw, nonce, file[:57], bytes(32))[:32]
    key = bytes(a ^ b for a, b in zip(stream, sealed))
    check(xchacha20poly1305(wrap.raw, nonce, file[:57], key) == sealed, "the key file is not understood")
    return key


def secrets_of(peer):
    words = peer.do("words")
    persona = contact.Persona(seed_of(words))
    check(contact.base58(persona.id) == peer.do("id"), "the words do not give the PeerID")
    whose = f"of {peer.name}"
    return {f"the PeerID {whose}": persona.id, f"the PeerID's text {whose}": contact.base58(persona.id).encode(),
            f"the words {whose}": words.encode(), f"the seed {whose}": persona.seed,
            f"the signing key {whose}": persona.sign_seed, f"the secret X25519 key {whose}": persona.dh,
            f"the public X25519 key {whose}": persona.dh_public,
            f"the public Ed25519 key {whose}": contact.sign_public(persona.sign_seed)}


def spellings(secret):
    """Of bytes: raw, hex, base64 and base58 at each of their alignments, UTF-16."""
    yield "raw", secret
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    for shift in range(3):
        # What does not depend on the neighbours: the whole groups inside.
        text = base64.b64encode(b"\0" * shift + secret)
        whole = text[4 if shift else 0:(len(text) - 4) // 4 * 4]
        yield f"base64+{shift}", whole
        yield f"base64url+{shift}", whole.replace(b"+", b"-").replace(b"/", b"_")
    for skip in range(8):
        blocks = (len(secret) - skip) // 8 * 8
        if blocks:
            yield f"base58+{skip}", contact.base58(secret[skip:skip + blocks]).encode()
    if secret.isascii():
        yield "utf-16", secret.decode("ascii").encode("utf-16-le")


def find(data, secrets):
    return [f"{what} as {how}" for what, secret in secrets.items() for how, spelled in spellings(secret) if spelled in data]


# ---- sizes ------------------------------------------------------------------------------------------------------------


def is_step(size):
    """One datagram, or several that the kernel was given as one: all of one size but perhaps the last."""
    return size in STEPS or size > STEPS[-1] and any(size % step == 0 or size % step in STEPS for step in STEPS)


def check_sizes(wire, ports):
    """How many datagrams carried messages; the findings."""
    seen, found = collections.Counter(), []
    for source, target, payload in _capture.datagrams(wire):
        if source not in ports or target not in ports:
            continue
        if payload[0] in HANDSHAKE and len(payload) % HANDSHAKE_LEN:  # several may be one train
            found.append(f"a handshake of {len(payload)} bytes on the wire")
        if payload[0] == DATA and len(payload) >= MESSAGE_LEN_MIN:
            seen[len(payload)] += 1
            if not is_step(len(payload)):
                found.append(f"a packet of {len(payload)} bytes on the wire, which is none of {STEPS}")
    if not all(seen[step] for step in STEPS):
        found.append(f"texts of all lengths gave packets of {sorted(seen)} bytes only")
    return sum(seen.values()), found


# ---- the story --------------------------------------------------------------------------------------------------------


def converse(alice, bob):
    """The UDP ports used, and what must not be found."""
    ports = set()
    for peer in (alice, bob):
        peer.do("init", "--name", peer.name)
        ports.add(peer.up("--listen", "127.0.0.1:0").ready["ports"]["udp4"])
    link = alice.do("invite", "--inline")
    bob.do("add", link, "--as", NAMES[0], "--message", CANARY + " in the first message")
    rpc = alice.rpc()
    rpc.call("watch", since=0)
    rpc.event(lambda e: e["event"] == "message")
    rpc.close()
    name = alice.json("contacts")[0]["name"]
    for i in range(ROUNDS):
        alice.do("send", name, f"{CANARY} {i} " + "x" * (i * 60), "--wait", "delivered")
        bob.do("send", NAMES[0], f"{CANARY} back {i}", "--wait", "delivered")
    bob.kill()
    alice.do("send", name, CANARY + " offline")
    ports.add(bob.up("--listen", "127.0.0.1:0").ready["ports"]["udp4"])
    bob.do("send", NAMES[0], CANARY + " again", "--wait", "delivered")
    return ports, {"the text": CANARY.encode(), "a name": NAMES[0].encode(), "the other name": NAMES[1].encode(),
                   "the link": link.removeprefix("peerlink:").encode(), "the link's psk": unbase58(link[9:])[8:24],
                   **secrets_of(alice), **secrets_of(bob)}


def files_of(peer):
    return [(path, path.read_bytes()) for path in sorted(peer.home.rglob("*")) if path.is_file()]


def search_homes(peers, secrets, protected):
    """Findings in all files, while the nodes run and after. Without a passphrase each file `key` is what holds its key."""
    keys = {f"the store's key of {peer.name}": data_key((peer.home / "key").read_bytes()) for peer in peers}
    files = [(peer, *file) for peer in peers for file in files_of(peer)]
    for peer in peers:
        peer.down()
    files += [(peer, *file) for peer in peers for file in files_of(peer)]
    check(sum(len(data) for _, _, data in files) > 200000, "the homes are empty")
    found = []
    for peer, path, data in files:
        here = [f"{what} in {path.name} of {peer.name}" for what in find(data, {**secrets, **keys})]
        own = f"the store's key of {peer.name} as raw in key of {peer.name}"
        if path.name == "key" and not protected:
            check(here.count(own) == 1, "the search does not see the key that is there")
            here.remove(own)
        found += here
    return sum(len(data) for _, _, data in files), found, keys


def self_test(secrets):
    """A search that finds nothing must be one that would."""
    for secret in secrets.values():
        for _, spelled in spellings(secret):
            check(find(b"before" + spelled + b"after", secrets), "the search is blind")
        for before in range(8):
            some = bytes(before) + secret + b"y" * 11
            check(find(base64.b64encode(some), secrets), "the search is blind for base64")
            check(find(contact.base58(some).encode(), secrets), "the search is blind for base58")
    check(all(map(is_step, (*STEPS, 2304, 1408))), "a step is none")
    check(not any(map(is_step, (200, 255, 257, 700, 1151, 1153, 1500))), "everything is a step")


def run(protected):
    with World() as world:
        secret = world.root / "passphrase"
        secret.write_text(PASSPHRASE + "\n")
        peers = [world.peer(name, passphrase_file=secret if protected else None) for name in NAMES]
        capture = _capture.Capture(world.root / "lo.pcap")
        try:
            ports, secrets = converse(*peers)
        finally:
            wire = capture.stop()
        self_test(secrets)
        homes_len, found, keys = search_homes(peers, secrets, protected)
        found += [f"{what} on the wire" for what in find(wire, {**secrets, **keys})]
        count, odd = check_sizes(wire, ports)
        check(count >= 2 * ROUNDS, f"only {count} packets with messages were captured")
        for line in found + odd:
            print(line, file=sys.stderr)
        print(f"{'with' if protected else 'without'} a passphrase: {len(wire)} bytes of wire, {count} packets with messages, "
              f"{homes_len} bytes of homes: {len(found) + len(odd)} findings")
        return bool(found or odd)


def main():
    if os.geteuid() != 0 or _capture.missing():
        print("needs root and tcpdump")
        return 77
    return max([run(protected) for protected in (True, False)])


sys.exit(main())
