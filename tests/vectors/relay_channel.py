#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes relay_channel.txt: docs/protocol/relay.md, sections 2 and 3, once more, without a line of our C.

Needs the Python package `cryptography` (OpenSSL). Run it only to add a case: the file it writes is frozen.
"""
import hashlib
import struct
from pathlib import Path

from ratchet import xchacha20poly1305
from session import Noise, data_packet, dh, hkdf, public, siphash128

HEAD = """# Vectors of docs/protocol/relay.md: hellos, cookies, answers and first packets with fixed keys, written by relay_channel.py. A
# block is lines name=hex, ended by an empty line. packet_0 and packet_2 go from client to relay, packet_1 from relay to client;
# hello has no mac 2, hello_proved has the one that the cookie gives.
"""
CLIENT, RELAY = b"PeerLink/1/relay/header-client", b"PeerLink/1/relay/header-relay"


def derive(label, static, length):
    return hashlib.sha512(b"PeerLink/1/relay/" + label + static).digest()[:length]


class Channel(Noise):
    """Noise without psk: the ephemeral is not mixed into the key (section 5.3 of Noise)."""

    def ephemeral(self, public_key):
        self.mix_hash(public_key)


def padded(body, total):
    assert len(body) <= total
    return body + bytes(total - len(body))


def tlv(kind, value):
    return bytes([kind, len(value)]) + value


def case(seed, address, wall_ms, admission, bits, client_extensions, relay_extensions):
    def fresh(what, length):
        return hashlib.sha512(f"PeerLink relay vector {seed} {what}".encode()).digest()[:length]

    static, ei, er = (fresh(x, 32) for x in ("static", "client ephemeral", "relay ephemeral"))
    c_cid, r_cid = fresh("client id", 8), fresh("relay id", 8)
    secret, nonce = fresh("cookie secret", 16), fresh("nonce", 24)

    noise = Channel(b"Noise_NK_25519_ChaChaPoly_SHA512", b"PeerLink/1/relay/channel" + b"\x01" + c_cid)
    noise.mix_hash(public(static))
    noise.ephemeral(public(ei))
    noise.mix_key(dh(ei, public(static)))
    head = b"\xc6\x01" + c_cid + public(ei) + noise.encrypt(padded(struct.pack(">BBH", 1, 1, 0) + client_extensions, 166))
    mac1 = siphash128(derive(b"hello", public(static), 16), head)
    hello = head + mac1 + bytes(16)

    cookie = siphash128(secret, address)
    sealed = xchacha20poly1305(derive(b"cookie", public(static), 32), nonce, mac1, cookie)
    cookie_packet = b"\xc4\x01" + c_cid + nonce + sealed
    proved = head + mac1 + siphash128(cookie, head + mac1)
    assert len(hello) == len(proved) == 256 and len(cookie_packet) == 66

    noise.ephemeral(public(er))
    noise.mix_key(dh(ei, public(er)))
    greeting = struct.pack(">BB8sQ", 1, 1, r_cid, wall_ms) + address + bytes([admission, bits]) + relay_extensions
    message2 = b"\xc2\x01" + c_cid + public(er) + noise.encrypt(padded(greeting, 198))
    assert len(message2) == 256

    c_send, r_send = (key[:32] for key in noise.hkdf(b"", 2))
    c_header, r_header = hkdf(noise.ck, CLIENT, 32), hkdf(noise.ck, RELAY, 32)
    texts = b"\x01", bytes([2, 0, 0, 0, 0]), bytes([13, 5, 3]) + b"abc"
    fields = {"static": static, "c_ephemeral": ei, "r_ephemeral": er, "c_cid": c_cid, "r_cid": r_cid, "address": address,
              "wall_ms": struct.pack(">Q", wall_ms), "admission": bytes([admission]), "bits": bytes([bits]),
              "relay_extensions": relay_extensions, "hello": hello, "cookie_secret": secret, "nonce": nonce,
              "cookie": cookie, "cookie_packet": cookie_packet, "hello_proved": proved, "message2": message2,
              "hash": noise.h, "c_send": c_send, "r_send": r_send, "c_header": c_header, "r_header": r_header}
    if client_extensions:
        fields["client_extensions"] = client_extensions
    ends = (c_send, c_header, r_cid, 0), (r_send, r_header, c_cid, 0), (c_send, c_header, r_cid, 70000)
    for i, (text, end) in enumerate(zip(texts, ends)):
        fields |= {f"text_{i}": text, f"packet_{i}": data_packet(*end, text)}
    return "\n".join(f"{name}={value.hex()}" for name, value in fields.items()) + "\n"


def main():
    v4 = b"\x04" + bytes([192, 0, 2, 7]) + struct.pack(">H", 40000)
    v6 = b"\x06" + bytes.fromhex("20010db8000000000000000000000017") + struct.pack(">H", 7447)
    cases = [
        "# A relay that wants tokens, over IPv4.\n" + case("a", v4, 1_790_000_000_000, 1, 0, b"", b""),
        "# An open relay with another STUN address, over IPv6.\n" + case("b", v6, 0x1234, 2, 20, b"", tlv(1, v4)),
        "# A closed relay; both sides with an extension that nobody knows.\n"
        + case("c", v4, 2**53, 3, 0, tlv(9, b"later"), tlv(1, v6) + tlv(9, b"later")),
    ]
    Path(__file__).with_name("relay_channel.txt").write_text("\n".join([HEAD, *cases]))


if __name__ == "__main__":
    main()
