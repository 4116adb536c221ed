# SPDX-License-Identifier: MIT
"""Two people behind one router whose line is out, both with other addresses than before: do they find each other by beacons? And do beacons
say nothing to anybody else?"""
import json
import subprocess
import sys

from pair import acquaint, contact, wait
from _peer import check
from person import Lab
from router import Access, Device

FOUND_S = 20
LEN, TAG = 144, 4
# Hears the beacons of the LAN, and says so many of them.
HEAR = """import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("239.255.76.66", 7449))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.76.66") + socket.inet_aton(sys.argv[1]))
print("ready", flush=True)
while True:
    print(s.recv(2000).hex(), flush=True)
"""


def main(options):
    with Lab() as lab:
        relay, home = lab.relay(), Access(lab.internet, "port-restr", v6=options.v6)
        alice, bob = lab.person("Alice", home), lab.person("Bob", home)
        acquaint(alice, bob, relay)
        mallory = lab.internet.keep(Device(home))
        for person, last in ((alice, 91), (bob, 92)):
            person.down()
            if options.v6:
                person.space.ip("addr flush dev eth0 scope global",
                                f"addr add {home.home.v6_prefix}::{last}/64 dev eth0 nodad")
            else:
                person.space.renumber("eth0", f"{home.home.lan_prefix}.{last}")
        home.line.cut()
        hear = ["setpriv", "--pdeathsig", "KILL", *mallory.inside(sys.executable, "-c", HEAR, mallory.addresses[0])]
        with subprocess.Popen(hear, stdout=subprocess.PIPE, text=True) as listener:
            check(listener.stdout.readline() == "ready\n", "Mallory does not hear")
            try:
                for person in (alice, bob):
                    person.up()
                sent = bob.json("send", "Alice", "is the line out for you, too?", "--wait", "delivered", "--timeout", str(FOUND_S), timeout=FOUND_S + 10)
                check(sent[0]["state"] in ("delivered", "read"), sent)
                rpcs = [person.rpc() for person in (alice, bob)]
                wait("the path", lambda: [contact(rpc)["path"] for rpc in rpcs] == ["lan"] * 2)
            finally:
                listener.kill()
            heard = [bytes.fromhex(line) for line in listener.stdout]
    check(heard or options.v6, "no beacon was heard")
    check(all(len(beacon) == LEN for beacon in heard), [len(beacon) for beacon in heard])
    words = [beacon[at:at + TAG] for beacon in heard for at in range(0, LEN, TAG)]
    check(len(set(words)) == len(words), "a word of a beacon was there before")
    told = {"beacons": len(heard), "path": "lan"}
    print(json.dumps(told) if options.json else f"found each other; {len(heard)} beacons were heard, in which nothing was said twice")
    return 0
