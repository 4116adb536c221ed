#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes session.txt: docs/protocol/session.md once more, without a line of our C.

Needs the Python package `cryptography` (OpenSSL). Run it only to add a case: the file it writes is frozen.
"""
import hashlib
import hmac
import struct
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEAD = """# Vectors of docs/protocol/session.md: whole handshakes and data packets with fixed keys, written by session.py. A block is
# lines name=hex, ended by an empty line. kind 1 is KKpsk0, 2 is NNpsk0; side i initiates, side r responds. packet_0 and
# packet_2 go from i to r, packet_1 from r to i.
"""


def hmac512(key, data):
    return hmac.new(key, data, "sha512").digest()


def hkdf(secret, info, length):
    return HKDF(hashes.SHA512(), length, None, info).derive(secret)


def dh(secret, public):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def rotate(x, bits):
    return (x << bits | x >> (64 - bits)) & (2**64 - 1)


def siphash128(key, text):
    """SipHash-2-4 with 128 bits of output."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) % 2**64
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) % 2**64
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) % 2**64
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) % 2**64
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = text + bytes(-(len(text) + 1) % 8) + bytes([len(text) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(4)
    out = struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])
    v[1] ^= 0xDD
    rounds(4)
    return out + struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


class Noise:
    """The symmetric state of Noise with SHA512 and ChaChaPoly."""

    def __init__(self, name, prologue):
        self.h = name + bytes(64 - len(name))  # both names are shorter than a hash
        self.ck = self.h
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.h = hashlib.sha512(self.h + data).digest()

    def hkdf(self, data, count):
        temp, last, outputs = hmac512(self.ck, data), b"", []
        for i in range(1, count + 1):
            last = hmac512(temp, last + bytes([i]))
            outputs.append(last)
        return outputs

    def mix_key(self, data):
        self.ck, key = self.hkdf(data, 2)
        self.key, self.n = key[:32], 0

    def psk(self, psk):
        self.ck, mixed, key = self.hkdf(psk, 3)
        self.mix_hash(mixed)
        self.key, self.n = key[:32], 0

    def ephemeral(self, public_key):
        self.mix_hash(public_key)
        self.mix_key(public_key)

    def encrypt(self, text):
        sealed = ChaCha20Poly1305(self.key).encrypt(bytes(4) + struct.pack("<Q", self.n), text, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return sealed


def greeting(side, total):
    body = bytes([1, 1]) + side["device"] + side["incarnation"] + side["cids"]
    body += struct.pack(">IQH", side["generation"], side["echo"], 0)
    return body + bytes(total - len(body))


def data_packet(key, header_key, cid, counter, text):
    header = b"\xc3" + cid + struct.pack(">Q", counter)
    sealed = ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", counter), text, header)
    mask = Cipher(algorithms.ChaCha20(header_key, sealed[:16]), None).encryptor().update(bytes(8))
    return header[:9] + xor(header[9:], mask) + sealed


def case(seed, kind, direction, stamp, generation, i_echo, r_highest):
    def fresh(what, length):
        return hashlib.sha512(f"PeerLink vector {seed} {what}".encode()).digest()[:length]

    psk = fresh("psk", 32)
    hint_key = hkdf(psk, b"PeerLink/1/session/hint" + bytes([direction]), 16)
    si, sr, ei, er = (fresh(x, 32) for x in ("init static", "resp static", "init ephemeral", "resp ephemeral"))
    i = {"device": fresh("di", 8), "incarnation": fresh("ii", 8), "cids": fresh("ci", 32), "generation": generation,
         "echo": i_echo}
    r = {"device": fresh("dr", 8), "incarnation": fresh("ir", 8), "cids": fresh("cr", 32), "generation": generation,
         "echo": max(r_highest, stamp)}

    masked = xor(struct.pack(">Q", stamp), siphash128(hint_key, public(ei)))
    hint = siphash128(hint_key, public(ei) + masked)
    name = b"Noise_%spsk0_25519_ChaChaPoly_SHA512" % (b"KK" if kind == 1 else b"NN")
    n = Noise(name, b"\x01" + hint + masked)
    if kind == 1:
        n.mix_hash(public(si))
        n.mix_hash(public(sr))
    n.psk(psk)
    n.ephemeral(public(ei))
    if kind == 1:
        n.mix_key(dh(ei, public(sr)))
        n.mix_key(dh(si, public(sr)))
    message1 = b"\xc1\x01" + hint + masked + public(ei) + n.encrypt(greeting(i, 182))
    n.ephemeral(public(er))
    n.mix_key(dh(ei, public(er)))
    if kind == 1:
        n.mix_key(dh(si, public(er)))
    message2 = b"\xc2\x01" + i["cids"][:8] + public(er) + n.encrypt(greeting(r, 198))
    assert len(message1) == len(message2) == 256

    i_send, r_send = (key[:32] for key in n.hkdf(b"", 2))
    i_header = hkdf(n.ck, b"PeerLink/1/session/header-initiator", 32)
    r_header = hkdf(n.ck, b"PeerLink/1/session/header-responder", 32)
    texts = b"", bytes(range(223)), b"a later packet on another path"
    fields = {"kind": bytes([kind]), "psk": psk, "direction": bytes([direction]), "hint_key": hint_key}
    if kind == 1:
        fields |= {"i_static": si, "r_static": sr}
    fields |= {"i_ephemeral": ei, "r_ephemeral": er, "stamp": struct.pack(">Q", stamp),
               "generation": struct.pack(">I", generation)}
    for letter, side in ("i", i), ("r", r):
        fields |= {f"{letter}_device": side["device"], f"{letter}_incarnation": side["incarnation"],
                   f"{letter}_cids": side["cids"], f"{letter}_echo": struct.pack(">Q", side["echo"])}
    fields |= {"message1": message1, "message2": message2, "i_send": i_send, "r_send": r_send,
               "i_header": i_header, "r_header": r_header,
               "text_0": texts[0], "packet_0": data_packet(i_send, i_header, r["cids"][:8], 0, texts[0]),
               "text_1": texts[1], "packet_1": data_packet(r_send, r_header, i["cids"][:8], 0, texts[1]),
               "text_2": texts[2], "packet_2": data_packet(i_send, i_header, r["cids"][8:16], 2**32 - 1, texts[2])}
    return "\n".join(f"{name}={value.hex()}" for name, value in fields.items()) + "\n"


def main():
    cases = [
        "# A link of two contacts, first generation, first stamp.\n" + case("a", 1, 1, 1, 1, 0, 0),
        "# A link, the larger PeerID initiates, later stamps; the answer echoes the stamp of message 1.\n"
        + case("b", 1, 2, 0x1234, 3, 0x77, 0x1233),
        "# An inline invite.\n" + case("c", 2, 0, 1, 0, 0, 0),
    ]
    Path(__file__).with_name("session.txt").write_text("\n".join([HEAD, *cases]))


if __name__ == "__main__":
    main()
