# SPDX-License-Identifier: MIT
"""The relay's figures: a real peerlink-relay on loopback, and its core with the real store and very many clients."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import _postgres
import _relay
from _peer import World

STORM_CLIENTS, STORM_QUEUES = 100000, 20
SUBSCRIPTIONS = 100000  # from one address
MISUSE_ROUNDS = 3
HELLOS_PER_S = 2500  # that a relay answers by default: 500 without a cookie, four times that with one


class Relay:
    """A relay that lets pass what the bench sends. before is called in its process, before it begins; folder is where its data lie."""

    def __init__(self, program, *more, before=None, folder=None, key=None):
        self.program, self.data = program, pathlib.Path(tempfile.mkdtemp(prefix="plk-", dir=folder))
        if key:  # another process of that relay
            (self.data / "relay").mkdir(mode=0o700)
            shutil.copy(key, self.data / "relay" / "key")
        self.process = subprocess.Popen([program, "--data", str(self.data / "relay"), "--listen", "127.0.0.1:0", "--pass",
                                         "500000", "--metrics", "off", "--log", "error", *more], stdout=subprocess.PIPE, text=True,
                                        preexec_fn=before)
        self.line = self.process.stdout.readline().strip()

    def unlimited(self):
        """Its name with a token for any number of queues."""
        done = subprocess.run([self.program, "token", "new", "--queues", "0", "--data", str(self.data / "relay"), "--json"],
                              capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)["name"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)


class Turn:
    """coturn without credentials; its relayed packets are not encrypted."""

    def __init__(self, program):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = tempfile.mkdtemp(prefix="plk-")
        self.process = subprocess.Popen(
            [program, "-n", "-m", "0", "--no-auth", "--no-tls", "--no-dtls", "--no-cli", "--listening-ip", "127.0.0.1",
             "--listening-port", str(self.port), "--relay-ip", "127.0.0.1", "--allow-loopback-peers", "--log-file",
             f"{self.folder}/log", "--simple-log", "--pidfile", f"{self.folder}/pid", "--db", f"{self.folder}/db"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        """Until it answers a STUN request."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.connect(("127.0.0.1", self.port))
            asker.settimeout(0.2)
            for _ in range(50):
                try:
                    asker.send(bytes.fromhex("000100002112a442") + os.urandom(12))
                    asker.recv(1500)
                    return
                except OSError:
                    time.sleep(0.1)
        raise RuntimeError("turnserver does not answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def relay_round(tool, results, options):
    program = os.environ["PEERLINK_RELAY"]
    with Relay(program) as relay:
        for name, value in tool("relay_pass", relay.process.pid, relay.line).items():
            results[name].append(value)
    turnserver = shutil.which("turnserver")
    if turnserver is not None:
        with Turn(turnserver) as turn:
            results["turn"].append(tool("turn_pass", turn.process.pid, turn.port)["turn"])
    with Relay(program) as relay:
        put = tool("relay_put", relay.process.pid, relay.line, options.cells)
        for name, value in {**put, "put_per_cpu_s": 1e6 / put["put_cpu_us"]}.items():
            results[name].append(value)


PGBENCH_CLIENTS, PGBENCH_S = 90, 5


def insert_only(postgres, results):
    """What PostgreSQL takes from its own program: rows of 4 KiB, each a transaction."""
    postgres.ask("bench", "CREATE TABLE cell (id bigserial PRIMARY KEY, value bytea NOT NULL)")
    postgres.ask("bench", "ALTER TABLE cell ALTER value SET STORAGE EXTERNAL")
    script = postgres.world.root / "insert.sql"
    script.write_text("INSERT INTO cell (value) VALUES (repeat('x', 4096)::bytea);\n")
    script.chmod(0o644)
    told = postgres.run("pgbench", "-n", "-c", str(PGBENCH_CLIENTS), "-j", "2", "-T", str(PGBENCH_S), "-M", "prepared", "-f", str(script),
                        "-h", str(postgres.folder), "-U", "relay", "bench")
    results["pgbench_per_s"].append(float(re.search(r"tps = ([0-9.]+)", told).group(1)))


def postgres_round(tool, results, options):
    """The same PUTs on PostgreSQL; two processes have twice the clients, and this machine's processors with them and the server."""
    with World() as world:
        postgres = _postgres.Postgres(world).up()
        url = postgres.database("bench")
        insert_only(postgres, results)
        with Relay(os.environ["PEERLINK_RELAY"], "--store", url) as first:
            put = tool("relay_put", first.process.pid, first.line, options.cells)
            results["pg_put_per_s"].append(put["put_per_s"])
            results["pg_put_cpu_us"].append(put["put_cpu_us"])
            with Relay(os.environ["PEERLINK_RELAY"], "--store", url, key=first.data / "relay" / "key") as second:
                with concurrent.futures.ThreadPoolExecutor() as both:
                    puts = both.map(lambda r: tool("relay_put", r.process.pid, r.line, options.cells), (first, second))
                    results["pg_two_per_s"].append(sum(put["put_per_s"] for put in puts))


MISUSES = {
    "garbage": "10,000 packets a second that are none",
    "hello": "10,000 hellos a second from 512 networks",
    "cookie": "the same, of who repeats them with their cookies",
    "newq": "2,000 NEWQ a second without a token, on 64 channels",
    "unacked": "32 owners who never ACK, put to all the time",
    "unread": "32 who never read a packet, UDP and TCP",
    "slow": "1,500 TCP connections, a byte a second each",
    "subscribers": "subscriptions without end from one address",
}


def place(last):
    """Where a process runs: the relay on the first processor, all others on the last, before everybody else if that is allowed."""
    def go():
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cpus[-1:] if last else cpus[:1])
        try:
            os.nice(-20)
        except PermissionError:
            pass
    return go


def misuse(tool, results, options):
    """Honest clients beside those who wish the relay ill. Neither the disk nor a processor that others want is in the figure."""
    seconds, subscriptions = (3, SUBSCRIPTIONS // 20) if options.quick else (5, SUBSCRIPTIONS)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for i in range(min(options.rounds, MISUSE_ROUNDS)):
        for attack in MISUSES:
            if attack == "subscribers" and i > 0:
                continue
            with Relay(os.environ["PEERLINK_RELAY"], "--admit", "open", before=place(False), folder=memory) as relay:
                found = tool("relay_flood", relay.process.pid, relay.unlimited(), seconds, subscriptions, attack, before=place(True))
            for name, value in found.items():
                results[name].append(value)


def offline(results, count):
    """Bob comes back, and a relay keeps something for him: from `ready` to his history."""
    with World() as world:
        relay = _relay.Relay(world).up()
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up("--relay", relay.address)
        bob.do("add", alice.do("invite"), "--as", "Alice", "--message", "hello")
        rpc = alice.rpc()
        rpc.call("watch", since=0)
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == "hello")
        rpc.close()
        for i in range(count):
            bob.do("send", "Alice", "still here", "--wait", "delivered")
            alice.do("send", "Bob", "good", "--wait", "delivered")
            bob.kill()
            alice.do("send", "Bob", f"kept {i}", "--wait", "stored", "--timeout", "60")
            bob.up()
            ready = time.monotonic()
            rpc = bob.rpc()
            while all(m["text"] != f"kept {i}" for m in rpc.call("history", contact="Alice", limit=3)["messages"]):
                pass
            results["offline_ms"].append((time.monotonic() - ready) * 1e3)
            rpc.close()


def relay_all(tool, say, results, options):
    say("somebody comes back to what a relay keeps ...")
    offline(results, options.rounds)
    for i in range(options.rounds):
        say(f"a relay, round {i + 1} of {options.rounds} ...")
        relay_round(tool, results, options)
        if _postgres.binaries() is not None:
            postgres_round(tool, results, options)
    say("a relay with idle clients ...")
    with Relay(os.environ["PEERLINK_RELAY"]) as relay:
        for name, value in tool("relay_ping", relay.process.pid, relay.line, 3 if options.quick else 10).items():
            results[name].append(value)
    say("a relay under misuse ...")
    misuse(tool, results, options)
    clients = STORM_CLIENTS // 20 if options.quick else STORM_CLIENTS
    say(f"a relay has started again, {clients:,} clients come ...")
    with tempfile.TemporaryDirectory(prefix="plk-") as folder:
        for name, value in tool("relay_storm", folder, clients, STORM_QUEUES, timeout=1800).items():
            results[name].append(value)
    # Whichever is slowest: the loop's thread, the store's, or the budget of hellos.
    each = [results[name][-1] / clients for name in ("storm_loop_s", "storm_store_s")]
    results["storm_s"].append(max(*each, 1 / HELLOS_PER_S) * STORM_CLIENTS)
    results["storm_cpu_s"].append(sum(each) * STORM_CLIENTS)


def relay_rows(row, beside):
    row("back again: from `ready` to what a relay kept, in the history", "offline_ms", "ms", 200)
    row("PASS, 1,200 bytes, one at a time, a CPU-second of the relay", "pass_single", "/s", 130000,
        beside("turn", "/s", "coturn, nothing encrypted:"), least=True)
    row("the same, in trains of 8", "pass_train", "/s", 200000, least=True)
    row("PUT of a cell of 4 KiB, on disk and confirmed, 200 clients", "put_per_s", "/s", 10000,
        beside("put_p99_ms", "ms", "p99 of one:"), least=True)
    row("the same, a CPU-second of the relay", "put_per_cpu_s", "/s", 10000, least=True)
    row("the same on PostgreSQL, with it on this machine's processors", "pg_put_per_s", "/s", 8000,
        beside("pgbench_per_s", "/s", "pgbench, a row a transaction:"), least=True)
    row("by two processes, 400 clients", "pg_two_per_s", "/s", None, beside("pg_put_cpu_us", "µs", "CPU of a process, a PUT:"))
    row("idle client of a relay, in the core", "idle_core_b", "bytes", 1024)
    row("each of its subscribed queues", "idle_queue_b", "bytes", 128)
    row("idle client with 20 queues, resident", "idle_all_b", "bytes", 4096 + 20 * 128)
    row("100,000 idle clients that ping every 22 s: of one processor", "ping_core_percent", "%", None, beside("ping_cpu_us", "µs", "a ping:"))
    row("relay restarted, 100,000 clients of 20 queues: until all are subscribed", "storm_s", "s", None,
        beside("storm_cpu_s", "s", "CPU:"))
    for name, what in MISUSES.items():
        row(f"p99 of honest clients of a relay, times that in peace: {what}", f"flood_{name}_times", "", 3,
            " ".join(filter(None, (beside(f"flood_{name}_put_ms", "ms", "PUT:"), beside(f"flood_{name}_per_s", "/s", "attacked:")))))
    row("a relay's resident size in peace", "flood_before_mib", "MiB", None)
    row("with 32 who never read", "flood_unread_mib", "MiB", None)
    row("with all these subscriptions", "subscribed_mib", "MiB", 512,
        beside("subscribe_refused", "", "refused:"))
