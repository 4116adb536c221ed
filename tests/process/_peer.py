# SPDX-License-Identifier: MIT
"""A person with a node in a temporary home, for the tests on real processes."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PEERLINK = os.environ.get("PEERLINK", "")


def need_program():
    if not PEERLINK or not os.access(PEERLINK, os.X_OK):
        sys.exit("PEERLINK does not name the program")


class World:
    """A temporary directory in which everything of a test lives; nothing of the user is touched."""

    def __init__(self):
        need_program()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="plk-"))
        self.peers = []
        self.env = {**os.environ, "HOME": str(self.root), "XDG_RUNTIME_DIR": str(self.folder("run")),
                    "XDG_CONFIG_HOME": str(self.root / "config"), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        for name in ("PEERLINK_HOME", "PEERLINK_PASSPHRASE_FILE", "XDG_DATA_HOME"):
            self.env.pop(name, None)

    def folder(self, name):
        path = self.root / name
        path.mkdir(mode=0o700)
        return path

    def peer(self, name, **options):
        peer = Peer(self, name, **options)
        self.peers.append(peer)
        return peer

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for peer in self.peers:
            peer.kill()
            if kind is not None and peer.log.exists():
                print(f"-- {peer.name}'s node said:\n{peer.log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)


class Peer:
    def __init__(self, world, name, passphrase_file=None, program=None):
        self.world, self.name, self.program = world, name, program or PEERLINK
        self.home = world.root / f"home-{len(world.peers)}"
        self.log = world.root / f"log-{len(world.peers)}"
        self.env = dict(world.env)
        if passphrase_file:
            self.env["PEERLINK_PASSPHRASE_FILE"] = str(passphrase_file)
        self.node = None
        self.behind = None  # process of a node that is no child
        self.ready = None

    # ---- the program ----

    def run(self, *args, stdin=None, timeout=60):
        """Any command; what it printed and its status."""
        try:
            return subprocess.run([self.program, "--home", str(self.home), *args], env=self.env, text=True, timeout=timeout,
                                  input="" if stdin is None else stdin, capture_output=True)
        except subprocess.TimeoutExpired:
            words = " ".join(args)[:100]
        raise AssertionError(f"{self.name}: {words}: no end after {timeout} s")

    def do(self, *args, **options):
        """A command that must succeed; its output."""
        done = self.run(*args, **options)
        if done.returncode != 0:
            raise AssertionError(f"{self.name}: {' '.join(args)[:200]}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def json(self, *args, **options):
        """Its lines as objects."""
        return [json.loads(line) for line in self.do("--json", *args, **options).splitlines()]

    # ---- the node ----

    def up(self, *args):
        """Runs the node in the foreground of its own process; comes back when it is ready."""
        log = open(self.log, "ab")
        self.node = subprocess.Popen([self.program, "--home", str(self.home), "--json", "up", *args], env=self.env,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        log.close()
        line = self.node.stdout.readline()
        if not line:
            raise AssertionError(f"{self.name}'s node did not start: {self.log.read_text(errors='replace')[-2000:]}")
        self.ready = json.loads(line)
        return self

    def detached(self, *args):
        """A command that leaves a node running behind."""
        said = self.do(*args)
        self.behind = int((self.home / "lock").read_text())
        return said

    def kill(self):
        if self.behind:
            try:
                os.kill(self.behind, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.behind = None
        if self.node and self.node.poll() is None:
            self.node.send_signal(signal.SIGKILL)
        self.reap()

    def reap(self):
        """Waits for the node's end; its exit status."""
        if not self.node:
            return None
        status = self.node.wait(timeout=60)
        self.node.stdout.close()
        self.node = None
        return status

    def down(self):
        self.do("down")
        status = self.reap()
        if status != 0:
            raise AssertionError(f"{self.name}'s node ended with status {status}")

    def socket(self):
        return self.json("config", "check")[0]["socket"]

    def rpc(self):
        return Rpc(self.socket())


    def history(self, contact):
        """All messages of a conversation, oldest first."""
        rpc, pages, before = self.rpc(), [], 0
        while True:
            page = rpc.call("history", contact=contact, limit=1000, **({"before": before} if before else {}))
            pages.insert(0, page["messages"])
            before = page["next_before"]
            if not page["more"] or before <= 1:
                break
        rpc.close()
        return [m for page in pages for m in page]


class Rpc:
    """The node's Unix socket. Answers by id, events in order."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.last_id = 0
        self.events = []
        self.answers = {}

    def close(self):
        self.file.close()
        self.socket.close()

    def write(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")

    def start(self, method, **params):
        self.last_id += 1
        self.write(json.dumps({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}))
        return self.last_id

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the node went away")
        message = json.loads(line)
        if message.get("method") == "event":
            self.events.append(message["params"])
        else:
            self.answers[message.get("id")] = message
        return message

    def finish(self, number):
        while number not in self.answers:
            self.read()
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def call(self, method, **params):
        return self.finish(self.start(method, **params))

    def event(self, wanted=lambda event: True, seconds=60):
        """The next event that is wanted; those before it are dropped."""
        end = time.monotonic() + seconds
        while True:
            while self.events:
                event = self.events.pop(0)
                if wanted(event):
                    return event
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the event that is waited for did not come")
            self.socket.settimeout(left)
            self.read()


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.name = error.get("data", {}).get("name")


def befriend(inviter, joiner):
    """An inline link from one to the other; both know each other by name afterwards."""
    link = inviter.do("invite", "--inline")
    with_name = joiner.json("add", "-", "--as", inviter.name, stdin=link + "\n")[0]
    assert with_name["name"] == inviter.name, with_name
    rpc = inviter.rpc()
    try:
        rpc.call("watch", since=0)
        mine = joiner.json("id")[0]["id"]
        rpc.event(lambda e: e["event"] == "contact" and e.get("contact_id") == mine)
        names = {c["id"]: c["name"] for c in rpc.call("contacts")["contacts"]}
        if names[mine] != joiner.name:
            rpc.call("rename", contact=mine, name=joiner.name)
    finally:
        rpc.close()
    return link


def check(condition, what):
    if not condition:
        raise AssertionError(what)
