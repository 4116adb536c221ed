#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks from inside a network what its routers do with packets (RFC 5780 over UDP, a mirror over TCP); one JSON object.

    ask.py HERE SERVER OTHER PORT     STUN on both servers' PORT and PORT + 1, a mirror on TCP PORT + 2 and PORT + 3
    ask.py mirror PORT                is that mirror: tells who connects from where
"""
import json
import os
import selectors
import socket
import struct
import sys
import time

COOKIE = 0x2112A442
CHANGE_ADDRESS, CHANGE_PORT = 4, 2
TRIES, WAIT_S = 3, 0.5
FLOWS = 6  # of whose ports the allocation is seen


def request(change):
    attribute = struct.pack("!HHI", 3, 4, change) if change else b""
    number = os.urandom(12)
    return number, struct.pack("!HHI", 1, len(attribute), COOKIE) + number + attribute


def mapped(answer):
    """XOR-MAPPED-ADDRESS of a Binding success."""
    at = 20
    while at + 4 <= len(answer):
        kind, length = struct.unpack_from("!HH", answer, at)
        if kind == 0x20 and answer[at + 5] == 1:
            port, ip = struct.unpack_from("!HI", answer, at + 6)
            return socket.inet_ntoa(struct.pack("!I", ip ^ COOKIE)), port ^ (COOKIE >> 16)
        at += 4 + (length + 3) // 4 * 4
    return None


def stun(sock, server, change=0):
    """As which address and port the server sees the socket, and after how long it answered; None if it does not."""
    number, packet = request(change)
    for _ in range(TRIES):
        sent = time.monotonic()
        sock.sendto(packet, server)
        while True:
            sock.settimeout(max(sent + WAIT_S - time.monotonic(), 0.001))
            try:
                answer = sock.recv(2048)
            except (socket.timeout, ConnectionRefusedError):
                break
            if len(answer) >= 20 and answer[8:20] == number:
                return mapped(answer), time.monotonic() - sent
    return None


def udp_socket(here):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((here, 0))
    return sock


def words(first, same_address, others):
    """Mapping, out of what was seen at one place, at another port of that address, and at another address."""
    if all(place == first for place in [same_address, *others]):
        return "endpoint-independent"
    return "address-dependent" if same_address == first else "address-and-port-dependent"


def filtering(here, server):
    for change, word in ((CHANGE_ADDRESS | CHANGE_PORT, "endpoint-independent"), (CHANGE_PORT, "address-dependent")):
        with udp_socket(here) as sock:
            stun(sock, server)
            if stun(sock, server, change):
                return word
    return "address-and-port-dependent"


def udp(here, servers, port):
    with udp_socket(here) as sock:
        at = [stun(sock, (ip, number)) for ip in servers for number in (port, port + 1)]
        if None in at:
            return {"udp": False}
        seen = [place for place, _ in at]
        told = {"udp": True, "nat": seen[0] != sock.getsockname(), "mapping": words(seen[0], seen[1], seen[2:]),
                "filtering": filtering(here, (servers[0], port)), "rtt_ms": min(took for _, took in at) * 1000}
    ports = []
    for _ in range(FLOWS):
        with udp_socket(here) as sock:
            ports.append((sock.getsockname()[1], stun(sock, (servers[0], port))[0][1]))
    steps = {b[1] - a[1] for a, b in zip(ports, ports[1:])}
    told["port_kept"] = all(inner == outer for inner, outer in ports)
    told["step"] = steps.pop() if len(steps) == 1 and not told["port_kept"] else 0
    return told


def tcp_seen(here, number, server):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((here, number))
        sock.settimeout(3)
        sock.connect(server)
        return sock.getsockname()[1], tuple(json.loads(sock.makefile().readline()))


def tcp(here, servers, port):
    number, seen = 0, []
    for ip in servers:
        for place in (port + 2, port + 3):
            number, at = tcp_seen(here, number, (ip, place))
            seen.append(at)
    return {"tcp_mapping": words(seen[0], seen[1], seen[2:])}


def mirror(port):
    places = selectors.DefaultSelector()
    for number in (port + 2, port + 3):
        places.register(socket.create_server(("0.0.0.0", number), backlog=64), selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in places.select():
            caller, at = key.fileobj.accept()
            with caller:
                caller.sendall(json.dumps(at).encode() + b"\n")


if __name__ == "__main__":
    if sys.argv[1] == "mirror":
        mirror(int(sys.argv[2]))
    else:
        ask_port = int(sys.argv[4])
        print(json.dumps({**udp(sys.argv[1], sys.argv[2:4], ask_port), **tcp(sys.argv[1], sys.argv[2:4], ask_port)}))
