#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes stun.txt: the published samples of RFC 5769, whose check sums and integrity are checked here, and messages
encoded without our C after RFC 8489, RFC 5780 and RFC 3489. Standard library only."""
import hashlib
import hmac
import ipaddress
import zlib

COOKIE = bytes.fromhex("2112a442")
ID = COOKIE + bytes.fromhex("b7e7a701bc34d686fa87dfae")
CLASSIC = bytes.fromhex("00112233445566778899aabbccddeeff")

SAMPLES = {  # RFC 5769, sections 2.1 to 2.4
    "request": (
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff802900"
        "08932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a28028"
        "0004e57a3bcf",
        b"VOkJxbRl1RmTxUk/WvJxBt",
    ),
    "IPv4 response": (
        "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800"
        "142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96",
        b"VOkJxbRl1RmTxUk/WvJxBt",
    ),
    "IPv6 response": (
        "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f1"
        "79bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c",
        b"VOkJxbRl1RmTxUk/WvJxBt",
    ),
    "request with long-term authentication": (
        "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c662f2f"
        "3439396b39353464364f4c33346f4c39465354767936347341001400"
        "0b6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666",
        hashlib.md5("マトリックス:example.org:TheMatrIX".encode()).digest(),
    ),
}


def check(data, key):
    """Integrity and fingerprint of a published sample, so that a slip of the pen here does not become a vector."""
    at, message = 20, bytes(data)
    while at < len(message):
        kind, size = int.from_bytes(message[at : at + 2], "big"), int.from_bytes(message[at + 2 : at + 4], "big")
        if kind == 0x0008:
            head = message[:2] + (at + 24 - 20).to_bytes(2, "big") + message[4:at]
            assert hmac.new(key, head, hashlib.sha1).digest() == message[at + 4 : at + 24]
        if kind == 0x8028:
            assert (zlib.crc32(message[:at]) ^ 0x5354554E).to_bytes(4, "big") == message[at + 4 : at + 8]
        at += 4 + (size + 3) // 4 * 4
    assert at == len(message)
    return message


def attribute(kind, value):
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + bytes(-len(value) % 4)


def address(kind, ip, port, xor=b"\0" * 16):
    packed = ipaddress.ip_address(ip).packed
    masked = bytes(a ^ b for a, b in zip(port.to_bytes(2, "big"), xor)) + bytes(a ^ b for a, b in zip(packed, xor))
    return attribute(kind, bytes([0, 1 if len(packed) == 4 else 2]) + masked)


def message(kind, ident, *attributes, fingerprint=False, length=None):
    body = b"".join(attributes)
    size = len(body) + 8 * fingerprint if length is None else length
    out = kind.to_bytes(2, "big") + size.to_bytes(2, "big") + ident + body
    if fingerprint:
        out += attribute(0x8028, (zlib.crc32(out) ^ 0x5354554E).to_bytes(4, "big"))
    return out


def wire(ip, port):
    packed = ipaddress.ip_address(ip).packed
    return bytes([4 if len(packed) == 4 else 6]).hex() + packed.hex() + port.to_bytes(2, "big").hex()


def block(**fields):
    print()
    for name, value in fields.items():
        print(f"{name}={value}")


V4, V6 = ("203.0.113.9", 40000), ("2001:db8::1:2", 50000)
ORIGIN, OTHER = ("192.0.2.1", 7447), ("192.0.2.2", 7448)
ORIGIN6, OTHER6 = ("2001:db8::a", 7447), ("2001:db8::b", 7448)
MAPPED, XOR, SOURCE, ELSE = 0x0001, 0x0020, 0x802B, 0x802C

print("# STUN, written by stun.py. use=sample: RFC 5769; use=same: decodes to the fields, and encodes to the same bytes;")
print("# use=read: decodes to the fields; use=malformed, use=forged, use=unsupported. Addresses as in link.md.")

for name, (data, key) in SAMPLES.items():
    data = check(bytes.fromhex(data), key)
    fields = {"use": "sample", "name": name, "message": data.hex(), "id": data[4:20].hex(), "kind": data[:2].hex()}
    fields["fingerprint"] = "00" if "long-term" in name else "01"
    fields["unknown"] = "0024" if name == "request" else ""
    if "response" in name:
        fields["xor_mapped"] = wire("192.0.2.1" if "4" in name else "2001:db8:1234:5678:11:2233:4455:6677", 32853)
    block(**fields)

for name, kind, ident, attributes, fingerprint, fields in (
    ("plain request", 1, ID, [], False, {}),
    ("request with fingerprint", 1, ID, [], True, {}),
    ("request of RFC 3489", 1, CLASSIC, [], False, {}),
    ("request to change the port", 1, ID, [attribute(3, b"\0\0\0\2")], False, {"change": "02"}),
    ("request to change both", 1, ID, [attribute(3, b"\0\0\0\6")], True, {"change": "06"}),
    ("indication", 0x11, ID, [], False, {}),
    ("answer, IPv4", 0x101, ID, [address(XOR, *V4, ID)], False, {"xor_mapped": wire(*V4)}),
    ("answer, IPv6", 0x101, ID, [address(XOR, *V6, ID)], True, {"xor_mapped": wire(*V6)}),
    ("answer to RFC 3489", 0x101, CLASSIC, [address(MAPPED, *V4)], False, {"mapped": wire(*V4)}),
    ("answer of two addresses", 0x101, ID, [address(XOR, *V4, ID), address(SOURCE, *ORIGIN), address(ELSE, *OTHER)], False,
     {"xor_mapped": wire(*V4), "origin": wire(*ORIGIN), "other": wire(*OTHER)}),
    ("the longest answer", 0x101, ID, [address(XOR, *V6, ID), address(SOURCE, *ORIGIN6), address(ELSE, *OTHER6)], True,
     {"xor_mapped": wire(*V6), "origin": wire(*ORIGIN6), "other": wire(*OTHER6)}),
    ("unknown attributes", 0x111, ID, [attribute(9, b"\0\0\4\x14"), attribute(10, bytes.fromhex("00260027ff00"))], True,
     {"error": "01a4", "unknown": "00260027ff00"}),
    ("try elsewhere", 0x111, ID, [attribute(9, b"\0\0\3\0")], False, {"error": "012c"}),
):
    data = message(kind, ident, *attributes, fingerprint=fingerprint)
    assert len(data) <= 100
    block(use="same", name=name, message=data.hex(), id=ident.hex(), kind=f"{kind:04x}",
          fingerprint="01" if fingerprint else "00", **({"unknown": ""} | fields))

for name, kind, attributes, fields in (
    ("the first of two counts", 0x101, [address(XOR, *V4, ID), address(XOR, *V6, ID)], {"xor_mapped": wire(*V4)}),
    ("software is passed over", 1, [attribute(0x8022, b"any")], {}),
    ("behind the integrity nothing counts", 0x101, [attribute(8, bytes(20)), address(XOR, *V4, ID)], {}),
    ("both integrities", 1, [attribute(8, bytes(20)), attribute(0x1C, bytes(32))], {}),
    ("nine unknown ones, eight are named", 1, [attribute(0x7000 + i, b"") for i in range(9)],
     {"unknown": "".join(f"{0x7000 + i:04x}" for i in range(8))}),
    ("padding and response port are not known", 1, [attribute(0x26, bytes(7)), attribute(0x27, bytes(4))],
     {"unknown": "00260027"}),
    ("a reason is for people", 0x111, [attribute(9, b"\0\0\4\x14Unknown")], {"error": "01a4"}),
    ("other bits of a change request", 1, [attribute(3, b"\xff\xff\xff\xf9")], {"change": "00"}),
):
    block(use="read", name=name, message=message(kind, ID, *attributes).hex(), id=ID.hex(), kind=f"{kind:04x}",
          fingerprint="00", **({"unknown": ""} | fields))

GOOD = message(1, ID, fingerprint=True)
for use, name, data in (
    ("malformed", "empty", b""),
    ("malformed", "header cut off", message(1, ID)[:-1]),
    ("malformed", "more than the length says", message(1, ID) + b"\0\0\0\0"),
    ("malformed", "less than the length says", message(1, ID, length=4)),
    ("malformed", "a length that is not of fours", message(1, ID, b"\0\0", length=2)),
    ("malformed", "first bits", b"\x40" + message(1, ID)[1:]),
    ("malformed", "attribute cut off", message(1, ID, b"\x80\x22\0\5abcd")),
    ("malformed", "address of no family", message(0x101, ID, attribute(XOR, b"\0\3\0\1abcd"))),
    ("malformed", "address of a wrong length", message(0x101, ID, attribute(XOR, b"\0\1\0\1abcdefgh"))),
    ("malformed", "change request of two bytes", message(1, ID, attribute(3, b"\0\2"))),
    ("malformed", "error 200", message(0x111, ID, attribute(9, b"\0\0\2\0"))),
    ("malformed", "error 4 and 100", message(0x111, ID, attribute(9, b"\0\0\4\x64"))),
    ("malformed", "integrity of 19 bytes", message(1, ID, attribute(8, bytes(19)))),
    ("malformed", "fingerprint before the end", message(1, ID, GOOD[20:], attribute(0x8022, b""))),
    ("malformed", "fingerprint of two bytes", message(1, ID, attribute(0x8028, b"\0\0"))),
    ("forged", "fingerprint that does not fit", GOOD[:-1] + bytes([GOOD[-1] ^ 1])),
    ("forged", "what the fingerprint covers", GOOD[:10] + bytes([GOOD[10] ^ 1]) + GOOD[11:]),
    ("unsupported", "Allocate", message(3, ID)),
    ("unsupported", "Allocate, answered", message(0x103, ID)),
):
    block(use=use, name=name, message=data.hex())
