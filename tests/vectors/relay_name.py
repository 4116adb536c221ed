#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes relay_name.txt: names of relays (docs/protocol/relay.md, section 1), made without our C. Standard library only."""

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
WIDTH = {1: 2, 2: 3, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11}


def base58(data):
    out = ""
    for i in range(0, len(data), 8):
        block = data[i : i + 8]
        number, digits = int.from_bytes(block, "big"), ""
        for _ in range(WIDTH[len(block)]):
            number, digit = divmod(number, 58)
            digits = ALPHABET[digit] + digits
        out += digits
    return out


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def key(version=1, flags=0, static=bytes(range(32)), token=b"", more=b""):
    body = bytes([version, flags]) + static + token + more
    return base58(body + crc32c(body).to_bytes(4, "big"))


def block(**fields):
    print()
    for name, value in fields.items():
        print(f"{name}={value}")


TOKEN = bytes(range(0x80, 0x90))
PLAIN, FULL = key(), key(flags=1, token=TOKEN)


def swap(text, at):
    return text[:at] + ("2" if text[at] != "2" else "3") + text[at + 1 :]


print("# Names of relays, written by relay_name.py; text is hex of ASCII. use=same: encodes to the same text again; use=read;")
print("# else the error. The static is 00 01 .. 1f, the token 80 81 .. 8f.")
for use, name, text, host, port, flags in (
    ("same", "name", f"relay.example.org:7447#{PLAIN}", "relay.example.org", 7447, 0),
    ("same", "IPv4, with a token", f"192.0.2.1:65535#{FULL}", "192.0.2.1", 65535, 1),
    ("same", "IPv6", f"[2001:db8::1]:1#{PLAIN}", "2001:db8::1", 1, 0),
    ("same", "a flag that may be ignored", f"r:7#{key(flags=9, token=TOKEN)}", "r", 7, 9),
    ("same", "longest host", "a" * 128 + f":7447#{FULL}", "a" * 128, 7447, 1),
    ("read", "without port", f"relay.example.org#{PLAIN}", "relay.example.org", 7447, 0),
    ("read", "IPv6 without port", f"[::1]#{FULL}", "::1", 7447, 1),
    ("read", "the line that a relay prints", f"  relay 192.0.2.1:7447#{FULL}\r\n", "192.0.2.1", 7447, 1),
    ("read", "a host named relay", f"relay:7447#{PLAIN}", "relay", 7447, 0),
):
    block(use=use, name=name, text=text.encode().hex(), host=host.encode().hex(), port=f"{port:04x}", flags=f"{flags:02x}")

for error, name, text in (
    ("EMPTY", "nothing", ""),
    ("EMPTY", "white space", " \n\t"),
    ("TOO_LONG", "over 1,024 bytes", "a" * 1025),
    ("CUT_OFF", "no key", "relay.example.org:7447"),
    ("CUT_OFF", "nothing behind the mark", "relay.example.org:7447#"),
    ("CUT_OFF", "less than a block", f"r:1#{PLAIN[:10]}"),
    ("CUT_OFF", "the end is missing", f"r:1#{PLAIN[:-1]}"),
    ("CUT_OFF", "blocks are missing", f"r:1#{FULL[:44]}"),
    ("MISTYPED", "a character of the first block", f"r:1#{swap(PLAIN, 9)}"),
    ("MISTYPED", "a character of the last block", f"r:1#{swap(FULL, 70)}"),
    ("MISTYPED", "no base58", f"r:1#{PLAIN[:20]}0{PLAIN[21:]}"),
    ("MISTYPED", "something behind it", f"r:1#{PLAIN}2"),
    ("TOO_NEW", "version 2", f"r:1#{key(version=2)}"),
    ("TOO_NEW", "a flag that may not be ignored", f"r:1#{key(flags=16)}"),
    ("TOO_NEW", "version 2, longer", f"r:1#{key(version=2, more=bytes(100))}"),
    ("MALFORMED", "version 0", f"r:1#{key(version=0)}"),
    ("MALFORMED", "no token where the flag says so", f"r:1#{key(flags=1)}"),
    ("MALFORMED", "more than there should be", f"r:1#{key(more=b'x')}"),
    ("MALFORMED", "no host", f":7447#{PLAIN}"),
    ("MALFORMED", "host of 129 bytes", "a" * 129 + f":1#{PLAIN}"),
    ("MALFORMED", "port 0", f"r:0#{PLAIN}"),
    ("MALFORMED", "port 65536", f"r:65536#{PLAIN}"),
    ("MALFORMED", "port of letters", f"r:http#{PLAIN}"),
    ("MALFORMED", "empty port", f"r:#{PLAIN}"),
    ("MALFORMED", "IPv6 without brackets", f"2001:db8::1#{PLAIN}"),
    ("MALFORMED", "bracket that stays open", f"[2001:db8::1#{PLAIN}"),
    ("MALFORMED", "a name in brackets", f"[cafe]:1#{PLAIN}"),
    ("MALFORMED", "white space in the host", f"a b:1#{PLAIN}"),
):
    block(use=error, name=name, text=text.encode().hex())
