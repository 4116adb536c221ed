#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Unix socket under programs that are many, slow, silent, hasty or wrong; and what they are promised: numbers that one
can go on from, answers to all that was asked, memory that stays bounded."""
import json
import os
import socket
import stat
import subprocess
import sys

from _peer import Rpc, RpcError, World, befriend, check


def line(**request):
    return json.dumps({"jsonrpc": "2.0", **request}).encode() + b"\n"


def is_over(rpc):
    """The node has ended the connection."""
    try:
        return rpc.file.readline() == b""
    except ConnectionResetError:  # with something of ours unread
        return True


def permissions(alice):
    path = alice.socket()
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "the socket's mode")
    check(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700, "its directory's mode")
    if os.geteuid() != 0:
        return
    # Another user, even where the modes were lost.
    os.chmod(path, 0o666)
    for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path)), str(alice.world.root)):
        os.chmod(folder, 0o755)
    script = ("import os,socket,sys; os.setuid(65534); s=socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]);"
              "\ntry:\n s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\"}\\n'); print(len(s.recv(100)))\n"
              "except ConnectionError:\n print(0)")
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
    check(done.stdout.strip() == "0", f"another user got an answer: {done}")
    for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path)), str(alice.world.root)):
        os.chmod(folder, 0o700)


def framing(alice):
    rpc = alice.rpc()
    request = line(id=1, method="id")
    for byte in request[:-1]:  # in pieces
        rpc.write(bytes([byte]))
    rpc.write(b"\r\n")
    check("result" in rpc.read(), "a request in pieces")
    rpc.write(request * 100)  # many at once
    check(all("result" in rpc.read() for _ in range(100)), "many at once")
    rpc.write(line(method="id") + line(id="x", method="id"))  # a notification has no answer
    check(rpc.read()["id"] == "x", "a notification")
    rpc.write(b"\n")
    check(rpc.read()["error"]["code"] == -32700, "an empty line")
    rpc.write(line(id=1, method="send", params={"contact": "x" * 1400000, "text": "y"}))  # long, but allowed
    check(rpc.read()["error"]["data"]["name"] == "NOT_FOUND", "a long request")
    rpc.write(b'{"jsonrpc":"2.0","id":1,"method":"id","params":{"x":"' + b"z" * 1600000)
    check(rpc.read()["error"]["code"] == -32600, "a request that is too long")
    check(is_over(rpc), "and the connection ends")
    rpc.close()
    rpc = alice.rpc()
    rpc.write(request * 50)
    rpc.socket.shutdown(socket.SHUT_WR)  # `printf ... | nc -N -U`
    check(all("result" in rpc.read() for _ in range(50)), "answers after the other side is shut")
    check(is_over(rpc), "then the end")
    rpc.close()


def crowd(alice):
    crowd = [alice.rpc() for _ in range(64)]
    for rpc in crowd:
        rpc.call("id")
    late = alice.rpc()
    check(late.read()["error"]["code"] == -32000, "one too many is told so")
    check(is_over(late), "and let go")
    late.close()
    crowd.pop().close()
    again = None
    while again is None:  # the node sees the end of the other when its loop comes to it
        rpc = alice.rpc()
        try:
            rpc.call("id")
            again = rpc
        except (ConnectionError, KeyError, RpcError):
            rpc.close()
    for rpc in crowd + [again]:
        rpc.close()


def hasty(alice, bob, count):
    """A program that sends before it reads: all is answered, in order, and nothing is lost."""
    rpc = alice.rpc()
    numbers = [rpc.start("send", contact="Bob", text=f"hasty {i}") for i in range(count)]
    seqs = []
    for number in numbers:
        try:
            seqs.append(rpc.finish(number)["seq"])
        except RpcError as error:
            check(error.name == "BUSY", str(error))
    check(seqs == sorted(seqs) and len(set(seqs)) == len(seqs), "numbers of a conversation")
    check(len(seqs) > 0, "all were busy")
    alice.do("send", "Bob", "last", "--wait", "delivered", "--timeout", "60")
    got = [m["text"] for m in bob.history("Alice") if m["direction"] == "in" and m["text"].startswith("hasty")]
    check(len(got) == len(seqs), f"{len(seqs)} accepted, {len(got)} there")
    rpc.close()
    return len(seqs)


def resident(peer):
    for status in open(f"/proc/{peer.node.pid}/status", encoding="ascii"):
        if status.startswith("VmRSS"):
            return int(status.split()[1])
    raise AssertionError("no VmRSS")


def slow(alice, count):
    """A program that watches and does not read: it costs a bounded buffer, and has every event when it reads at last."""
    idle = alice.rpc()
    idle.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    idle.call("watch")
    rpc = alice.rpc()
    first = rpc.call("status")["last_event"]
    before = resident(alice)
    text = "s" * 20000
    for i in range(count):
        rpc.call("send", contact="Bob", text=f"{i} {text}")
    grown = resident(alice) - before
    check(grown < 64 * 1024, f"the node grew by {grown} KiB for {count * 20} kB of events that nobody reads")
    last = rpc.call("status")["last_event"]
    texts, n = [], first
    while len(texts) < count:
        event = idle.event(lambda e: True)
        check(event["n"] >= n, "events go back")
        n = event["n"]
        if event["event"] == "message" and event["direction"] == "out":
            texts.append(int(event["text"].split()[0]))
    check(texts == list(range(count)), "events are missing or out of order")
    # The same, resumed in the middle.
    rpc.call("watch", since=first)
    again = []
    while len(again) < count:
        event = rpc.event(lambda e: e["event"] == "message" and e["direction"] == "out")
        again.append(int(event["text"].split()[0]))
    check(again == texts, "resumed events are others")
    try:
        rpc.call("watch", since=last + 1000000)
        raise AssertionError("a number that has not come was taken")
    except RpcError as error:
        check(error.name == "INVALID", str(error))
    idle.close()
    rpc.close()


def greedy(alice):
    """A program that asks for a lot and does not take it is not read from any more; others are served."""
    rpc, other = alice.rpc(), alice.rpc()
    rpc.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    rpc.socket.setblocking(False)
    request = line(id=1, method="history", params={"contact": "Bob", "limit": 1000})
    sent = 0
    try:
        while sent < 64 << 20:
            sent += rpc.socket.send(request * 100)
    except BlockingIOError:
        pass
    check(sent < 8 << 20, f"{sent} bytes of requests were taken without an answer being read")
    check(len(other.call("id")["id"]) == 44, "another program waits for a greedy one")
    rpc.close()
    other.close()


def gone(alice):
    """A program that leaves while its calls wait."""
    for _ in range(20):
        rpc = alice.rpc()
        for i in range(10):
            rpc.start("send", contact="Bob", text="unread", wait="delivered")
        rpc.call("id")
        rpc.close()
    check(len(alice.json("id")[0]["id"]) == 44, "the node lives")


def main():
    # What ASan keeps of freed memory, 256 MiB if not told otherwise, would count as the node's.
    os.environ["ASAN_OPTIONS"] = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=8"
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up()
        befriend(alice, bob)
        permissions(alice)
        framing(alice)
        crowd(alice)
        accepted = hasty(alice, bob, 1500)
        bob.down()
        slow(alice, 300)
        greedy(alice)
        gone(alice)
        rpc = alice.rpc()
        rpc.start("send", contact="Bob", text="x", wait="delivered", timeout_ms=600000)
        rpc.call("id")
        down = alice.rpc()
        down.call("down")
        answer = rpc.read()
        check(answer["error"]["code"] == -32002, f"a call that waits when the node stops: {answer}")
        check(alice.reap() == 0, "exit status")
        check(not os.path.exists(alice.socket()), "the socket is left behind")
        print(f"the API holds; {accepted} of 1500 hasty sends were accepted")


main()
