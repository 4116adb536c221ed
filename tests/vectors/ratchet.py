#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second implementation of docs/protocol/ratchet.md, in the plainest Python and from the text alone: it wrote
ratchet.txt, and `ratchet.py --check ratchet.txt` writes it again and compares. Slow, leaky, for vectors only."""
import hashlib
import hmac
import struct
import sys

P = 2**255 - 19


def x25519(secret, public=(9).to_bytes(32, "little")):
    """RFC 7748, section 5."""
    k = int.from_bytes(secret, "little") & ~7 & ~(1 << 255) | 1 << 254
    u = int.from_bytes(public, "little") % 2**255
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def rounds(state):
    x = list(state)

    def quarter(a, b, c, d):
        for s, t, u, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[s] = (x[s] + x[t]) & 0xFFFFFFFF
            x[u] ^= x[s]
            x[u] = (x[u] << n | x[u] >> 32 - n) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return x


SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def chacha20(key, nonce, text, counter):
    """RFC 8439, section 2.4."""
    out = b""
    for i in range(0, len(text), 64):
        state = SIGMA + struct.unpack("<8I", key) + (counter + i // 64,) + struct.unpack("<3I", nonce)
        block = struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(rounds(state), state)))
        out += bytes(a ^ b for a, b in zip(text[i : i + 64], block))
    return out


def xchacha20poly1305(key, nonce, aad, text):
    """draft-irtf-cfrg-xchacha, section 2."""
    x = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce[:16]))
    key, nonce = struct.pack("<8I", *(x[:4] + x[12:])), bytes(4) + nonce[16:]
    once = chacha20(key, nonce, bytes(32), 0)
    sealed = chacha20(key, nonce, text, 1)
    r, s = int.from_bytes(once[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, int.from_bytes(once[16:], "little")
    mac = aad + bytes(-len(aad) % 16) + sealed + bytes(-len(sealed) % 16) + struct.pack("<QQ", len(aad), len(text))
    acc = 0
    for i in range(0, len(mac), 16):
        acc = (acc + int.from_bytes(mac[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return sealed + ((acc + s) % 2**128).to_bytes(16, "little")


def hkdf(length, salt, secret, info):
    """RFC 5869 with SHA-512."""
    prk = hmac.digest(salt or bytes(64), secret, "sha512")
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([len(out) // 64 + 1]), "sha512")
        out += block
    return out[:length]


class Side:
    """Only what vectors need: messages arrive in order or not at all."""

    def __init__(self, secret, initiator, prekey):
        keys = hkdf(96, b"", secret, b"PeerLink/1/ratchet/init")
        self.root, a, b = keys[:32], keys[32:64], keys[64:]
        self.next_send, self.next_recv = (a, b) if initiator else (b, a)
        self.own = None if initiator else prekey
        self.theirs = x25519(prekey) if initiator else None
        self.turn, self.previous, self.n = initiator, 0, 0

    def step(self, secret, public):
        keys = hkdf(96, self.root, x25519(secret, public), b"PeerLink/1/ratchet/root")
        self.root = keys[:32]
        return keys[32:64], keys[64:]

    def encrypt(self, ratchet_secret, nonce, ad, text):
        if self.turn:
            self.previous, self.n, self.turn = self.n, 0, False
            self.header_key, self.own = self.next_send, ratchet_secret
            self.chain, self.next_send = self.step(self.own, self.theirs)
        both = hmac.digest(self.chain, b"PeerLink/1/ratchet/chain\1", "sha512")
        self.chain, key = both[:32], both[32:]
        header = x25519(self.own) + struct.pack(">II", self.previous, self.n) + b"\0"
        self.n += 1
        prefix = b"\1" + struct.pack(">H", 24 + len(header) + 16)
        sealed = nonce + xchacha20poly1305(self.header_key, nonce, prefix, header)
        aad = struct.pack(">H", len(ad)) + ad + prefix + sealed
        return prefix + sealed + xchacha20poly1305(key, nonce, aad, text)

    def hear(self, public):
        """A message of the peer came, with this ratchet key."""
        if public != self.theirs:
            self.theirs, self.turn = public, True
            _, self.next_recv = self.step(self.own, public)


def some(label, length=32):
    return hashlib.sha512(b"ratchet vectors " + label.encode()).digest()[:length]


def vectors():
    prekey = some("prekey")
    yield [("use", "first"), ("secret", some("secret").hex()), ("prekey", prekey.hex()), ("public", x25519(prekey).hex())]
    sides = {"a": Side(some("secret"), True, prekey), "b": Side(some("secret"), False, prekey)}
    for i, (who, text, heard) in enumerate(SCRIPT):
        side, other = sides[who], sides["ba"["ba".index(who) ^ 1]]
        ad = some(f"ad {i}", i * 16 % 80)
        secret = some(f"ratchet {i}") if side.turn else b""
        nonce = some(f"nonce {i}", 24)
        sealed = side.encrypt(secret, nonce, ad, text)
        if heard:
            other.hear(x25519(side.own))
        yield [("use", "message"), ("from", who), ("heard", "yes" if heard else "no"), ("ratchet", secret.hex()),
               ("nonce", nonce.hex()), ("ad", ad.hex()), ("text", text.hex()), ("root", side.root.hex()),
               ("sealed", sealed.hex())]


SCRIPT = [("a", b"hello", False), ("a", b"are you there?", True), ("a", b"", True), ("b", b"yes", True), ("b", b"here", True),
          ("a", b"x" * 300, False), ("a", bytes(range(256)), True), ("b", b"1", True), ("a", b"2", True), ("b", b"3", False),
          ("b", b"4", True), ("a", "\u4f60\u597d".encode(), True)]


def whole():
    out = """# Vectors of the double ratchet (docs/protocol/ratchet.md), written by ratchet.py. First what both sides begin with: the
# shared secret, and the responder's (b's) ratchet key pair. Then the messages in the order in which they are sealed; ratchet
# is the sender's fresh ratchet secret where it starts a sending chain; root is its root key after the message; a message
# that is not heard is lost.
"""
    for block in vectors():
        out += "\n" + "".join(f"{name}={value}\n" for name, value in block)
    return out


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        sys.exit(open(sys.argv[2], encoding="utf-8").read() != whole())
    sys.stdout.write(whole())
