#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes queue.txt: docs/protocol/queue.md from its text alone, without our C (primitives of ratchet.py). Standard library
only. A cell in a record is written as FILL times LENGTH, so that the file stays short."""
import hashlib
import hmac

from ratchet import hkdf, x25519, xchacha20poly1305

L = b"PeerLink/1/queue/"


def sha(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


def u(number, size):
    return number.to_bytes(size, "big")


def block(**fields):
    print()
    for name, value in fields.items():
        print(f"{name}={value.hex() if isinstance(value, bytes) else value}")


def some(label, length=32):
    return sha(b"vector ", label.encode())[:length]


print("# Queues, written by queues.py. use=names, use=invite, use=proof, use=work: section 1 and 4; use=recovery: rekey.md, 1; use=cell, use=bundle:")
print("# section 5, with H(cell) for the larger ones; use=list: section 7; use=record: section 2, whole with its length, cells as fill and count;")
print("# use=bad: the body of a record that is malformed; use=cut: bytes of a stream and what comes first in them.")

# ---- names and keys
OWNER, SENDER, STATIC = some("owner"), some("sender"), some("static")
RID = sha(L + b"rid", x25519(OWNER))[:16]
SID = sha(L + b"sid", RID)[:16]
block(use="names", owner=x25519(OWNER), rid=RID, sid=SID)
PSK = some("psk", 16)
block(use="invite", psk=PSK, sender=hkdf(32, b"", PSK, L + b"invite-sender"),
      envelope=hkdf(32, b"", PSK, L + b"invite-envelope"), cell=hkdf(32, b"", PSK, L + b"invite-cell"))

RECOVERY = hkdf(32, b"", some("recovery"), L + b"recovery" + some("peer") + some("relay"))
block(use="recovery", recovery=some("recovery"), peer=some("peer"), relay=some("relay"), secret=RECOVERY,
      owner=hkdf(32, b"", RECOVERY, L + b"own-owner"), sender=hkdf(32, b"", RECOVERY, L + b"own-sender"),
      envelope=hkdf(32, b"", RECOVERY, L + b"own-envelope"))


def proof(secret, role, ident, handle):
    key = hkdf(32, b"", x25519(secret, x25519(STATIC)), L + b"attach" + u(role, 1) + ident)
    return hmac.new(key, some("channel", 64) + u(handle, 4), hashlib.sha512).digest()[:16]


for secret, role, ident, handle in ((OWNER, 1, RID, 0), (SENDER, 2, SID, 0xFFFFFFFF), (SENDER, 2, SID, 7)):
    block(use="proof", secret=secret, public=x25519(secret), static_secret=STATIC, static_public=x25519(STATIC),
          role=u(role, 1), id=ident, channel=some("channel", 64), handle=u(handle, 4),
          proof=proof(secret, role, ident, handle))


def bits(day, nonce):
    return 512 - int.from_bytes(sha(L + b"work", RID, u(day, 4), u(nonce, 8)), "big").bit_length()


BEST = max(range(3000), key=lambda nonce: bits(20000, nonce))
for day, nonce in ((20000, BEST), (20001, BEST), (20000, 0)):
    block(use="work", rid=RID, day=u(day, 4), nonce=u(nonce, 8), bits=u(bits(day, nonce), 1))

# ---- cells
for size, length in ((4096, 0), (4096, 5), (4096, 4052), (16384, 4053), (65536, 16341)):
    content = (b"\1" + b"mail" * (length // 4 + 1))[:length]
    text = u(length, 4) + content + bytes(size - 44 - length)
    cell = some("nonce", 24) + xchacha20poly1305(some("envelope"), some("nonce", 24), L + b"cell" + SID, text)
    assert len(cell) == size
    block(use="cell", key=some("envelope"), sid=SID, nonce=some("nonce", 24), content=sha(content) if length > 4000 else content,
          length=u(length, 4), cell=sha(cell))
content = b"\1" + b"bundle" * 20
text = u(len(content), 4) + content + bytes(4096 - 44 - len(content))
block(use="bundle", key=some("cell"), sid=SID, sequence=u(7, 8), nonce=some("nonce", 24), content=content,
      cell=some("nonce", 24) + xchacha20poly1305(some("cell"), some("nonce", 24), L + b"bundle" + SID + u(7, 8), text))

# ---- lists of queues
for name, count in (("none", 0), ("two", 2), ("four", 4)):
    offers = [(some(f"relay {i}"), b"relay%d.example" % i, 7447 + i, some(f"sid {i}", 16), some(f"sender {i}"),
               some(f"envelope {i}")) for i in range(count)]
    block(use="list", name=name, count=u(count, 1), list=u(count, 1) + b"".join(
        key + u(len(host), 1) + host + u(port, 2) + sid + sender + envelope
        for key, host, port, sid, sender, envelope in offers), last_host=offers[-1][1] if offers else b"",
        last_port=u(offers[-1][2] if offers else 0, 2), last_sender=offers[-1][4] if offers else b"")

# ---- records
TAG, HANDLE, NUMBER = u(0x01020304, 4), u(0x0A0B0C0D, 4), u(0x1112131415161718, 8)
KEYS = some("owner key") + some("sender key")
V4, V6 = b"\4" + bytes([203, 0, 113, 9]) + u(7447, 2), b"\6" + bytes.fromhex("20010db8") + bytes(11) + b"\1" + u(7447, 2)
FWD = some("relay") + b"\7" * 8

for name, kind, body, cell in (
    ("NEWQ", 1, TAG + b"\1" + KEYS + b"\0", 0),
    ("NEWQ with a token", 1, TAG + b"\2" + KEYS + b"\1" + some("token", 16), 0),
    ("NEWQ with work", 1, TAG + b"\0" + KEYS + b"\2" + NUMBER + u(20000, 4), 0),
    ("ATTACH, owner", 2, TAG + HANDLE + b"\1" + RID + some("proof", 16), 0),
    ("ATTACH, sender", 2, TAG + HANDLE + b"\2" + SID + some("proof", 16), 0),
    ("DETACH", 3, TAG + HANDLE, 0),
    ("SUB", 4, TAG + u(2, 2) + HANDLE + u(9, 4), 0),
    ("SUB of 1,000", 4, TAG + u(1000, 2) + b"".join(u(i, 4) for i in range(1000)), 0),
    ("PUT, small", 5, TAG + HANDLE, 4096),
    ("PUT, middle", 5, TAG + HANDLE, 16384),
    ("PUT, large", 5, TAG + HANDLE, 65536),
    ("GET", 6, TAG + HANDLE + NUMBER + u(16, 2), 0),
    ("ACK", 7, TAG + HANDLE + u(1, 2) + NUMBER, 0),
    ("WRITE", 8, TAG + HANDLE + NUMBER, 4096),
    ("READ", 9, TAG + HANDLE, 0),
    ("FLAGS", 10, TAG + HANDLE + b"\1", 0),
    ("DEL", 11, TAG + HANDLE + b"\0", 0),
    ("DEL with a token", 11, TAG + HANDLE + b"\1" + some("token", 16), 0),
    ("GUEST", 12, TAG + HANDLE, 0),
    ("FWD OPEN, IPv4", 13, TAG + HANDLE + V4 + FWD, 0),
    ("FWD OPEN, IPv6", 13, TAG + HANDLE + V6 + FWD, 0),
    ("FWD CLOSE", 14, TAG + HANDLE, 0),
    ("ANNOUNCE", 15, TAG + u(153, 1) + some("descriptor", 64) * 2 + bytes(25), 0),
    ("DIRECTORY", 16, TAG, 0),
    ("DONE", 64, TAG + b"\0", 0),
    ("DONE, the last code", 64, TAG + b"\x0a", 0),
    ("ITEM", 65, HANDLE + NUMBER, 4096),
    ("ITEM, large", 65, HANDLE + NUMBER, 65536),
    ("CELL", 66, TAG + NUMBER, 4096),
    ("TOKEN", 67, TAG + some("token", 16) + u(32, 2), 0),
    ("REPLACED", 68, HANDLE, 0),
    ("BYE", 69, u(30000, 4), 0),
    ("RELAYS, none", 70, TAG + b"\0", 0),
    ("RELAYS", 70, TAG + b"\2" + b"\3abc" + b"\1d", 0),
):
    assert len(body) + cell <= 65600
    block(use="record", name=name, head=u(1 + len(body) + cell, 3) + u(kind, 1) + body, fill="a5", count=u(cell, 4))

for name, data in (
    ("type 0", b"\0" + TAG),
    ("type 17", b"\x11" + TAG + HANDLE),
    ("type 63", b"\x3f" + TAG),
    ("type 71", b"\x47" + TAG),
    ("ANNOUNCE of nothing", b"\x0f" + TAG + b"\0"),
    ("ANNOUNCE of less than it says", b"\x0f" + TAG + b"\3ab"),
    ("RELAYS, fewer than it says", b"\x46" + TAG + b"\2" + b"\3abc"),
    ("RELAYS, 17 of them", b"\x46" + TAG + b"\x11" + b"\1a" * 17),
    ("RELAYS, one of no bytes", b"\x46" + TAG + b"\1\0"),
    ("type alone", b"\3"),
    ("cut off", b"\3" + TAG + HANDLE[:3]),
    ("too long", b"\3" + TAG + HANDLE + b"\0"),
    ("admission 3", b"\1" + TAG + b"\0" + KEYS + b"\3"),
    ("token of 15 bytes", b"\1" + TAG + b"\0" + KEYS + b"\1" + bytes(15)),
    ("DEL with work", b"\x0b" + TAG + HANDLE + b"\2" + NUMBER + u(20000, 4)),
    ("DEL without admission", b"\x0b" + TAG + HANDLE),
    ("role 0", b"\2" + TAG + HANDLE + b"\0" + RID + bytes(16)),
    ("role 3", b"\2" + TAG + HANDLE + b"\3" + RID + bytes(16)),
    ("SUB of none", b"\4" + TAG + u(0, 2)),
    ("SUB of 1,001", b"\4" + TAG + u(1001, 2) + bytes(4004)),
    ("SUB with fewer than it says", b"\4" + TAG + u(2, 2) + bytes(4)),
    ("PUT without cell", b"\5" + TAG + HANDLE),
    ("PUT of 4,095 bytes", b"\5" + TAG + HANDLE + bytes(4095)),
    ("WRITE of no cell", b"\x08" + TAG + HANDLE + NUMBER),
    ("ACK of none", b"\7" + TAG + HANDLE + u(0, 2)),
    ("FWD OPEN to no family", b"\x0d" + TAG + HANDLE + b"\5" + V4[1:] + FWD),
    ("code 11", b"\x40" + TAG + b"\x0b"),
    ("ITEM without cell", b"\x41" + HANDLE + NUMBER),
):
    block(use="bad", name=name, body=data)

for name, data, took, broken in (
    ("nothing", b"", 0, 0),
    ("two bytes", b"\0\0", 0, 0),
    ("not all of it", b"\0\0\x09\3" + TAG + HANDLE[:3], 0, 0),
    ("one and a half", b"\0\0\x09\3" + TAG + HANDLE + b"\0\0", 12, 0),
    ("length 0", b"\0\0\0", 0, 1),
    ("length 65,600", b"\1\0\x40", 0, 0),
    ("length 65,601", b"\1\0\x41", 0, 1),
):
    block(use="cut", name=name, stream=data, took=u(took, 4), broken=u(broken, 1))
