#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything that can reach the page's port and should not get in: pages on other ports, names that were made to resolve here, tickets
of yesterday, frames that are no frames, connections that say nothing, a window that does not read."""
import json
import pathlib
import socket
import struct
import subprocess
import sys
import time

from _peer import World, befriend, check
from _web import BINARY, CLOSE, PING, PONG, TEXT, Refused, Window, ask, connect, logged_in, port_of, read_all, refused, ticket, \
    wait_for


def other_pages(alice):
    """What a browser sends for a page that is not ours: nothing comes back that it could read."""
    port, key = port_of(alice), logged_in(alice).key
    own = f"http://127.0.0.1:{port}"
    for origin in ("http://127.0.0.1:1", f"http://localhost:{port}", f"http://127.0.0.1:{port}.evil.example", "https://evil.example", "null",
                   f"https://127.0.0.1:{port}", own + "/", None):
        try:
            with Window(port, origin=origin) as window:
                window.call("login", key=key)
            raise AssertionError(f"a page of {origin} is in")
        except Refused as status:
            check(str(status) == "403", f"{origin}: {status}")
        if origin:
            answer = ask(port, Origin=origin)
            check(answer.status == 403 and b"<" not in answer.body and "access-control-allow-origin" not in answer.headers, vars(answer))
    for host in ("evil.example", f"evil.example:{port}", f"localhost:{port}", "127.0.0.1", f"[::1]:{port}", f"127.0.0.1:{port + 1}"):
        check(ask(port, Host=host).status == 421, host)
        try:
            Window(port, host=host, origin=f"http://{host}")
            raise AssertionError(f"{host} is answered")
        except Refused as status:
            check(str(status) == "421", f"{host}: {status}")
    for site, mode in (("cross-site", "no-cors"), ("same-site", "cors"), ("same-site", "no-cors")):
        check(ask(port, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status == 403, (site, mode))


def nothing_is_told(alice, world):
    """No ticket and no key is in a command line, an environment, a log or a file that others can read, nor in an answer's headers."""
    seen = world.folder("browser")
    # A browser that notes what it is given, and goes where the file leads.
    program = seen / "xdg-open"
    program.write_text(f"#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >{seen}/argv\ntr '\\0' '\\n' </proc/$$/environ >{seen}/environ\n"
                       f"stat -c %a \"$1\" >{seen}/mode\nexec {sys.executable} {pathlib.Path(__file__).resolve()} browse \"$1\" {seen}/got\n")
    program.chmod(0o755)
    alice.env = {**alice.env, "PATH": f"{seen}:{alice.env['PATH']}", "DISPLAY": ":0"}
    alice.env.pop("SSH_CONNECTION", None)
    link = alice.do("invite", "--inline")
    said = alice.do("open", link)
    check(said == "the page is open in your browser", said)
    got = json.loads((seen / "got").read_text())
    check(got["link"] == link, f"the link that came is {got['link']}, not {link}")
    check((seen / "mode").read_text() == "600\n", (seen / "mode").read_text())
    check(not (alice.home / "open.html").exists(), "the file is left behind")
    with Window(port_of(alice)) as window:
        refused(lambda: window.call("login", ticket=got["ticket"]), "TICKET")
    secrets = [got["ticket"], got["key"]]
    read = [seen / "argv", seen / "environ", alice.log] + [p for p in alice.home.rglob("*") if p.is_file()]
    read += [pathlib.Path(f"/proc/{alice.node.pid}/{name}") for name in ("cmdline", "environ")]
    for path in read:
        data = path.read_bytes()
        for secret in secrets:
            check(secret.encode() not in data, f"{path} tells a ticket or a key")
    # Where no browser comes, the address is for whoever asked.
    program.write_text("#!/bin/sh\nexit 3\n")
    alice.env["PATH"] = alice.world.env["PATH"]
    alice.env.pop("DISPLAY")
    url = alice.json("open")[0]["url"]
    with Window(port_of(alice)) as window:
        check(window.call("login", ticket=url.split("#ticket=")[1])["name"] == "Alice", url)
    alice.env["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 2222"
    lines = alice.do("open").splitlines()
    check(f"ssh -N -L {port_of(alice)}:127.0.0.1:{port_of(alice)} -p 2222" in lines[1] and lines[1].endswith("@192.0.2.2"), lines)
    alice.env.pop("SSH_CONNECTION")


def browse(path, out):
    """As a browser: reads the file, follows where it leads, logs in."""
    from html import unescape
    from urllib.parse import parse_qs, urlsplit
    url = unescape(pathlib.Path(path).read_text().split("0;url=")[1].split('"')[0])
    parts = urlsplit(url)
    fragment = parse_qs(parts.fragment)
    with Window(parts.port) as window:
        key = window.call("login", ticket=fragment["ticket"][0])["key"]
    pathlib.Path(out).write_text(json.dumps({"ticket": fragment["ticket"][0], "key": key, "link": fragment["link"][0]}))


def odd_frames(alice):
    def sends(code, *actions):
        with logged_in(alice) as window:
            try:
                for action in actions:
                    action(window)
            except (BrokenPipeError, ConnectionResetError):
                pass
            got = window.end()
            check(got == code, f"closed with {got}, not {code}")

    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "id"}).encode()
    sends(1003, lambda w: w.send_frame(BINARY, request))
    sends(1009, lambda w: w.send_frame(TEXT, b"x" * 1572865))
    # A length that is only announced.
    sends(1009, lambda w: w.socket.sendall(b"\x81\xff" + struct.pack(">Q", 2 ** 62) + b"mask"))
    sends(1007, lambda w: w.send_frame(TEXT, b"\xff\xfe"))
    # Breaches of RFC 6455: not masked, reserved bits and opcodes, a long or split control frame, a continuation of nothing.
    for first, opcode, data, mask in ((0x80, TEXT, request, False), (0xc0, TEXT, request, True), (0x80, 3, b"", True), (0x80, 11, b"", True),
                                      (0x80, PING, b"x" * 126, True), (0x00, PING, b"", True), (0x80, 0, b"x", True)):
        with logged_in(alice) as window:
            window.send_frame(opcode, data, first=first, mask=mask)
            check(window.end() in (1002, 1006), (first, opcode))
    with logged_in(alice) as window:
        # In pieces, with a ping in between, is right.
        window.send_frame(TEXT, request[:9], first=0)
        window.send_frame(PING, b"still there?")
        window.send_frame(0, request[9:])
        frames = sorted([window.frame()[0], window.frame()[0]])
        check(frames == [TEXT, PONG], frames)
        # A picture of 1 MiB in base64 is within the limit.
        params = {"contact": "x" * 1400000, "text": "y"}
        refused(lambda: window.call("send", **params), "NOT_FOUND")
        window.send_frame(TEXT, b"{")
        check(window.read()["error"]["code"] == -32700, "no JSON")
        window.send_frame(CLOSE, struct.pack(">H", 1000))
        check(window.end() == 1000, "the end is answered")
    with logged_in(alice) as window:  # gone without a word
        window.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    check(alice.json("id")[0]["name"] == "Alice", "the node is gone")


def odd_requests(alice):
    port = port_of(alice)
    for raw, status in ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400), (b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505),
                        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n", 431), (b"GET /" + b"a" * 9000, 431),
                        (f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 4\r\n\r\nabcd".encode(), 413)):
        answer = ask(port, raw=raw)
        check(answer.status == status, f"{raw[:40]}: {answer.status}, not {status}")


def crowds(alice):
    """Connections that say nothing, and windows that do not log in, take no place from others."""
    port = port_of(alice)
    with logged_in(alice) as kept:
        quiet = [connect(port) for _ in range(300)]
        check(ask(port).status == 200, "silent connections keep others out")
        strangers = []
        for _ in range(100):
            strangers.append(Window(port))
        check(kept.call("id")["name"] == "Alice", "a window is pushed out by strangers")
        with logged_in(alice) as another:
            check(another.call("id")["name"] == "Alice", "strangers keep a window out")
        for each in quiet + strangers:
            each.close()
        check(kept.call("id")["name"] == "Alice", "a window is cut with others")
    # Slowly: a byte now and then does not prolong it.
    with connect(port) as slow:
        end = time.monotonic() + 60
        slow.settimeout(0.5)
        try:
            while time.monotonic() < end:
                slow.sendall(b"G")
                try:
                    if not slow.recv(1):
                        break
                except TimeoutError:
                    pass
            check(time.monotonic() < end, "a slow request is waited for")
        except (BrokenPipeError, ConnectionResetError):
            pass


def is_connected(ends):
    """Whether the system has this connection, as the first end sees it (proc(5): local, remote, 01 for established)."""
    return any(line.split()[1:4] == [*ends, "01"] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines())


def slow_reader(alice, bob):
    """A window that takes nothing: everybody else goes on, memory stays bounded, it is cut and misses nothing."""
    with logged_in(alice, receive_buffer=4096) as stuck, logged_in(alice) as other:
        since = stuck.call("status")["last_event"]
        stuck.call("watch", since=since)
        text = "x" * 50000
        program = alice.rpc()
        ends = [f"0100007F:{port:04X}" for port in (port_of(alice), stuck.socket.getsockname()[1])]
        check(is_connected(ends), "not seen in /proc/net/tcp")
        for i in range(200):
            program.call("send", contact="Bob", text=f"{i} {text}")
        program.call("send", contact="Bob", text="the last", wait="delivered")
        check(other.call("id")["name"] == "Alice", "others wait for it")
        with Window(port_of(alice)) as again:
            again.call("login", key=stuck.key)
            again.call("watch", since=since)
            got = [again.event(lambda e: e["event"] == "message")["text"].split(" ")[0] for _ in range(201)]
            check(got == [str(i) for i in range(200)] + ["the"], got[:5])
        wait_for(lambda: not is_connected(ends), "a stuck window is never cut", seconds=90)
        program.close()


def main():
    if sys.argv[1:2] == ["browse"]:
        browse(*sys.argv[2:])
        return
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up()
        befriend(alice, bob)
        other_pages(alice)
        odd_requests(alice)
        odd_frames(alice)
        nothing_is_told(alice, world)
        crowds(alice)
        slow_reader(alice, bob)
        alice.down()
    print("nobody is in who should not be")


if __name__ == "__main__":
    main()
