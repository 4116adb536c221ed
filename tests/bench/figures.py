#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All figures in one run: real processes on loopback, stores on disk with real fsync, empty passphrase, median of the
rounds with their spread, each beside its floor or peer from the same run. docs/design/figures.md says what each means.

usage: figures.py [--rounds N] [--messages N] [--idle SECONDS] [--quick] [--markdown | --json]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "process"))
from _peer import Rpc, World  # noqa: E402
from bulk_figures import bulk_all, bulk_rows  # noqa: E402
from relay_figures import relay_all, relay_rows  # noqa: E402

TOOLS = pathlib.Path(os.environ.get("PLK_BUILD_DIR", HERE.parent.parent / "build" / "release")) / "tests" / "bench"
PARTS = ["talk", "idle", "cold", "strangers", "bulk", "relay", "tox"]
LINKS_OPEN_S = 5  # what a node does after its start is over by then


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def tool(name, *args, timeout=900, before=None):
    """One of the measuring programs; the object it prints. before is called in its process, before it begins."""
    done = subprocess.run([str(TOOLS / f"bench_{name}"), *map(str, args)], capture_output=True, text=True, timeout=timeout,
                          preexec_fn=before)
    if done.returncode != 0:
        raise RuntimeError(f"bench_{name}: {done.stderr.strip()[:300]}")
    return json.loads(done.stdout)


# ---- what the system says of a process ----

def tasks(pid):
    return [pathlib.Path(f"/proc/{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]


def cpu_us(pid):
    """User and system time of all threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks(pid)) / 1e3


def field(path, name):
    return int(re.search(rf"^{name}:\s+(\d+)", path.read_text(), re.M).group(1))


def wakeups(pid):
    return sum(field(task / "status", f"{kind}_ctxt_switches") for task in tasks(pid) for kind in ("voluntary", "nonvoluntary"))


def resident_kib(pid):
    return field(pathlib.Path(f"/proc/{pid}/status"), "VmRSS")


def free_port():
    """A port that is free for UDP and TCP now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        return port


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


class Wire:
    """Counts the UDP packets and bytes (with IP and UDP headers) between two ports. None where one may not listen."""

    def __init__(self, ports):
        program = shutil.which("tcpdump") or "/usr/bin/tcpdump"
        wanted = " or ".join(f"port {port}" for port in ports)
        self.tcpdump, self.packets, self.bytes = None, 0, 0
        if os.path.exists(program) and os.geteuid() == 0:
            self.tcpdump = subprocess.Popen([program, "-i", "lo", "-n", "-q", "-l", f"udp and ({wanted})"], text=True,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            while "listening on" not in self.tcpdump.stderr.readline():
                if self.tcpdump.poll() is not None:
                    self.tcpdump = None
                    break

    def stop(self):
        if self.tcpdump is None:
            return None
        self.tcpdump.terminate()
        lengths = [int(n) for n in re.findall(r"length (\d+)", self.tcpdump.communicate()[0])]
        self.packets, self.bytes = len(lengths), sum(length + 28 for length in lengths)
        return self.bytes


# ---- a pair of nodes ----

class Pair:
    """Alice and Bob, who share an inline link and run for the first time together."""

    def __init__(self, world):
        self.world = world
        self.ports = [free_port(), free_port()]
        self.alice, self.bob = world.peer("Alice"), world.peer("Bob")
        for peer in (self.alice, self.bob):
            peer.do("init", "--name", peer.name)
        self.bob.up("--listen", f"127.0.0.1:{self.ports[1]}")
        self.link = self.bob.do("invite", "--inline")
        self.bob.down()

    def start(self):
        """Milliseconds from the start of both processes to the first message delivered."""
        begin = time.monotonic()
        starting = threading.Thread(target=self.bob.up, args=("--listen", f"127.0.0.1:{self.ports[1]}"))
        starting.start()
        self.alice.up("--listen", f"127.0.0.1:{self.ports[0]}")
        rpc = Rpc(self.alice.ready["socket"])
        rpc.call("add", link=self.link, name="Bob")
        rpc.call("send", contact="Bob", text="hello", wait="delivered")
        took = (time.monotonic() - begin) * 1e3
        starting.join()
        rpc.close()
        return took

    def pids(self):
        return [self.alice.node.pid, self.bob.node.pid]

    def down(self):
        for peer in (self.alice, self.bob):
            peer.down()


def latency(pair, count):
    each = tool("load", "one", pair.alice.socket(), "Bob", count)["each_us"]
    return percentile(each, 0.5) / 1e3, percentile(each, 0.99) / 1e3


def caught_up(peer):
    """Waits for the search index."""
    rpc = peer.rpc()
    while rpc.call("status")["unindexed"] > 0:
        time.sleep(0.02)
    rpc.close()


def stream(pair, count):
    """Pipelined texts one way."""
    before = [cpu_us(pid) for pid in pair.pids()]
    got = tool("load", "many", pair.alice.socket(), "Bob", count, 100)
    spent = [cpu_us(pid) - start for pid, start in zip(pair.pids(), before)]
    begin = time.monotonic()
    for peer in (pair.alice, pair.bob):
        caught_up(peer)
    indexed = time.monotonic() - begin
    newest = pair.bob.json("history", "Alice", "--limit", "1")[0]["seq"]
    if newest < count:
        raise RuntimeError(f"{newest} of {count} messages arrived")
    return {"rate": count / got["delivered_us"] * 1e6, "cpu_us": sum(spent) / count, "cpu_out_us": spent[0] / count,
            "cpu_in_us": spent[1] / count, "busy": got["busy"], "index_s": indexed}


class Flood:
    """Strangers' packets at a port, as many a second as asked for."""

    def __init__(self, port, rate):
        self.process = subprocess.Popen([str(TOOLS / "bench_flood"), str(port), str(rate)])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


# ---- rounds ----

def talk_round(results, options):
    with World() as world:
        results["floor"].append(tool("floor", world.root))
        pair = Pair(world)
        results["first_ms"].append(pair.start())
        time.sleep(1)
        p50, p99 = latency(pair, options.singles)
        results["p50_ms"].append(p50)
        results["p99_ms"].append(p99)
        with Flood(pair.ports[1], options.flood):
            results["flood_p99_ms"].append(latency(pair, options.singles)[1])
        for name, value in stream(pair, options.messages).items():
            results[name].append(value)
        results["busy_rss_mib"].append(max(map(resident_kib, pair.pids())) / 1024)
        pair.down()


def idle_all(results, options):
    """All pairs at once: what they cost while nobody writes."""
    with World() as world:
        pairs = [Pair(world) for _ in range(options.rounds)]
        for pair in pairs:
            pair.start()
        time.sleep(LINKS_OPEN_S)
        wires = [Wire(pair.ports) for pair in pairs]
        before = [[wakeups(pid) for pid in pair.pids()] for pair in pairs]
        begin = time.monotonic()
        time.sleep(options.idle)
        spent = time.monotonic() - begin
        for pair, wire, start in zip(pairs, wires, before):
            counted = wire.stop()
            woken = [wakeups(pid) - first for pid, first in zip(pair.pids(), start)]
            results["wakeups_per_s"].append(max(woken) / spent)
            results["idle_rss_mib"].append(max(map(resident_kib, pair.pids())) / 1024)
            if counted is not None:
                results["idle_kb_per_min"].append(counted / 1000 * 60 / spent)


def cold_all(results, options):
    with World() as world:
        peer = world.peer("Alice")
        peer.do("init", "--name", "Alice")
        subprocess.run([str(TOOLS / "bench_home"), str(peer.home)], check=True)
        for _ in range(options.rounds):
            fd = os.open(peer.home / "store.db", os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)  # as after a boot
            os.close(fd)
            begin = time.monotonic()
            peer.up("--listen", f"127.0.0.1:{free_port()}")
            results["cold_ms"].append((time.monotonic() - begin) * 1e3)
            peer.kill()


def strangers(results, options):
    for _ in range(options.rounds):
        for name, value in tool("stranger").items():
            results[name].append(value)


def relay(results, options):
    relay_all(tool, say, results, options)


def bulk(results, options):
    bulk_all(TOOLS, say, results, options)


def tox(results, options):
    """The peer: toxcore, where it is installed."""
    program = TOOLS / "bench_toxcore_peer"
    if not program.exists():
        say("it is not installed (libtoxcore-dev): left out")
        return
    for _ in range(min(options.rounds, options.tox_rounds)):
        ports = [free_port(), free_port()]
        peer = subprocess.Popen([str(program), *map(str, [options.tox_messages, options.tox_idle, 0, *ports])], text=True,
                                stdout=subprocess.PIPE)
        peer.stdout.readline()  # "idle"
        wire = Wire(ports)
        begin = time.monotonic()
        first = peer.stdout.read(1)  # the idle time is over
        counted, spent = wire.stop(), time.monotonic() - begin
        told = first + peer.stdout.read()
        if peer.wait() != 0:
            raise RuntimeError("toxcore's side failed")
        for name, value in json.loads(told).items():
            results[f"tox_{name}"].append(value)
        if counted is not None:
            results["tox_idle_kb_per_min"].append(counted / 1000 * 60 / spent)


# ---- the table ----

class Results(dict):
    def __missing__(self, name):
        self[name] = []
        return self[name]


def median(values):
    return statistics.median(values) if values else None


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values, unit):
    if not values:
        return "not measured"
    return f"{number(median(values))}{' ' if unit else ''}{unit} [{number(min(values))}–{number(max(values))}]"


def table(r):
    """Rows of: figure, ours, target, floor or peer, whether it is reached."""
    floors = {name: median([floor[name] for floor in r["floor"]]) for name in (r["floor"] or [{}])[0]}
    rows = []

    def row(what, name, unit, target, floor="", least=False, limit=None, aim=None):
        value = median(r[name])
        if value is None or (target is None and limit is None):
            ok = None
        else:
            bound = limit if limit is not None else target
            ok = value >= bound if least else value <= bound
        word = aim or ("" if target is None else f"{'≥' if least else '<'} {target:,} {unit}")
        rows.append({"figure": what, "ours": spread(r[name], unit), "target": word, "beside": floor, "ok": ok,
                     "name": name, "median": value, "values": r[name]})

    def beside(name, unit, what):
        return f"{what} {number(median(r[name]))} {unit}" if r[name] else ""

    commits50, commits99 = (2 * floors.get(name, 0) / 1e3 for name in ("commit_p50_us", "commit_p99_us"))
    row("send → committed there, acknowledged here, p50", "p50_ms", "ms", 1.5,
        f"two commits of this disk: {number(commits50)} ms; " + beside("tox_receipt_ms", "ms", "toxcore (not durable):"))
    row("the same, p99", "p99_ms", "ms", 6, f"three times two commits: {number(3 * commits99)} ms", limit=max(6, 3 * commits99),
        aim="< 6 ms, or three times two commits")
    row("one direction, 100-byte texts, delivered", "rate", "/s", 20000,
        f"batched SQLite rows: {number(floors.get('rows_per_s'))}/s; ChaCha20-Poly1305: {number(floors.get('cipher_mb_per_s'))}"
        " MB/s; " + beside("tox_messages_per_s", "/s", "toxcore:"), least=True)
    row("processor of both nodes, a message", "cpu_us", "µs", 100,
        f"sender {number(median(r['cpu_out_us']))}, receiver {number(median(r['cpu_in_us']))}")
    row("sends refused while streaming", "busy", "", 0, aim="0")
    row("search index caught up after the stream", "index_s", "s", 10)
    row("start of both processes → first message delivered", "first_ms", "ms", 150, beside("tox_connect_ms", "ms", "toxcore, to connect:"))
    row("start with 1,000 contacts, 100,000 messages", "cold_ms", "ms", 300)
    row("idle, connected: resident", "idle_rss_mib", "MiB", 12)
    row("idle, connected: wake-ups", "wakeups_per_s", "/s", 0.5, beside("tox_wakeups_per_s", "/s", "toxcore:"))
    row("idle, connected: on the wire, both directions", "idle_kb_per_min", "kB/min", 1, beside("tox_idle_kb_per_min", "kB/min", "toxcore:"))
    row("resident after the stream", "busy_rss_mib", "MiB", None)
    row("a stranger's packet that is none", "malformed_us", "µs", 2)
    row("a stranger's message 1 among 200 contacts", "scan_200_us", "µs", 10)
    row("a stranger's message 1 among 1,000 contacts", "scan_1000_us", "µs", 50)
    bulk_rows(row, beside)
    relay_rows(row, beside)
    calm = median(r["p99_ms"])
    row("p99 of a link while strangers flood", "flood_p99_ms", "ms", None, f"calm: {number(calm)} ms",
        limit=calm * 1.2 if calm else None, aim="20 % more than calm")
    return rows


def mark(ok):
    return "" if ok is None else "yes" if ok else "NO"


def show(rows, markdown):
    head = ["figure", "ours, median [min–max]", "target", "floor or peer, same run", "reached"]
    lines = [[row["figure"], row["ours"], row["target"], row["beside"], mark(row["ok"])] for row in rows]
    if markdown:
        print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for line in lines:
            print("| " + " | ".join(line) + " |")
        return
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    for line in [head, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser(description="the figures of the README, measured here")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=50000, help="of one stream")
    parser.add_argument("--singles", type=int, default=500, help="messages one at a time")
    parser.add_argument("--idle", type=float, default=60, help="seconds")
    parser.add_argument("--flood", type=int, default=10000, help="strangers' packets a second")
    parser.add_argument("--cells", type=int, default=400, help="that each of 200 clients puts")
    parser.add_argument("--bulk", type=int, default=5, help="seconds of a bulk stream on loopback")
    parser.add_argument("--line", type=int, default=20, help="seconds of one over a long line that loses")
    parser.add_argument("--tox-rounds", type=int, default=3)
    parser.add_argument("--tox-messages", type=int, default=5000)
    parser.add_argument("--tox-idle", type=float, default=30, help="seconds")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--quick", action="store_true", help="one round, short")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true")
    form.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.messages, options.idle, options.tox_idle, options.singles = 1, 10000, 15, 10, 200
        options.cells, options.bulk, options.line = 100, 3, 10
    results = Results()
    parts = options.only or PARTS
    if "talk" in parts:
        for i in range(options.rounds):
            say(f"two nodes talk, round {i + 1} of {options.rounds} ...")
            talk_round(results, options)
    for name, part, what in (("idle", idle_all, f"they are idle for {options.idle:.0f} s"), ("cold", cold_all, "a start with much"),
                             ("strangers", strangers, "strangers"), ("bulk", bulk, "a bulk stream"), ("relay", relay, "a relay"), ("tox", tox, "toxcore")):
        if name in parts:
            say(f"{what} ...")
            part(results, options)
    rows = table(results)
    if options.json:
        print(json.dumps({"figures": rows, "raw": results}))
    else:
        show(rows, options.markdown)


if __name__ == "__main__":
    main()
