# SPDX-License-Identifier: MIT
"""Two people between whose networks no hole can be punched, one of them behind a router that gives ports away (igd.py): do their nodes
ask for them, by each protocol, and talk directly by what they get?"""
import json
import subprocess
import sys

from igd import is_there
from net import skip
from pair import acquaint, contact, is_direct, wait
from _peer import check
from person import Lab
from router import Access

COME = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()"
# What a router's own rules keep from its miniupnpd, which knows more than one protocol.
DEAF = {"nat-pmp": 'iifname "lan" udp dport 5351 @th,64,8 2 drop'}
KINDS = {"pcp": {"pcp"}, "nat-pmp": {"pcp"}, "upnp": {"upnp"}, "pinhole": {"pcp", "v6"}}
MAPPED_S = 30


def networks(lab, protocol):
    if protocol == "pinhole":
        return Access(lab.internet, "port-restr", igd=KINDS[protocol], v6=True), Access(lab.internet, "port-restr", v6=True)
    access = Access(lab.internet, "symmetric", igd=KINDS[protocol])
    if protocol in DEAF:
        access.home.run("nft", "insert", "rule", "inet", "lab", "enter", *DEAF[protocol].split())
    return access, Access(lab.internet, "symmetric")


def knows_upnp():
    with Lab() as lab:
        person = lab.person("Alice", "none")
        person.do("init", "--name", "Alice")
        person.up()
        return person.json("status")[0]["nat"]["upnp"]


def mapped(person):
    return person.json("status")[0]["nat"]["mapped"]


def visit(server, place):
    host, port = place.rsplit(":", 1)
    return subprocess.run(server.inside(sys.executable, "-c", COME, host.strip("[]"), port), capture_output=True).returncode == 0


def holds(router):
    """What the router's miniupnpd has open."""
    return "dnat" in router.run("nft", "list", "chain", "inet", "lab", "igd_before")


def tcp_of(ports):
    return next(port["external"] for port in ports if port["transport"] == "tcp")


def try_pinhole():
    """Over IPv6 nothing is translated, but what comes has to be let in: by a hole that the router makes when it is asked."""
    with Lab() as lab:
        relay, server = lab.relay(), lab.internet.server()
        first, second = networks(lab, "pinhole")
        alice, bob = lab.person("Alice", first), lab.person("Bob", second)
        acquaint(alice, bob, relay)

        def holes():
            return [port for port in mapped(alice) if port["external"].startswith("[")]

        ports = wait("holes", lambda: len(holes()) == 2 and holes(), MAPPED_S)
        check(all(port["protocol"] == "pcp" and port["external"] == port["internal"] for port in ports), ports)
        closed = f"[{second.home.v6_prefix}::2]:{bob.json('status')[0]['ports']['tcp']}"
        check(visit(server, tcp_of(ports)), f"a connection from outside to {tcp_of(ports)}")
        check(not visit(server, closed), f"{closed}, which nobody has asked for, is open")
        rpcs = [person.rpc() for person in (alice, bob)]
        wait("a direct path", lambda: all(is_direct(contact(rpc)["path"]) for rpc in rpcs), MAPPED_S)
        alice.down()
        wait("the router has closed them", lambda: "dport" not in first.edge.run("nft", "list", "chain", "inet", "lab", "igd_forward"), 5)
    return {"protocol": "pinhole", "ports": [port["external"] for port in ports]}


def try_protocol(protocol):
    with Lab() as lab:
        relay, server = lab.relay(), lab.internet.server()
        first, second = networks(lab, protocol)
        alice, bob = lab.person("Alice", first), lab.person("Bob", second)
        acquaint(alice, bob, relay)
        ports = wait("ports", lambda: len(mapped(alice)) == 2 and mapped(alice), MAPPED_S)
        check({port["protocol"] for port in ports} == {protocol}, ports)
        check(all(port["external"].startswith(first.edge.v4 + ":") and port["global"] for port in ports), ports)
        public = alice.json("status")[0]["nat"]["public"]
        check(all(port["external"] in public for port in ports), public)
        check(mapped(bob) == [], "Bob's router gives nothing")
        rpcs = [person.rpc() for person in (alice, bob)]
        wait("a direct path", lambda: [contact(rpc)["path"] for rpc in rpcs] == ["udp-mapped"] * 2, MAPPED_S)
        tcp = tcp_of(ports)
        check(visit(server, tcp), f"a connection from outside to {tcp}")
        check(holds(first.edge), "nothing in the router's rules")
        alice.down()
        wait("the router has closed them", lambda: not holds(first.edge), 5)
        check(not visit(server, tcp), "still open")
    return {"protocol": protocol, "ports": [port["external"] for port in ports]}


def main(options):
    if not is_there():
        skip("there is no miniupnpd (Debian's miniupnpd-nftables)")
    for protocol in options.names or KINDS:
        if protocol == "upnp" and not knows_upnp():
            skip("this build has no UPnP (libminiupnpc)")
        told = try_pinhole() if protocol == "pinhole" else try_protocol(protocol)
        print(json.dumps(told) if options.json else f"{protocol:8} {', '.join(told['ports'])}: direct, and open from outside", flush=True)
    return 0
