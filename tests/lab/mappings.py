# SPDX-License-Identifier: MIT
"""Are ports that a router gives away (igd.py) really open? Asked for by UPnP-IGD, NAT-PMP and PCP; then somebody outside comes."""
import json
import pathlib
import subprocess
import sys

from igd import is_there
from net import skip
from _peer import check
from person import Lab
from router import Access, Device

ASK = str(pathlib.Path(__file__).with_name("ask_igd.py"))
COME = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).sendall(sys.argv[3].encode())"
PROTOCOLS = ("upnp", "natpmp", "pcp")


def visit(server, place, word):
    return subprocess.run(server.inside(sys.executable, "-c", COME, place[0], str(place[1]), word), capture_output=True).returncode == 0


def round_trip(asker, server, given):
    """Who got in by which protocol's port."""
    for name, place in given.items():
        visit(server, place, name)
    asker.stdin.write("\n")
    asker.stdin.flush()
    return json.loads(asker.stdout.readline())


def main(options):
    if not is_there():
        skip("there is no miniupnpd (Debian's miniupnpd-nftables)")
    with Lab() as lab:
        server = lab.internet.server()
        access = Access(lab.internet, "symmetric", igd={"upnp", "pcp"})
        device = lab.internet.keep(Device(access))
        with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *device.inside(sys.executable, ASK, device.addresses[0],
                               access.home.lan_prefix + ".1")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asker:
            given = json.loads(asker.stdout.readline())
            for name in PROTOCOLS:
                check(given[name] and given[name][0] == access.edge.v4, f"{name}: {given[name]}; {access.edge.igd.log()[-2000:]}")
            came = round_trip(asker, server, given)
            check(came == {name: name for name in PROTOCOLS}, f"came in: {came}")
            access.edge.forget()  # a router that starts again has none of it
            gone = round_trip(asker, server, given)
            check(gone == {}, f"after the router has forgotten: {gone}")
            asker.stdin.close()
        told = {name: {"given": given[name], "came": name in came} for name in PROTOCOLS}
    print(json.dumps(told) if options.json else "\n".join(f"{name:8} {':'.join(map(str, given[name]))}, open" for name in PROTOCOLS))
    return 0
