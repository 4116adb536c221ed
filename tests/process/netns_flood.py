#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Strangers flood Alice's node while she talks with Bob: random datagrams, packets that look right, first messages of nobody,
2,000 connections that say nothing or nonsense. She answers none, forgets all, and the conversation goes on."""
import os
import select
import socket
import subprocess
import sys
import time

from _netns import NetWorld, Talk
from _peer import PEERLINK, befriend, check

CONNECTIONS = 2000
PACKETS = 40000
PER_SECOND = 5000
BURST = 100
MEMORY_KIB = 8192     # that a flood may take: the limits of strangers' connections allow some 1.5 MiB
CPU_US = 300          # the same of the node for each packet and connection of a stranger, kernel and conversation included
FORGET_S = 20         # strangers are closed after 10 s


# ---- the strangers' side, in a namespace of its own -----------------------------------------------------------------------


def junk(number):
    """A datagram: nonsense, a first message with a hint of nobody, a second one, or data for a connection of nobody."""
    rest = os.urandom(40 + number * 13 % 1200)
    kinds = (rest, b"\xc1\x01" + os.urandom(300), b"\xc2\x01" + os.urandom(300), b"\xc3" + rest, b"\x00\x01" + rest,
             b"\xc1\x09" + os.urandom(300), b"")
    return kinds[number % len(kinds)]


def send_datagrams(targets):
    sockets = [socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) for ip, _ in targets]
    start = time.monotonic()
    for number in range(PACKETS):
        which = number % len(targets)
        try:
            sockets[which].sendto(junk(number), targets[which])
        except (BlockingIOError, ConnectionRefusedError, OSError):
            pass  # a full queue: a flood does not mind
        if number % BURST == 0:
            time.sleep(max(0, start + number / PER_SECOND - time.monotonic()))
    answered = select.select(sockets, [], [], 1)[0]
    return len(answered)


def connect_all(targets):
    """Half of the connections say nothing, a quarter nonsense, a quarter a whole packet that is nobody's. How many got in,
    and how many bytes came back."""
    opened, got = [], 0
    for number in range(CONNECTIONS):
        ip, port = targets[number % len(targets)]
        try:
            stream = socket.create_connection((ip, port), timeout=2)
            if number % 4 == 0:
                stream.sendall(os.urandom(5000))
            elif number % 4 == 1:
                packet = b"\xc1\x01" + os.urandom(300)
                stream.sendall(len(packet).to_bytes(2, "big") + packet)
            stream.setblocking(False)
            opened.append(stream)
        except OSError:
            pass
        if len(opened) > 300:
            got += drain(opened.pop(0))
    return len(opened), got + sum(drain(s) for s in opened)


def drain(stream):
    try:
        return len(stream.recv(4096))
    except OSError:
        return 0
    finally:
        stream.close()


def attack(kind, port, addresses):
    targets = [(ip, int(port)) for ip in addresses]
    if kind == "datagrams":
        answered = send_datagrams(targets)
        print(f"{PACKETS} datagrams, {answered} answers")
        sys.exit(1 if answered else 0)
    held, got = connect_all(targets)
    print(f"{CONNECTIONS} connections, {got} bytes of answers")
    sys.exit(1 if got else 0)


# ---- the test -----------------------------------------------------------------------------------------------------------


def sanitized():
    with open(PEERLINK, "rb") as program:
        return b"__asan_init" in program.read()


class Flood:
    def __init__(self, world):
        victim, port = world.net.hosts[0], world.alice.port()
        self.processes = []
        for space in world.net.hosts[2:]:
            for kind in ("datagrams", "connections"):
                # It is the node that is to be measured, not how two cores are shared with the strangers' programs.
                command = ["nice", "-n", "19", *space.inside(sys.executable, __file__), "attack", kind, str(port), victim.v4(0), victim.v6(0)]
                self.processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def is_over(self):
        return all(process.poll() is not None for process in self.processes)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            said = process.communicate()[0].strip()
            print(f"  strangers: {said}", flush=True)
            check(process.returncode == 0, f"an answer to a stranger: {said}")


def main():
    with NetWorld(hosts=4) as world:
        world.start()
        befriend(world.alice, world.bob)
        with Talk(world.alice, world.bob) as talk:
            talk.flows(3, "before")
            talk.runs(3, "before")
            memory, files, busy = world.alice.rss_kib(), world.alice.files(), world.alice.cpu_s()
            flood = Flood(world)
            since = time.monotonic()
            most = memory

            def over():
                nonlocal most
                most = max(most, world.alice.rss_kib())
                return flood.is_over()

            took = talk.wait(over, 120, "the flood ends")
            flood.close()
            busy = (world.alice.cpu_s() - busy) * 1e6 / len(flood.processes) / ((PACKETS + CONNECTIONS) / 2)
            late = talk.latencies(since)
            p99 = late[len(late) * 99 // 100]
            print(f"  during {took:.0f} s of it: {len(late)} messages, p50 {late[len(late) // 2] * 1000:.0f} ms, "
                  f"p99 {p99 * 1000:.0f} ms; memory {memory} KiB before, {most} KiB at most; {busy:.0f} us of CPU a packet",
                  flush=True)
            check(busy < CPU_US, f"{busy:.0f} us of CPU a packet")
            # A sanitizer keeps what is freed, up to 256 MiB of it.
            limit = (256 << 10) if sanitized() else MEMORY_KIB
            check(most < memory + limit, f"{memory} KiB before, {most} KiB")
            talk.flows(2, "after it")
            took = talk.wait(lambda: world.alice.files() <= files + 2, FORGET_S, "strangers are forgotten")
            print(f"  strangers forgotten after {took:.1f} s", flush=True)
            world.net.rules("meta l4proto udp drop")
            talk.goes_over("tcp", 10, "after it, over TCP")
            world.net.rules()
            sent = world.bob.json("send", "Alice", "still there?", "--wait", "delivered", "--timeout", "5")[0]
            check(sent["state"] in ("delivered", "read"), sent)
        print("a flood of strangers: nothing lost, nobody answered")


if __name__ == "__main__":
    if sys.argv[1:2] == ["attack"]:
        attack(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        main()
