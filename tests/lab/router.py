# SPDX-License-Identifier: MIT
"""Routers, and the way from a person's device into the internet through none, one or two of them: a class of network by name."""
import os
import subprocess
import sys

from nat import SOURCE, ruleset
from net import DELAY_MS, Namespace

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


class Router(Namespace):
    """One box. Its outer device is `wan`, its inner one the bridge `lan`; options are those of nat.ruleset."""

    def __init__(self, kind, lan, **options):
        super().__init__()
        self.kind, self.options, self.lan_prefix, self.clients = kind, options, lan, 1
        self.v4 = None
        self.set(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        self.ip("link add lan type bridge", f"addr add {lan}.1/24 dev lan", "link set lan up")
        for name in ("ip", "ip6"):  # else the bridge hands its own traffic to these rules, and hairpinning breaks
            path = f"net.bridge.bridge-nf-call-{name}tables"
            if os.path.exists("/proc/sys/" + path.replace(".", "/")):
                self.run("sysctl", "-qw", f"{path}=0")
        lifetime_s = options.get("lifetime_s")
        if lifetime_s:
            self.set(net__netfilter__nf_conntrack_udp_timeout=lifetime_s, net__netfilter__nf_conntrack_udp_timeout_stream=lifetime_s)

    def rules(self, **changed):
        """As it is now, with these options changed."""
        self.options.update(changed)
        self.run("nft", "-f", "-", stdin=ruleset(self.kind, self.v4, f"{self.lan_prefix}.0/24", **self.options))

    def live_at(self, address):
        self.v4 = address
        self.rules()

    def join(self, device, name="eth0", isolated=False):
        """The device gets an address here and its default route; comes back with the address."""
        self.clients += 1
        port, address = f"p{self.clients}", f"{self.lan_prefix}.{self.clients}"
        self.ip(f"link add {port} type veth peer name {name} netns {device.pid}", f"link set {port} master lan",
                f"link set {port} up", *([f"link set {port} type bridge_slave isolated on"] if isolated else []))
        device.ip(f"link set {name} up", f"addr add {address}/24 dev {name}", f"route add default via {self.lan_prefix}.1")
        return address

    def forget(self):
        """Every mapping and every flow is gone, as after a power cut."""
        self.rules()
        self.run(sys.executable, "-c", FLUSH)


class Access:
    """A network of a class, with its own line. `boxes` are its routers, the one at home first."""

    def __init__(self, internet, name, lan=None, delay_ms=DELAY_MS, carrier=None, **options):
        self.internet, self.name, self.delay_ms, self.boxes, self.line = internet, name, delay_ms, [], None
        kinds = CLASSES[name]
        number = internet.lines + 1
        if not kinds:
            return
        for place, kind in enumerate(kinds):
            outer = place == len(kinds) - 1
            inner = lan or f"192.168.{number}" if place == 0 else f"100.64.{number}"
            if SOURCE[kind] is None:
                inner = f"93.{number}.9"  # public addresses behind a firewall
            self.boxes.append(internet.keep(Router(kind, inner, **(options if outer else {}))))
        for inner, outer in zip(self.boxes, self.boxes[1:]):
            inner.live_at(outer.join(inner, "wan"))
        self.line = internet.line(self.boxes[-1], "wan", delay_ms)
        self.boxes[-1].live_at(self.line.v4)

    @property
    def home(self):
        return self.boxes[0]

    @property
    def edge(self):
        return self.boxes[-1]

    def join(self, device, name="eth0"):
        """Where the device is now, as it sees itself."""
        if self.boxes:
            return self.home.join(device, name)
        self.line = self.internet.line(device, name, self.delay_ms)
        return self.line.v4


class Device(Namespace):
    """What a person's node runs on."""

    def __init__(self, *accesses):
        super().__init__()
        self.addresses = [access.join(self, f"eth{i}") for i, access in enumerate(accesses)]
