# SPDX-License-Identifier: MIT
"""A router that gives its network IPv6 alone and translates (RFC 6146): Debian's tayga in front of the router's own NAT, and a name
server that knows one name, by which clients learn the prefix (RFC 7050)."""
import ipaddress
import os
import socket
import subprocess
import sys

PROGRAM = "/usr/sbin/tayga"
NAME = b"\x08ipv4only\x04arpa\x00"
POOL = "10.64.64"


class Nat64:
    def __init__(self, router, folder):
        self.prefix = router.v6_prefix.rsplit(":", 1)[0] + ":64::"
        self.server = router.v6_prefix + "::1"
        self.folder = folder / f"nat64-{router.pid}"
        self.folder.mkdir()
        config = self.folder / "conf"
        config.write_text(f"tun-device nat64\nipv4-addr {POOL}.1\nprefix {self.prefix}/96\ndynamic-pool {POOL}.0/24\n"
                          f"data-dir {self.folder}\n")
        router.run(PROGRAM, "-c", str(config), "--mktun")
        router.ip("link set nat64 up", f"route add {POOL}.0/24 dev nat64", f"route add {self.prefix}/96 dev nat64")
        log = open(self.folder / "log", "ab")
        self.processes = [subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *router.inside(*command)], stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log, start_new_session=True)
                          for command in ([PROGRAM, "-d", "-c", str(config)],
                                          [sys.executable, __file__, self.server, self.prefix])]
        log.close()

    def resolv(self):
        """A file that makes this router's name server a device's."""
        path = self.folder / "resolv.conf"
        path.write_text(f"nameserver {self.server}\noptions timeout:1 attempts:3\n")
        return path

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


def answer(question, prefix):
    """One AAAA of the one name; of everything else there is nothing."""
    asked, kind = question[12:12 + len(NAME)], question[12 + len(NAME):16 + len(NAME)]
    found = asked.lower() == NAME and kind == b"\x00\x1c\x00\x01"
    head = question[:2] + b"\x85\x80\x00\x01" + (b"\x00\x01" if found else b"\x00\x00") + bytes(4)
    end = question.index(b"\0", 12) + 5
    if not found:
        return head + question[12:end]
    address = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(ipaddress.IPv4Address("192.0.0.170")))
    return head + question[12:end] + b"\xc0\x0c" + kind + b"\x00\x00\x00\x3c\x00\x10" + address.packed


def main():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind((sys.argv[1], 53))
        while True:
            question, whom = sock.recvfrom(512)
            sock.sendto(answer(question, sys.argv[2]), whom)


if __name__ == "__main__":
    main()
