# SPDX-License-Identifier: MIT
"""A private PostgreSQL in a World's folder: on a Unix socket only, as an ordinary user, gone with the test."""
import os
import pathlib
import pwd
import shutil
import subprocess

from _netns import skip

NOBODY = "nobody"  # who runs it for root, whom it refuses


def binaries():
    """The folder of the newest that Debian's packages have put here, or None."""
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return places[-1].parent if places else None


class Postgres:
    def __init__(self, world):
        self.bin = binaries()
        if self.bin is None:
            skip("there is no PostgreSQL here (./run deps test)")
        self.folder, self.world, self.name, self.process = world.folder("pg"), world, "PostgreSQL", None
        self.log = world.root / "log-pg"
        self.user = NOBODY if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.data = self.folder / "data"
        world.root.chmod(0o711)  # the way to its folder
        if os.getuid() == 0:
            shutil.chown(self.folder, self.user)
        self.run("initdb", "-D", str(self.data), "-A", "trust", "-U", "relay", "--no-instructions", "-E", "UTF8", "--no-locale")
        world.peers.append(self)  # killed with the others

    def command(self, program, *words):
        who = ["setpriv", f"--reuid={self.user}", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
        return [*who, str(self.bin / program), *words]

    def run(self, program, *words):
        done = subprocess.run(self.command(program, *words), cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return done.stdout

    def up(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command("postgres", "-D", str(self.data), "-k", str(self.folder),
                                                                "-c", "listen_addresses=")],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        ask = self.command("pg_isready", "-q", "-h", str(self.folder), "-U", "relay", "-d", "postgres", "-t", "1")
        while subprocess.run(ask).returncode != 0:
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        return self

    def kill(self):
        """As a power cut: nothing is written any more."""
        if self.process is None:
            return
        family = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        subprocess.run(["kill", "-9", str(self.process.pid), *family], stderr=subprocess.DEVNULL)
        self.process.wait()
        self.process = None

    def restart(self):
        """As an operator does it while others are connected."""
        self.run("pg_ctl", "-D", str(self.data), "-m", "fast", "-W", "stop")
        self.process.wait()
        self.up()

    def database(self, name):
        """Makes one; its URL."""
        self.ask("postgres", f"CREATE DATABASE {name}")
        return f"postgresql:///{name}?host={self.folder}&user=relay"

    def ask(self, database, sql):
        return self.run("psql", "-h", str(self.folder), "-U", "relay", "-d", database, "-qAtX", "-c", sql).split()
