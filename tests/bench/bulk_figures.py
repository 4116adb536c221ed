# SPDX-License-Identifier: MIT
"""A bulk stream between two nodes, on loopback and over a long line that loses, beside iperf3 and toxcore's files."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

DATAGRAM_LEN = 1200
LINE = {"delay_ms": 20, "rate": 12_500_000, "queue": 500_000, "loss_ppm": 5000}  # each way: 40 ms there and back, 100 Mbit/s, 0.5 %
TOX_MB = 300


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def inside(space, *command):
    return space.inside(*command) if space else list(command)


def ours(program, seconds, here=None, there=None, address="127.0.0.1"):
    """A stream for so long; what the sender and what the receiver say."""
    with tempfile.TemporaryDirectory(prefix="plk-") as folder:
        receiver = subprocess.Popen(inside(there, str(program), "receive", f"{folder}/b", f"{address}:0"), text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        link = receiver.stdout.readline().strip()
        sender = subprocess.run(inside(here, str(program), "send", f"{folder}/a", ":0" if here else "127.0.0.1:0", link, str(seconds)),
                                text=True, capture_output=True, timeout=seconds + 90)
        told = receiver.communicate(timeout=60)[0]
        if sender.returncode != 0 or receiver.returncode != 0:
            raise RuntimeError(f"bench_bulk: {sender.stderr.strip()}")
        return json.loads(sender.stdout), json.loads(told)


def iperf(seconds, *how, here=None, there=None, address="127.0.0.1"):
    """What iperf3 says at its end: bits a second that arrived, and its processor time in percent of the time."""
    port = free_port()
    server = subprocess.Popen(inside(there, "iperf3", "--server", "--one-off", "--port", str(port), "--json"), text=True,
                              stdout=subprocess.PIPE)
    client = ["iperf3", "--client", address, "--port", str(port), "--time", str(seconds), "--json", *how]
    try:
        for _ in range(50):  # until the server listens
            done = subprocess.run(inside(here, *client), text=True, capture_output=True, timeout=seconds + 60)
            if "refused" not in done.stdout:
                break
        end = json.loads(done.stdout)["end"]
    finally:
        server.terminate()
        server.communicate()
    return end


def loopback_round(program, results, seconds):
    sent, came = ours(program, seconds)
    results["bulk_mb_per_s"].append(came["bytes"] / came["seconds"] / 1e6)
    results["bulk_out_cpu"].append(sent["cpu_s"] * 1e9 / sent["bytes"])
    results["bulk_in_cpu"].append(came["cpu_s"] * 1e9 / came["bytes"])
    if shutil.which("iperf3") is None:
        return
    end = iperf(seconds, "--udp", "--bitrate", "0", "--length", str(DATAGRAM_LEN))
    took = end["sum"]["seconds"]
    came = (end["sum"]["packets"] - end["sum"]["lost_packets"]) * DATAGRAM_LEN
    results["iperf_mb_per_s"].append(came / took / 1e6)
    results["iperf_sent_mb_per_s"].append(end["sum"]["bytes"] / took / 1e6)
    results["iperf_out_cpu"].append(end["cpu_utilization_percent"]["host_total"] / 100 * took * 1e9 / end["sum"]["bytes"])
    results["iperf_in_cpu"].append(end["cpu_utilization_percent"]["remote_total"] / 100 * took * 1e9 / max(came, 1))
    # Of what it sent, though much of that never arrives: nobody can say that it was held back.
    results["bulk_part"].append(results["bulk_mb_per_s"][-1] / results["iperf_sent_mb_per_s"][-1])


def tox_round(tools, results):
    program = tools / "bench_toxcore_peer"
    if not program.exists():
        return
    done = subprocess.run([str(program), "0", "0", str(TOX_MB), str(free_port()), str(free_port())], text=True, capture_output=True,
                          timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"toxcore's side failed: {done.stderr.strip()}")
    told = json.loads(done.stdout.splitlines()[-1])
    results["tox_file_mb_per_s"].append(told["file_mb_per_s"])
    results["bulk_times_tox"].append(results["bulk_mb_per_s"][-1] / told["file_mb_per_s"])


class LongLine:
    """Two namespaces and a line between them."""

    def __init__(self, delay):
        from _netns import Namespace
        self.a, self.b = Namespace(), Namespace()
        ends = [word for space, name in ((self.a, "line0"), (self.b, "line1")) for word in (f"/proc/{space.pid}/ns/net", name)]
        self.process = subprocess.Popen([str(delay), *ends, str(LINE["delay_ms"] * 1000), str(LINE["rate"]), str(LINE["queue"]),
                                         str(LINE["loss_ppm"])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("lab_delay did not start")
        for space, name, last in ((self.a, "line0", 1), (self.b, "line1", 2)):
            space.ip(f"addr add 93.1.0.{last}/24 dev {name}", f"link set {name} up txqueuelen 1000")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        for space in (self.a, self.b):
            space.close()


def line_round(program, delay, results, seconds):
    with LongLine(delay) as line:
        ends = {"here": line.a, "there": line.b, "address": "93.1.0.2"}
        sent, _ = ours(program, seconds, **ends)
        tcp = iperf(seconds, "--congestion", "cubic", **ends)
    results["line_mbit"].append(sent["bytes"] * 8 / sent["seconds"] / 1e6)
    results["line_tcp_mbit"].append(tcp["sum_received"]["bits_per_second"] / 1e6)
    results["line_part"].append(results["line_mbit"][-1] / results["line_tcp_mbit"][-1])


def bulk_all(tools, say, results, options):
    program, delay = tools / "bench_bulk", tools.parent / "lab" / "lab_delay"
    if shutil.which("iperf3") is None:
        say("there is no iperf3: what it does is left out")
    for _ in range(options.rounds):
        loopback_round(program, results, options.bulk)
        tox_round(tools, results)
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not delay.exists() or shutil.which("iperf3") is None:
        say("the long line needs root, /dev/net/tun and iperf3: left out")
        return
    for _ in range(options.rounds):
        line_round(program, delay, results, options.line)


def bulk_rows(row, beside):
    row("bulk stream over UDP on loopback, arrived", "bulk_mb_per_s", "MB/s", None,
        beside("iperf_mb_per_s", "MB/s", "iperf3 -u, 1,200 bytes, arrived:") + beside("iperf_sent_mb_per_s", "MB/s", ", sent:"))
    row("the same, as a part of what iperf3 sent", "bulk_part", "", 0.5, least=True)
    row("the same, times toxcore's file", "bulk_times_tox", "", 15, beside("tox_file_mb_per_s", "MB/s", "toxcore:"), least=True)
    row("processor, sender", "bulk_out_cpu", "s/GB", None, beside("iperf_out_cpu", "s/GB", "iperf3, of what it sent:"))
    row("processor, receiver", "bulk_in_cpu", "s/GB", None, beside("iperf_in_cpu", "s/GB", "iperf3, of what arrived:"))
    row("bulk stream, 40 ms, 100 Mbit/s, 0.5 % lost each way", "line_mbit", "Mbit/s", None,
        beside("line_tcp_mbit", "Mbit/s", "iperf3, TCP with CUBIC:"))
    row("the same, as a part of TCP's", "line_part", "", 0.9, least=True)
