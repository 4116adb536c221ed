#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes message.txt: envelopes, ack lists and chain hashes of docs/protocol/messages.md, made here without our C."""
import hashlib

TOP = (1 << 62) - 1


def varint(value):
    for mark, size in enumerate((1, 2, 4, 8)):
        if value < 1 << (8 * size - 2):
            return (value | mark << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(value)


def place(device, epoch, seq):
    return bytes([device]) * 8 + bytes([epoch]) * 8 + varint(seq)


def envelope(seq, kind, payload, origin=None, target=None, version=1, lifetime=None):
    device, epoch = 0xD1, 0xE1
    flags, extra = 0, b""
    if origin and origin[:2] == (device, epoch):
        flags, extra = 2, varint(origin[2])
    elif origin:
        flags, extra = 1, place(*origin)
    if target:
        flags |= 4
    if lifetime is not None:
        flags |= 8
    out = bytes([version, flags]) + place(device, epoch, seq)
    if seq:
        out += b"\x99" * 16 + bytes(range(16)) + (1750000000000).to_bytes(8, "big")
    out += extra + kind.to_bytes(2, "big")
    if target:
        out += place(*target)
    if lifetime is not None:
        out += lifetime.to_bytes(4, "big")
    return out + payload


def ack(device, epoch, contiguous, ranges=(), chain=0x77):
    out = bytes([device]) * 8 + bytes([epoch]) * 8 + varint(contiguous)
    out += bytes([chain if contiguous else 0]) * 16 + bytes([len(ranges)])
    before = contiguous
    for first, last in ranges:
        out += varint(first - before - 2) + varint(last - first)
        before = last
    return out


def acks(*items):
    return bytes([len(items)]) + b"".join(items)


GOOD = [
    ("text", envelope(1, 1, b"hello")),
    ("text with a two-byte number", envelope(64, 1, "你好".encode())),
    ("the highest number", envelope(TOP, 1, b"x")),
    ("origin of the same stream", envelope(7, 1, b"after one was given up", origin=(0xD1, 0xE1, 8))),
    ("origin of an earlier epoch", envelope(1, 1, b"again", origin=(0xD1, 0xE0, 300))),
    ("reply", envelope(2, 1, b"yes", target=(0xD2, 0xE2, 5))),
    ("reply, sent again", envelope(3, 1, b"yes", origin=(0xD1, 0xE0, 4), target=(0xD2, 0xE2, 70000))),
    ("a kind of a later version", envelope(4, 4000, b"\0\1\2")),
    ("no payload", envelope(5, 64, b"")),
    ("it vanishes after an hour", envelope(6, 1, b"burn", lifetime=3600)),
    ("an answer that vanishes, sent again", envelope(6, 1, b"ash", origin=(0xD1, 0xE0, 4), target=(0xD2, 0xE2, 5), lifetime=1)),
    ("pulse", envelope(0, 70, b"")),
    ("ack as a message", envelope(0, 68, acks(ack(0xD2, 0xE2, 9)))),
]

PLAIN = envelope(1, 1, b"hello")
BAD = [
    ("empty", b""),
    ("version 0", envelope(1, 1, b"hello", version=0)),
    ("version 2", envelope(1, 1, b"hello", version=2)),
    ("unknown flag", PLAIN[:1] + b"\x10" + PLAIN[2:]),
    ("number not in its shortest form", PLAIN[:18] + b"\x40\x01" + PLAIN[19:]),
    ("kind 0", envelope(1, 0, b"hello")),
    ("origin with number 0", envelope(1, 1, b"", origin=(0xD1, 0xE0, 0))),
    ("origin that is its own number", envelope(9, 1, b"", origin=(0xD1, 0xE1, 9))),
    ("target with number 0", envelope(1, 1, b"", target=(0xD1, 0xE0, 0))),
    ("origin without a number", envelope(0, 70, b"", origin=(0xD1, 0xE0, 1))),
    ("whole origin in its own stream", PLAIN[:1] + b"\x01" + PLAIN[2:59] + place(0xD1, 0xE1, 4) + PLAIN[59:]),
    ("target that is not there", envelope(1, 1, b"")[:1] + b"\x04" + envelope(1, 1, b"")[2:]),
    ("cut off", PLAIN[:40]),
    ("a lifetime of nothing", envelope(1, 1, b"hello", lifetime=0)),
    ("a control message that vanishes", envelope(1, 64, b"", lifetime=5)),
    ("a pulse that vanishes", envelope(0, 70, b"", lifetime=5)),
    ("a lifetime that is cut off", envelope(1, 1, b"", lifetime=5)[:-1]),
]

GOOD_ACKS = [
    ("none", acks()),
    ("nothing yet", acks(ack(1, 2, 0))),
    ("contiguous", acks(ack(1, 2, 500))),
    ("ranges", acks(ack(1, 2, 5, [(7, 7), (9, 100), (16500, 16500)]))),
    ("several streams", acks(ack(1, 2, 5), ack(1, 3, 0, [(2, 3)]), ack(1, 4, TOP))),
    ("32 ranges", acks(ack(1, 2, 10, [(12 + 2 * n, 12 + 2 * n) for n in range(32)]))),
    ("nine streams", acks(*[ack(1, n, n + 1) for n in range(9)])),
]

BAD_ACKS = [
    ("empty", b""),
    ("ten streams", acks(*[ack(1, n, n + 1) for n in range(10)])),
    ("33 ranges", acks(ack(1, 2, 10, [(12 + 2 * n, 12 + 2 * n) for n in range(33)]))),
    ("something after it", acks(ack(1, 2, 5)) + b"\0"),
    ("one missing", b"\x02" + ack(1, 2, 5)),
    ("chain of nothing", b"\x01" + ack(1, 2, 0)[:17] + b"\x77" * 16 + b"\0"),
    ("a range beyond all numbers", acks(ack(1, 2, TOP - 1) [:-1] + b"\x01\0\0")),
]


HEART = "\u2764\ufe0f".encode()
# (kind, whether the envelope has a target, payload)
GOOD_MARKS = [
    ("a reaction to the receiver's", 72, 1, b"\1" + HEART),
    ("a reaction to one's own, of 32 bytes", 72, 1, b"\0" + "😀".encode() * 8),
    ("a reaction that is taken back", 72, 1, b"\1"),
    ("an edit", 73, 1, b"\0better"),
    ("a deletion", 74, 1, b"\0"),
    ("read", 75, 1, b"\1"),
    ("a timer of a year", 76, 0, (31536000).to_bytes(4, "big")),
    ("no timer", 76, 0, bytes(4)),
]

BAD_MARKS = [
    ("a reaction without a target", 72, 0, b"\1!"),
    ("a reaction to nobody's", 72, 1, b"\2!"),
    ("a reaction of 33 bytes", 72, 1, b"\1" + b"a" * 33),
    ("a reaction that is no UTF-8", 72, 1, b"\1\xff"),
    ("a reaction of no byte", 72, 1, b""),
    ("an edit of the receiver's", 73, 1, b"\1mine now"),
    ("an edit to nothing", 73, 1, b"\0"),
    ("an edit that is no UTF-8", 73, 1, b"\0\xc0\x80"),
    ("a deletion of the receiver's", 74, 1, b"\1"),
    ("a deletion that says more", 74, 1, b"\0\0"),
    ("one's own was read", 75, 1, b"\0"),
    ("read, without a target", 75, 0, b"\1"),
    ("a timer with a target", 76, 1, bytes(4)),
    ("a timer of more than a year", 76, 0, (31536001).to_bytes(4, "big")),
    ("half a timer", 76, 0, bytes(3)),
    ("a timer that says more", 76, 0, bytes(5)),
    ("another kind", 71, 1, b"\0"),
    ("the next kind", 77, 1, b"\0"),
]


def chain_of(ids):
    value = bytes(16)
    for one in ids:
        value = hashlib.sha512(b"PeerLink/1/mail/chain" + value + one).digest()[:16]
    return value


def main():
    blocks = ["# Envelopes, ack lists and chain hashes of docs/protocol/messages.md, written by message.py."]
    for use, items in (("envelope", GOOD), ("bad envelope", BAD), ("acks", GOOD_ACKS), ("bad acks", BAD_ACKS)):
        blocks += [f"use={use}\nname={name}\nbytes={data.hex()}" for name, data in items]
    for use, items in (("mark", GOOD_MARKS), ("bad mark", BAD_MARKS)):
        blocks += [f"use={use}\nname={name}\nkind={kind:04x}\ntarget={target:02x}\nbytes={data.hex()}" for name, kind, target, data in items]
    for count in (1, 2, 3, 10):
        ids = [hashlib.sha512(bytes([n])).digest()[:16] for n in range(count)]
        blocks.append(f"use=chain\nids={b''.join(ids).hex()}\nchain={chain_of(ids).hex()}")
    with open(__file__.replace(".py", ".txt"), "w", encoding="ascii") as out:
        out.write("\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    main()
