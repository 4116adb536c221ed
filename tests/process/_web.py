# SPDX-License-Identifier: MIT
"""A browser's side of the page: requests and a WebSocket (RFC 6455), as far as the tests need them."""
import base64
import gzip
import json
import os
import socket
import struct
import time

from _peer import Rpc, RpcError, check

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def connect(port, seconds=60):
    sock = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_all(sock):
    """What comes until the other side closes; b"" too where it resets."""
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if data else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if self.headers.get("content-encoding") == "gzip" and self.body:
            self.body = gzip.decompress(self.body)


def ask(port, path="/", method="GET", raw=None, **headers):
    """One request. Headers by name with _ for -; None leaves Host out."""
    headers = {"Host": f"127.0.0.1:{port}", "Accept-Encoding": "gzip", **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items() if v is not None]
    with connect(port) as sock:
        sock.sendall(raw if raw is not None else ("\r\n".join(lines) + "\r\n\r\n").encode())
        return Answer(read_all(sock))


class Refused(Exception):
    pass


class Closed(Exception):
    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class Window:
    """A tab: its WebSocket, answers by id, events in order."""

    def __init__(self, port, host=None, origin="", receive_buffer=None):
        self.port, self.last_id, self.events, self.answers, self.buffer = port, 0, [], {}, b""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        origin = f"http://127.0.0.1:{port}" if origin == "" else origin
        lines = ["GET /api HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
                 f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Version: 13"]
        lines += [f"Origin: {origin}"] if origin else []
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.socket.recv(4096)
            if not part:
                break
            head += part
        head, _, self.buffer = head.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            self.socket.close()
            raise Refused(head.split(b" ")[1].decode())

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- frames ----

    def send_frame(self, opcode, data, first=0x80, mask=True):
        length = len(data)
        head = bytes([first | opcode])
        size = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length) if length < 65536 else b"\x7f" + struct.pack(">Q", length)
        if not mask:
            self.socket.sendall(head + size + data)
            return
        key = os.urandom(4)
        whole = (key * (length // 4 + 1))[:length]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")).to_bytes(length, "big")
        self.socket.sendall(head + bytes([size[0] | 0x80]) + size[1:] + key + masked)

    def take(self, count):
        while len(self.buffer) < count:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed(1006)
            self.buffer += part
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def frame(self):
        """The next frame that is no ping: opcode, data. A close frame is answered and raised."""
        while True:
            first, second = self.take(2)
            check(not second & 0x80, "a server's frame is masked")
            length = second & 0x7f
            if length == 126:
                length = struct.unpack(">H", self.take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.take(8))[0]
            data, opcode = self.take(length), first & 15
            if opcode == PING:
                self.send_frame(PONG, data)
            elif opcode == CLOSE:
                raise Closed(struct.unpack(">H", data[:2])[0] if data else 1005)
            else:
                return opcode, data

    # ---- calls ----

    def start(self, method, **params):
        self.last_id += 1
        self.send_frame(TEXT, json.dumps({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}).encode())
        return self.last_id

    def read(self):
        opcode, data = self.frame()
        check(opcode == TEXT, f"a frame of kind {opcode}")
        message = json.loads(data)
        if message.get("method") == "event":
            self.events.append(message["params"])
        else:
            self.answers[message.get("id")] = message
        return message

    finish, call, event = Rpc.finish, Rpc.call, Rpc.event

    def end(self):
        """Reads to the end; the close code."""
        try:
            while True:
                self.frame()
        except Closed as closed:
            return closed.code


def port_of(peer):
    return int(peer.ready["web"].split(":")[2].strip("/"))


def ticket(peer):
    rpc = peer.rpc()
    try:
        return rpc.call("ticket")["ticket"]
    finally:
        rpc.close()


def logged_in(peer, **options):
    """A window that came with a ticket; window.key is its key."""
    window = Window(port_of(peer), **options)
    window.key = window.call("login", ticket=ticket(peer))["key"]
    return window


def refused(call, name):
    """That a call fails with this name or code."""
    try:
        call()
    except RpcError as error:
        check(name in (error.name, error.code), f"refused as {error.name} ({error.code}: {error}), not {name}")
        return
    raise AssertionError(f"{name} was expected, and it was done")


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, what)
        time.sleep(0.02)
