#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second implementation of docs/protocol/{identity,invite,first-contact,rekey}.md, from the text alone: it wrote
contact.txt, and `contact.py --check contact.txt` writes it again and compares. Slow, leaky, for vectors only."""
import hashlib
import pathlib
import re
import struct
import sys

from ratchet import Side, hkdf, x25519, xchacha20poly1305

# ---- Ed25519, RFC 8032 section 5.1

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def times(k, point):
    out = (0, 1)
    while k:
        if k & 1:
            out = add(out, point)
        point, k = add(point, point), k >> 1
    return out


BASE_Y = 4 * pow(5, P - 2, P) % P
XX = (BASE_Y**2 - 1) * pow(D * BASE_Y**2 + 1, P - 2, P) % P
X = pow(XX, (P + 3) // 8, P)
X = X if (X * X - XX) % P == 0 else X * pow(2, (P - 1) // 4, P) % P
BASE = (X if X % 2 == 0 else P - X, BASE_Y)


def pack(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def expand(seed):
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], "little") & ~7 & ~(1 << 255) & (1 << 255) - 1 | 1 << 254, h[32:]


def sign_public(seed):
    return pack(times(expand(seed)[0], BASE))


def sign(seed, text):
    a, prefix = expand(seed)
    r = int.from_bytes(hashlib.sha512(prefix + text).digest(), "little") % Q
    point = pack(times(r, BASE))
    k = int.from_bytes(hashlib.sha512(point + sign_public(seed) + text).digest(), "little") % Q
    return point + ((r + k * a) % Q).to_bytes(32, "little")


# ---- identity.md


def some(label, length=32):
    return hashlib.sha512(b"contact vectors " + label.encode()).digest()[:length]


def sha(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


def derive(secret, label, length=32):
    return hkdf(length, b"", secret, b"PeerLink/1/contact/" + label)


def varint(n):
    return bytes([n]) if n < 64 else struct.pack(">H", n | 0x4000) if n < 16384 else struct.pack(">I", n | 0x80000000)


def tlv(*entries):
    return b"".join(varint(t) + varint(len(v)) + v for t, v in entries)


def places(*list_):
    return bytes([len(list_)]) + b"".join(bytes([t, len(ip) == 4 and 4 or 6]) + ip + struct.pack(">H", p) for t, ip, p in list_)


class Persona:
    def __init__(self, seed):
        self.seed, self.sign_seed, self.dh = seed, derive(seed, b"persona-sign"), derive(seed, b"persona-dh")
        self.dh_public = x25519(self.dh)
        self.keys = tlv((1, sign_public(self.sign_seed)), (2, self.dh_public))
        self.id = sha(b"PeerLink/1/id", self.keys)[:32]


def words(seed):
    source = pathlib.Path(__file__).parents[2] / "src/contact/words_list.c"
    listed = re.findall(r'"([a-z]+)"', source.read_text(encoding="utf-8"))
    bits = int.from_bytes(seed + hashlib.sha256(seed).digest()[:1], "big")
    return " ".join(listed[bits >> 11 * (23 - i) & 2047] for i in range(24))


def safety(a, b):
    out = []
    for peer in sorted((a, b)):
        h = sha(b"PeerLink/1/contact/safety", peer)
        for _ in range(5199):
            h = sha(h, peer)
        out += [f"{int.from_bytes(h[5 * i:5 * i + 5], 'big') % 100000:05}" for i in range(6)]
    return " ".join(out)


# ---- invite.md

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LENS = [0, 2, 3, 5, 6, 7, 9, 10, 11]


def base58(data):
    out = ""
    for i in range(0, len(data), 8):
        block = data[i:i + 8]
        n, text = int.from_bytes(block, "big"), ""
        for _ in range(LENS[len(block)]):
            text, n = ALPHABET[n % 58] + text, n // 58
        out += text
    return out


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def link(kind, body):
    head = struct.pack(">BBBBH", 1, 1, 0, kind, 8 + len(body) + 4)
    record = head + struct.pack(">H", crc32c(head) & 0xFFFF) + body
    return "peerlink:" + base58(record + struct.pack(">I", crc32c(record)))


def relays(*list_):
    return bytes([len(list_)]) + b"".join(k + bytes([len(h)]) + h + struct.pack(">H", p) for k, h, p in list_)


class Invite:
    def __init__(self, owner, secret, device, sequence, expires):
        self.psk, self.prekey = derive(secret, b"invite-psk", 16), derive(secret, b"invite-prekey")
        body = b"\1\1\1" + owner.keys + x25519(self.prekey) + b"\0" + struct.pack(">QQ", sequence, expires) + device
        self.bundle = body + sign(owner.sign_seed, b"PeerLink/1/contact/bundle" + body)
        self.hash = sha(b"PeerLink/1/contact/bundle-hash", self.bundle)[:32]


# ---- first-contact.md


def spread(secret):
    return {"recovery": derive(secret, b"recovery"), "link_psk": derive(secret, b"link-psk"), "line": derive(secret, b"line", 8)}


def payload(name, device, epoch, link_public, places_, reset, envelopes=b""):
    entries = [(1, name)] if name else []
    entries += [(3, device), (4, epoch), (5, link_public), (6, places_), (7, struct.pack(">I", 1) + reset + b"\0")]
    return tlv(*entries, *([(9, envelopes)] if envelopes else []))


def first_contact(alice, bob, invite, eb, nonce, ratchet, ratchet_nonce, text):
    head = b"\1\1\1\1" + invite.hash + x25519(eb) + b"\0"
    dh1, dh2, dh3 = x25519(bob.dh, x25519(invite.prekey)), x25519(eb, alice.dh_public), x25519(eb, x25519(invite.prekey))
    t1 = sha(b"PeerLink/1/contact/first", invite.bundle, head)
    key = hkdf(32, invite.psk, dh2 + dh3, b"PeerLink/1/contact/first-identity" + t1)
    sealed = xchacha20poly1305(key, nonce, t1, bob.keys)
    t2 = sha(b"PeerLink/1/contact/first-joiner", t1, nonce, sealed)
    secret = hkdf(32, invite.psk, dh1 + dh2 + dh3, b"PeerLink/1/contact/first-secret" + t2)
    sides = [Side(derive(secret, b"ratchet"), initiator, invite.prekey) for initiator in (True, False)]
    blob = head + nonce + sealed + sides[0].encrypt(ratchet, ratchet_nonce, t2, text)
    sides[1].hear(x25519(sides[0].own))
    return blob, sides, spread(secret)


# ---- rekey.md


def rekey(a, b, recovery, counter, variants, text, reply):
    """variants: (number, ephemeral, b's secret, nonce); b answers the first."""
    head = b"\1\1\1\1" + struct.pack(">QB", counter, len(variants))
    fronts = [struct.pack(">I", n) + x25519(e) + b"\0" for n, e, _, _ in variants]
    request, firsts = head, []
    for front, (_, e, reset, nonce) in zip(fronts, variants):
        dh = x25519(a.dh, x25519(reset)) + x25519(e, b.dh_public) + x25519(e, x25519(reset))
        t1 = sha(b"PeerLink/1/contact/rekey", a.id, b.id, head, *fronts, front)
        sealed = xchacha20poly1305(hkdf(32, recovery, dh, b"PeerLink/1/contact/rekey-request" + t1), nonce, t1, text)
        request += front + nonce + varint(len(sealed)) + sealed
        firsts.append((dh, sha(b"PeerLink/1/contact/rekey-sealed", t1, nonce, sealed)))
    eb, nonce, answer_text = reply
    dh, t2 = firsts[0]
    front = b"\1\1\1\1" + struct.pack(">QI", counter, variants[0][0]) + x25519(eb) + b"\0"
    t3 = sha(b"PeerLink/1/contact/rekey-reply", t2, front)
    dh += x25519(eb, x25519(variants[0][1])) + x25519(eb, a.dh_public)
    secret = hkdf(32, recovery, dh, b"PeerLink/1/contact/rekey-secret" + t3)
    answer = front + nonce + xchacha20poly1305(derive(secret, b"rekey-answer"), nonce, t3, answer_text)
    return request, answer, derive(secret, b"ratchet"), spread(secret)


def generation(line, number, before, a, x, b, y):
    """Proposer's secret a and contribution x, answerer's b and y."""
    pa, pb, n = x25519(a), x25519(b), struct.pack(">I", number)
    psk = hkdf(32, before, x + y, b"PeerLink/1/contact/link-generation" + line + n + pa + pb)
    return b"\1" + line + n + pa + x + b"\0", b"\2" + line + n + pb + y + b"\0", psk


# ---- the vectors

NOW = 1750000000000
HOME = places((1, bytes([192, 0, 2, 7]), 4000), (2, bytes.fromhex("20010db8000000000000000000000001"), 4001))


def vectors():
    alice, bob = Persona(some("alice")), Persona(some("bob"))
    for who in (alice, bob):
        yield [("use", "persona"), ("seed", who.seed), ("keys", who.keys), ("id", who.id), ("text", base58(who.id)),
               ("words", words(who.seed))]
    yield [("use", "safety"), ("a", alice.id), ("b", bob.id), ("number", safety(alice.id, bob.id))]

    secret, device = some("invite"), some("alice device", 8)
    invite = Invite(alice, secret, device, NOW, NOW + 1000)
    yield [("use", "inline"), ("seed", alice.seed), ("secret", secret), ("device", device), ("now", struct.pack(">Q", NOW)),
           ("life", struct.pack(">Q", 1000)), ("places", HOME), ("bundle", invite.bundle), ("hash", invite.hash),
           ("session", derive(invite.psk, b"invite-session")),
           ("link", link(3, invite.psk + varint(len(invite.bundle)) + invite.bundle + HOME))]
    listed = relays((some("relay 1"), b"relay.example.org", 7447), (some("relay 2"), b"198.51.100.7", 443))
    for kind, what in (1, invite.hash), (2, alice.id):
        queue = some("queue", 16)
        yield [("use", "relayed"), ("kind", bytes([kind])), ("psk", invite.psk), ("hash", what), ("queue", queue),
               ("relays", listed), ("link", link(kind, invite.psk + what + queue + listed))]

    links = {who: some(f"{who} link") for who in ("alice", "bob")}
    resets = {who: some(f"{who} reset") for who in ("alice", "bob")}
    said = {who: payload(who.title().encode(), some(f"{who} device", 8), some(f"{who} epoch", 8), x25519(links[who]), HOME,
                         x25519(resets[who]), b"\5hello" if who == "bob" else b"") for who in links}
    dice = [some(f"first {i}", n) for i, n in enumerate((32, 24, 32, 24))]
    blob, sides, made = first_contact(alice, bob, invite, *dice, said["bob"])
    hash_ = sha(b"PeerLink/1/contact/blob", blob)[:32]
    accept_dice = [some("accept ratchet"), some("accept nonce", 24)]
    acceptance = sides[1].encrypt(*accept_dice, b"PeerLink/1/contact/acceptance" + hash_, said["alice"])
    yield [("use", "first"), ("a", alice.seed), ("b", bob.seed), ("psk", invite.psk), ("prekey", invite.prekey),
           ("bundle", invite.bundle), ("said", said["bob"]), ("dice", b"".join(dice)), ("blob", blob), ("hash", hash_),
           ("answered", said["alice"]), ("answer_dice", b"".join(accept_dice)), ("acceptance", acceptance), *made.items()]

    plain = {who: payload(b"", some(f"{who} device", 8), some(f"{who} epoch 2", 8), x25519(links[who]), HOME,
                          x25519(resets[who])) for who in links}
    e, n = [some(f"ephemeral {i}") for i in range(3)], [some(f"nonce {i}", 24) for i in range(3)]
    for newest in True, False:
        variants = [(1, e[0], resets["bob"], n[0]), (0, e[1], bob.dh, n[1])] if newest else [(0, e[1], bob.dh, n[1])]
        request, answer, ratchet, again = rekey(alice, bob, made["recovery"], NOW, variants, plain["alice"],
                                                (e[2], n[2], plain["bob"]))
        dice = b"".join(v[1] for v in variants) + b"".join(v[3] for v in variants)
        yield [("use", "rekey"), ("a", alice.seed), ("b", bob.seed), ("recovery", made["recovery"]),
               ("reset", resets["bob"] if newest else b""), ("counter", struct.pack(">Q", NOW)), ("said", plain["alice"]),
               ("dice", dice), ("request", request), ("answered", plain["bob"]), ("answer_dice", e[2] + n[2]),
               ("answer", answer), ("ratchet", ratchet), ("link_psk", again["link_psk"]), ("line", again["line"])]

    a, x, b, y = (some(f"generation {i}") for i in range(4))
    propose, answer, psk = generation(made["line"], 2, made["link_psk"], a, x, b, y)
    yield [("use", "generation"), ("line", made["line"]), ("before", made["link_psk"]), ("dice", a + x), ("propose", propose),
           ("answer_dice", b + y), ("answer", answer), ("psk", psk)]


def whole():
    out = """# Vectors of identity, invites, first contact, re-key and link generations (docs/protocol), written by contact.py. A block is
# lines name=value, hex unless it is plainly text; use says what it is for. a invites or asks, b joins or answers; dice is
# all that is random, in the order in which the pages name it: ephemerals, then nonces, then the ratchet's key and nonce.
"""
    for block in vectors():
        out += "\n" + "".join(f"{name}={value.hex() if isinstance(value, bytes) else value}\n" for name, value in block)
    return out


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        sys.exit(open(sys.argv[2], encoding="utf-8").read() != whole())
    sys.stdout.write(whole())
