#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Somebody else's NAT discovery (coturn's turnutils_natdiscovery, RFC 5780) asks a relay with two addresses and finds what is
# so: no NAT, and answers from the places that it asked for.
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

TOOL = shutil.which("turnutils_natdiscovery")
NO_NAT = ["No NAT! (Endpoint Independent Mapping)", "NAT with Endpoint Independent Mapping!",
          "No NAT! (Endpoint Independent Mapping)", "NAT with Endpoint Independent Filtering!"]


def discover(port, host):
    done = subprocess.run([TOOL, "-m", "-f", "-p", str(port), "-L", host, host], capture_output=True, text=True, timeout=120)
    found = [line for line in done.stdout.splitlines() if line.endswith("!") or "No NAT!" in line]
    assert found == NO_NAT, done.stdout + done.stderr
    origins = set(re.findall(r"Response origin: : (\S+)", done.stdout))
    assert {f"127.0.0.1:{port}", f"127.0.0.2:{port}", f"127.0.0.2:{port + 1}"} <= origins, origins
    others = set(re.findall(r"Other addr: : (\S+)", done.stdout))
    assert others == {f"127.0.0.2:{port + 1}", f"127.0.0.1:{port + 1}"}, others


def free_ports():
    """Two neighbours that are free on both addresses, for all that one can know."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 65000:
            return port


def start(data):
    for _ in range(20):
        port = free_ports()
        relay = subprocess.Popen([os.environ["PEERLINK_RELAY"], "--data", data, "--metrics", "off", "--listen",
                                  f"127.0.0.1:{port}", "--listen", f"127.0.0.2:{port}"], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        if relay.stdout.readline().startswith("relay "):
            return relay, port
        relay.wait()
    raise AssertionError("no free ports")


def main():
    if TOOL is None:
        print("SKIP: there is no turnutils_natdiscovery (Debian's package coturn)")
        sys.exit(77)
    data = tempfile.mkdtemp()
    relay, port = start(data)
    try:
        discover(port, "127.0.0.1")
    finally:
        relay.terminate()
        relay.wait()
        shutil.rmtree(data)


main()
