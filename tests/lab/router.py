# SPDX-License-Identifier: MIT
"""Routers, and the way from a person's device into the internet through none, one or two of them: a class of network by name."""
import os
import subprocess
import sys

from igd import Igd
from nat import SOURCE, ruleset
from net import DELAY_MS, Place

# The routers of a class, the one at home first.
CLASSES = {
    "none": (),
    "fw": ("fw",),
    "full-cone": ("full-cone",),
    "addr-restr": ("addr-restr",),
    "port-restr": ("port-restr",),
    "eim-random": ("eim-random",),
    "addr-dep": ("addr-dep",),
    "symmetric": ("symmetric",),
    "symm-seq": ("symm-seq",),
    "cgnat": ("port-restr", "eim-random"),
    "cgnat-sym": ("port-restr", "symmetric"),
    "udp-blocked": ("udp-blocked",),
}

# ctnetlink's "delete all" (IPCTNL_MSG_CT_DELETE without a tuple), since Debian's conntrack is not everywhere.
FLUSH = """import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack("=IHHIIBBH", 20, 0x102, 5, 1, 0, 0, 0, 0))
error = struct.unpack_from("=i", s.recv(4096), 16)[0]
assert error == 0, error
"""


class Router(Place):
    """One box. Its outer device is `wan`, its inner one the bridge `lan`; options are those of nat.ruleset. With `igd`, a set of
    "upnp", "pcp" and "v6", miniupnpd runs on it (igd.py), with its files in `folder`."""

    def __init__(self, kind, lan, folder=None, **options):
        super().__init__()
        self.igd = Igd(self, folder, options["igd"]) if options.get("igd") else None
        self.kind, self.options, self.lan_prefix, self.ports = kind, options, lan, []
        self.v4, self.v6_prefix, self.last = None, None, 1
        self.set(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        self.ip("link add lan type bridge", f"addr add {lan}.1/24 dev lan", "link set lan up")
        for name in ("ip", "ip6"):  # else the bridge hands its own traffic to these rules, and hairpinning breaks
            path = f"net.bridge.bridge-nf-call-{name}tables"
            if os.path.exists("/proc/sys/" + path.replace(".", "/")):
                self.run("sysctl", "-qw", f"{path}=0")
        lifetime_s = options.get("lifetime_s")
        if lifetime_s:
            self.set(net__netfilter__nf_conntrack_udp_timeout=lifetime_s,
                     net__netfilter__nf_conntrack_udp_timeout_stream=lifetime_s)

    def rules(self):
        self.run("nft", "-f", "-", stdin=ruleset(self.kind, self.v4, f"{self.lan_prefix}.0/24", **self.options))

    def live_at(self, address):
        """Its outer address is this one now. What it knew is gone: rules, maps and flows."""
        self.v4 = address
        self.forget()
        if self.igd:
            self.igd.restart()

    def give_v6(self, line):
        """A prefix of the line's for the network inside. Translated is nothing, what comes has to be asked for."""
        self.v6_prefix = line.v6_prefix + ":1"
        self.ip(f"addr add {line.v6}/64 dev wan nodad", f"addr add {self.v6_prefix}::1/64 dev lan nodad")
        self.route("wan", *self.routes["wan"], "route replace ::/0 dev wan")

    def join(self, place, device="eth0", metric=100, isolated=False):
        """The place gets an address here and a default route; comes back with the address. Who is isolated reaches nobody
        else in this network."""
        self.last += 1
        port, address = f"p{self.last}", f"{self.lan_prefix}.{self.last}"
        self.ports.append(port)
        self.ip(f"link add {port} gso_max_segs 1 type veth peer name {device} gso_max_segs 1 netns {place.pid}",
                f"link set {port} master lan", f"link set {port} up",
                *([f"link set {port} type bridge_slave isolated on"] if isolated else []))
        place.ip(f"link set {device} up", f"addr add {address}/24 dev {device}")
        lines = [f"route replace default via {self.lan_prefix}.1 dev {device} metric {metric}"]
        if self.v6_prefix:  # the system drops these addresses with the link
            lines += [f"addr replace {self.v6_prefix}::{self.last}/64 dev {device} nodad",
                      f"route replace default via {self.v6_prefix}::1 dev {device} metric {metric}"]
        place.route(device, *lines)
        return address

    def forget(self):
        """Every mapping and every flow is gone, as after a power cut."""
        self.rules()
        self.run(sys.executable, "-c", FLUSH)

    def switch_off(self):
        self.down("wan", *self.ports)
        self.forget()

        if self.igd:
            self.igd.stop()

    def switch_on(self):
        self.up("wan", *self.ports)
        if self.igd:
            self.igd.restart()

    def close(self):
        if self.igd:
            self.igd.stop()
        super().close()


class Access:
    """A network of a class, with its own line; with `carrier` behind the outer router of that one. `boxes` are its routers,
    the one at home first; options are those of the outer one (nat.ruleset). With `v6` there is IPv6 beside IPv4 (not behind
    a carrier's router)."""

    def __init__(self, internet, name, lan=None, delay_ms=DELAY_MS, carrier=None, isolated=False, v6=False, **options):
        self.internet, self.name, self.delay_ms, self.v6, self.boxes = internet, name, delay_ms, v6, []
        self.line = carrier.line if carrier else None
        self.number, kinds = internet.number(), CLASSES[name]
        number = self.number
        for place, kind in enumerate(kinds):
            outer = place == len(kinds) - 1
            inner = lan or f"192.168.{number}" if place == 0 else f"100.64.{number}"
            if SOURCE[kind] is None:
                inner = f"93.{number}.9"  # public addresses behind a firewall
            if carrier and outer:
                self.boxes.append(carrier.edge)
            else:
                self.boxes.append(internet.keep(Router(kind, inner, internet.folder, **(options if outer else {}))))
        for inner, outer in zip(self.boxes, self.boxes[1:]):
            inner.live_at(outer.join(inner, "wan", isolated=isolated))
        if kinds and not carrier:
            self.line = internet.line(number, self.boxes[-1], "wan", delay_ms)
            if v6 and len(kinds) == 1:
                self.edge.give_v6(self.line)
            self.edge.live_at(self.line.v4)

    @property
    def home(self):
        return self.boxes[0]

    @property
    def edge(self):
        return self.boxes[-1]

    def join(self, device, name="eth0", metric=100):
        """Where the device is now, as it sees itself."""
        if self.boxes:
            return self.home.join(device, name, metric)
        self.line = self.internet.line(self.number, device, name, self.delay_ms, metric)
        if self.v6:
            device.route(name, *device.routes[name], f"addr replace {self.line.v6}/64 dev {name} nodad",
                         f"route replace ::/0 dev {name} metric {metric}")
        return self.line.v4

    def renumber(self):
        """The provider gives the outer end another address."""
        self.line.renumber(int(self.line.v4.rsplit(".", 1)[1]) + 1)
        if self.boxes:
            self.edge.live_at(self.line.v4)


class Device(Place):
    """What a person's node runs on: `eth0` in the first network, `eth1`, less liked, in the second."""

    def __init__(self, *accesses):
        super().__init__()
        self.addresses = [access.join(self, f"eth{i}", 100 * (i + 1)) for i, access in enumerate(accesses)]

    def renumber(self, device, address):
        """In a network of a router's: the device gets another address there."""
        old = self.addresses[0]
        self.ip(f"addr del {old}/24 dev {device}", f"addr add {address}/24 dev {device}", *self.routes[device])
        self.addresses[0] = address
