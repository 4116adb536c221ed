# SPDX-License-Identifier: MIT
"""tcpdump on the loopback interface, and the UDP datagrams in what it wrote. Needs root."""
import shutil
import struct
import subprocess

from _peer import check

ETHERNET, UDP = 1, 17
IPV4, IPV6 = 0x0800, 0x86DD


def missing():
    """What a capture needs and is not there, or None."""
    return None if shutil.which("tcpdump") else "tcpdump"


class Capture:
    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen(["tcpdump", "-i", "lo", "-s", "0", "-U", "-B", "16384", "-w", str(path), "udp or tcp"],
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        while line and "listening on" not in line:
            line = self.process.stderr.readline()
        check(line, "tcpdump did not start")

    def stop(self):
        """All bytes of the file."""
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stderr.close()
        return self.path.read_bytes()


def packets(data):
    """The link layer's packets of a pcap file."""
    magic = data[:4]
    check(magic in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4"), "not a pcap file")
    order = "<" if magic == b"\xd4\xc3\xb2\xa1" else ">"
    check(struct.unpack_from(order + "I", data, 20)[0] == ETHERNET, "the loopback interface is not captured as Ethernet")
    at = 24
    while at + 16 <= len(data):
        kept, whole = struct.unpack_from(order + "II", data, at + 8)
        check(kept == whole, "a packet was cut off")
        yield data[at + 16:at + 16 + kept]
        at += 16 + kept


def datagrams(data):
    """(source port, target port, payload) of each UDP datagram of a pcap file."""
    for packet in packets(data):
        kind = struct.unpack_from(">H", packet, 12)[0]
        if kind == IPV4 and packet[23] == UDP:
            at = 14 + (packet[14] & 15) * 4
        elif kind == IPV6 and packet[20] == UDP:
            at = 14 + 40
        else:
            continue
        source, target = struct.unpack_from(">HH", packet, at)
        yield source, target, packet[at + 8:]
