# SPDX-License-Identifier: MIT
"""Debian's miniupnpd (nftables) on a router: its clients may ask for ports by UPnP-IGD, NAT-PMP and PCP."""
import itertools
import os
import subprocess

from _peer import check

PROGRAM = "/usr/sbin/miniupnpd"
HTTP_PORT = 5000
NUMBERS = itertools.count(1)


def is_there():
    return os.path.exists(PROGRAM)


class Igd:
    """kinds: "upnp", "pcp" (with NAT-PMP), "v6" (pinholes)."""

    def __init__(self, router, folder, kinds):
        check(is_there(), f"there is no {PROGRAM} (Debian's miniupnpd-nftables)")
        self.router, self.kinds, self.process = router, kinds, None
        self.path = folder / f"igd-{next(NUMBERS)}"

    def config(self):
        # ext_ip: else it looks for an address that it takes for public on the device, and some of ours it does not.
        yes = {True: "yes", False: "no"}
        return "\n".join([
            "ext_ifname=wan", f"ext_ip={self.router.v4}", "listening_ip=lan", f"http_port={HTTP_PORT}",
            f"enable_natpmp={yes['pcp' in self.kinds]}", f"enable_upnp={yes['upnp' in self.kinds]}",
            f"ipv6_disable={yes['v6' not in self.kinds]}", "min_lifetime=30", "max_lifetime=86400", "secure_mode=yes",
            "upnp_table_name=lab", "upnp_nat_table_name=lab", "upnp_forward_chain=igd_forward", "upnp_nat_chain=igd_before",
            "upnp_nat_postrouting_chain=igd_after", "uuid=00000000-0000-4000-8000-000000000001",
            "allow 1024-65535 0.0.0.0/0 1024-65535", "deny 0-65535 0.0.0.0/0 0-65535", ""])

    def restart(self):
        """With the router's outer address of now; what was mapped is gone."""
        self.stop()
        self.path.with_suffix(".conf").write_text(self.config())
        command = ["setpriv", "--pdeathsig", "KILL", *self.router.inside(PROGRAM), "-d", "-f", str(self.path.with_suffix(".conf")),
                   "-P", str(self.path.with_suffix(".pid"))]
        with open(self.path.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def log(self):
        return self.path.with_suffix(".log").read_text(errors="replace")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
