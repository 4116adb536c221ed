# SPDX-License-Identifier: MIT
"""A relay on loopback, for the tests on real processes."""
import json
import os
import signal
import sqlite3
import subprocess

PROGRAM = os.environ.get("PEERLINK_RELAY", "")


class Relay:
    """Its data in a folder of a World; it serves until it is killed or told to end."""

    def __init__(self, world, name="relay", *options):
        self.world, self.data, self.options = world, world.root / name, options
        self.log = world.root / f"log-{name}"
        self.port, self.process = 0, None
        world.peers.append(self)  # killed with the others
        self.name = name

    def command(self):
        return [PROGRAM, *self.listen(), "--data", str(self.data), "--metrics", "off", "--json", *self.options]

    def listen(self):
        return ["--listen", f"127.0.0.1:{self.port}"]

    def up(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.world.env, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the relay did not start: {self.log.read_text(errors='replace')[-2000:]}")
        self.ready = json.loads(line)
        self.port = self.ready["tcp"][0]
        return self

    @property
    def address(self):
        """HOST:PORT#KEY with its first token."""
        return self.ready["relay"]

    @property
    def place(self):
        return self.address.split("#")[0]

    def ask(self, *words):
        done = subprocess.run([PROGRAM, *words, "--data", str(self.data), "--json"], env=self.world.env, capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def cells(self):
        """What waits in its store, read beside it."""
        store = sqlite3.connect(f"file:{self.data}/store.db?mode=ro", uri=True)
        try:
            return [bytes(row[-1]) for row in store.execute("SELECT * FROM rcell")]
        finally:
            store.close()

    def kill(self, number=signal.SIGKILL):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=60)
            self.process.stdout.close()
            self.process = None

    def down(self):
        self.kill(signal.SIGTERM)
