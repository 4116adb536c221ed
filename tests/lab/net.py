# SPDX-License-Identifier: MIT
"""The internet of the lab: a namespace that forwards between the lines of its customers and the servers in it.

    device ── router ──[ line: 20 ms each way ]── internet ── server (relays)

    93.N.0.0/16, 2a02:N::/32   customer N; 93.N.0.2 and 2a02:N::2 is the outer end of the line
    45.R.0.0/24, 2a05:R::/64   server R

The addresses look like public ones, since software treats those of documentation and private networks in its own way; nothing of
this leaves the namespaces. All of it goes with the process that made it (see tests/process/_netns.py).
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
from _netns import Namespace, need_root, skip  # noqa: E402
from _peer import check  # noqa: E402

DELAY_MS = 20  # of a line, each way
DELAY = pathlib.Path(os.environ.get("PLK_BUILD_DIR", ".")) / "tests/lab/lab_delay"


def need_lab():
    """Ends with 77 and the reason where the lab cannot be built up."""
    need_root()
    if not DELAY.exists():
        sys.exit(f"{DELAY} was not built")
    if not os.path.exists("/dev/net/tun"):
        skip("there is no /dev/net/tun")
    tried = subprocess.run(["unshare", "--net", "ip", "tuntap", "add", "lab", "mode", "tun"], capture_output=True, text=True)
    if tried.returncode != 0:
        skip(f"no TUN device: {tried.stderr.strip()}")


class Place(Namespace):
    """A namespace with devices that go down and come up again, routes included (which the system forgets)."""

    def __init__(self):
        super().__init__()
        self.routes = {}

    def route(self, device, *lines):
        self.routes[device] = lines
        self.ip(*lines)

    def down(self, *devices):
        self.ip(*(f"link set {device} down" for device in devices))

    def up(self, *devices):
        for device in devices:
            self.ip(f"link set {device} up", *self.routes.get(device, ()))


class Line:
    """A customer's line: what goes in at one end comes out at the other, `delay_ms` later. limits: words for lab_delay."""

    def __init__(self, internet, number, space, device, delay_ms, metric, limits=()):
        self.internet, self.space, self.device, self.here = internet, space, device, f"s{number}"
        spaces = (f"/proc/{space.pid}/ns/net", f"/proc/{internet.pid}/ns/net")
        self.process = subprocess.Popen([str(DELAY), spaces[0], device, spaces[1], self.here, str(int(delay_ms * 1000)),
                                         *map(str, limits)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        check(self.process.stdout.readline() == b"ready\n", "lab_delay did not start")
        internet.ip(f"addr add 93.{number}.0.1/16 dev {self.here}", f"addr add 2a02:{number}::1/32 dev {self.here} nodad",
                    f"link set {self.here} up txqueuelen 1000")
        self.v4, self.v6_prefix = f"93.{number}.0.2", f"2a02:{number}"
        self.v6 = f"{self.v6_prefix}::2"
        space.ip(f"addr add {self.v4}/24 dev {device}", f"link set {device} up txqueuelen 1000")
        space.route(device, f"route replace default dev {device} metric {metric}")

    def renumber(self, last):
        """Another address at the outer end, in place of the one that was there."""
        old, self.v4 = self.v4, f"{self.v4.rsplit('.', 1)[0]}.{last}"
        # In this order: with a first address the system removes further ones of its subnet.
        self.space.ip(f"addr del {old}/24 dev {self.device}", f"addr add {self.v4}/24 dev {self.device}",
                      *self.space.routes[self.device])

    def cut(self):
        self.internet.ip(f"link set {self.here} down")

    def mend(self):
        self.internet.ip(f"link set {self.here} up")

    def both_ways(self, rule):
        """A rule of the internet for what goes and comes on this line."""
        return [f'iifname "{self.here}" {rule}', f'oifname "{self.here}" {rule}']

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Server(Namespace):
    """A place in the internet with two addresses of each family, without delay of its own."""

    def __init__(self, internet, number):
        super().__init__()
        self.name = f"r{number}"
        self.v4, self.v6 = [f"45.{number}.0.{i}" for i in (2, 3)], [f"2a05:{number}::{i}" for i in (2, 3)]
        internet.ip(f"link add {self.name} gso_max_segs 1 type veth peer name eth0 gso_max_segs 1 netns {self.pid}", f"addr add 45.{number}.0.1/24 dev {self.name}",
                    f"addr add 2a05:{number}::1/64 dev {self.name} nodad", f"link set {self.name} up")
        self.ip("link set eth0 up", *(f"addr add {a}/24 dev eth0" for a in self.v4),
                *(f"addr add {a}/64 dev eth0 nodad" for a in self.v6), f"route add default via 45.{number}.0.1",
                f"route add default via 2a05:{number}::1")


class Internet(Namespace):
    """folder: where routers' programs may have files."""

    def __init__(self, folder=None):
        super().__init__()
        self.folder = folder
        self.things, self.customers, self.servers = [], 0, 0
        self.set(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        self.rules()

    def keep(self, thing):
        """It ends with the internet, the youngest first."""
        self.things.append(thing)
        return thing

    def number(self):
        """Of the next customer."""
        self.customers += 1
        return self.customers

    def line(self, number, space, device="wan", delay_ms=DELAY_MS, metric=100, limits=()):
        return self.keep(Line(self, number, space, device, delay_ms, metric, limits))

    def server(self):
        self.servers += 1
        return self.keep(Server(self, self.servers))

    def rules(self, *lines):
        """What is done with what is forwarded, in place of what was done before."""
        chain = "".join(f"    {line}\n" for line in lines)
        self.run("nft", "-f", "-", stdin="table inet lab\ndelete table inet lab\ntable inet lab {\n"
                 f"  chain forward {{\n    type filter hook forward priority 0;\n{chain}  }}\n}}\n")

    def close(self):
        while self.things:
            self.things.pop().close()
        super().close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
