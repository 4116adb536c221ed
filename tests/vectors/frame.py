#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes frame.txt: frames of docs/protocol/link.md section 2, encoded here without our C. Standard library only."""


def varint(value):
    for mark, size in enumerate((1, 2, 4, 8)):
        if value < 1 << (8 * size - 2):
            return (value | mark << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(value)


def address(ip, port):
    return bytes([4 if len(ip) == 4 else 6]) + ip + port.to_bytes(2, "big")


def ack(ranges, delay):
    out = b"\x02" + varint(ranges[0][1]) + varint(delay) + varint(len(ranges) - 1)
    out += varint(ranges[0][1] - ranges[0][0])
    for before, (first, last) in zip(ranges, ranges[1:]):
        out += varint(before[0] - last - 2) + varint(last - first)
    return out


def stream(number, offset, data, fin):
    return b"\x03" + varint(number) + varint(offset) + varint(len(data)) + bytes([fin]) + data


V4 = address(bytes([192, 0, 2, 7]), 7447)
V6 = address(bytes.fromhex("20010db8000000000000000000000001"), 40000)
TOKEN = bytes(range(8))
TOP = (1 << 62) - 1

GOOD = [
    ("padding of five", b"\0" * 5),
    ("ping", b"\x01"),
    ("ack of number 0", ack([(0, 0)], 0)),
    ("ack of one run", ack([(10, 1000)], 16383)),
    ("ack of three ranges", ack([(900, 1000), (500, 898), (0, 100)], 16384)),
    ("ack of 32 ranges", ack([(10 * n, 10 * n + n % 9) for n in range(32, 0, -1)], 20000)),
    ("ack of the highest number", ack([(TOP, TOP)], TOP)),
    ("stream, empty", stream(0, 0, b"", 0)),
    ("stream, text", stream(7, 63, b"hello", 0)),
    ("stream, end alone", stream(3, 1 << 30, b"", 1)),
    ("stream, last byte there can be", stream(1, TOP - 1, b"x", 1)),
    ("max data", b"\x04" + varint(1 << 20)),
    ("max stream data", b"\x05" + varint(5) + varint(1 << 18)),
    ("datagram", b"\x06" + varint(6) + b"typing"),
    ("path challenge", b"\x07" + TOKEN),
    ("path response without address", b"\x08" + TOKEN + b"\0"),
    ("path response, IPv4", b"\x08" + TOKEN + V4),
    ("path response, IPv6", b"\x08" + TOKEN + V6),
    ("new cid", b"\x09" + varint(4) + TOKEN),
    ("retire cid", b"\x0a" + varint(64)),
    ("close", b"\x0b" + varint(0)),
    ("addresses, none", b"\x0c" + varint(1) + varint(0)),
    ("addresses, two", b"\x0c" + varint(70) + varint(2) + b"\x01" + V4 + b"\x02" + V6),
    ("addresses, sixteen", b"\x0c" + varint(2) + varint(16) + (b"\x03" + V4) * 16),
    ("pass", b"\x0d" + varint(7) + varint(6) + b"packet"),
    ("pass, empty, of the highest handle", b"\x0d" + varint((1 << 32) - 1) + varint(0)),
    ("pass of 1,400 bytes", b"\x0d" + varint(64) + varint(1400) + bytes(range(200)) * 7),
    ("nobody", b"\x0e" + varint(16384)),
    ("fwd", b"\x0f" + varint(1) + varint(3) + b"\xc3ab"),
]

BAD = [
    ("unknown type", b"\x10"),
    ("unknown type beyond varints of one byte", b"\x40\x01"),
    ("ack, 33 ranges", b"\x02" + varint(9999) + varint(0) + varint(32) + b"\0" * 65),
    ("ack, first range below 0", b"\x02" + varint(5) + varint(0) + varint(0) + varint(6)),
    ("ack, gap below 0", b"\x02" + varint(5) + varint(0) + varint(1) + varint(0) + varint(4) + varint(0)),
    ("ack, second range below 0", b"\x02" + varint(5) + varint(0) + varint(1) + varint(0) + varint(0) + varint(4)),
    ("stream 8", stream(8, 0, b"a", 0)),
    ("stream, fin of 2", stream(0, 0, b"a", 2)),
    ("stream, beyond the last offset", stream(0, TOP, b"a", 0)),
    ("stream, cut off", stream(0, 0, b"hello", 0)[:-1]),
    ("max stream data of stream 8", b"\x05" + varint(8) + varint(1)),
    ("datagram, cut off", b"\x06" + varint(7) + b"typing"),
    ("path challenge, cut off", b"\x07" + TOKEN[:-1]),
    ("path response, family 5", b"\x08" + TOKEN + b"\x05" + V4[1:]),
    ("addresses, seventeen", b"\x0c" + varint(2) + varint(17) + (b"\x01" + V4) * 17),
    ("addresses, transport 0", b"\x0c" + varint(2) + varint(1) + b"\0" + V4),
    ("addresses, transport 4", b"\x0c" + varint(2) + varint(1) + b"\x04" + V4),
    ("close without reason", b"\x0b"),
    ("pass of 1,401 bytes", b"\x0d" + varint(64) + varint(1401) + bytes(1401)),
    ("pass, cut off", b"\x0d" + varint(7) + varint(7) + b"packet"),
    ("pass, handle of 2^32", b"\x0d" + varint(1 << 32) + varint(0)),
    ("nobody, handle of 2^32", b"\x0e" + varint(1 << 32)),
    ("fwd, cut off", b"\x0f" + varint(1)),
]

STEPS = [(1, 256), (223, 256), (224, 512), (479, 512), (480, 768), (735, 768), (736, 1024), (991, 1024), (992, 1152)]

print("# Frames of docs/protocol/link.md, written by frame.py: well formed ones in their shortest form, which encode to the")
print("# same bytes again; malformed ones; and, for a path of 1,152 bytes, text lengths with the UDP payload they lead to.")
for name, data in GOOD:
    print(f"\nuse=good\nname={name}\nframe={data.hex()}")
for name, data in BAD:
    print(f"\nuse=bad\nname={name}\nframe={data.hex()}")
for text, payload in STEPS:
    print(f"\nuse=padding\ntext={text:04x}\npayload={payload:04x}")
