# SPDX-License-Identifier: MIT
"""The lab tests itself: what is measured behind each class of router is what the class is meant to be. Asked are a relay's STUN
and a TCP mirror by ask.py, and coturn's turnutils_natdiscovery where it is."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from net import DELAY_MS
from person import Lab
from relay import PORT
from router import CLASSES, Access, Device

ASK = str(pathlib.Path(__file__).with_name("ask.py"))
TOOL = shutil.which("turnutils_natdiscovery")
EI, AD, APD = "endpoint-independent", "address-dependent", "address-and-port-dependent"

# class: mapping, filtering, whether the port is kept, by how much the next flow's port is higher, mapping of TCP
MEANT = {
    "none": (EI, EI, True, 0, EI),
    "fw": (EI, APD, True, 0, EI),
    "full-cone": (EI, EI, True, 0, EI),
    "addr-restr": (EI, AD, True, 0, EI),
    "port-restr": (EI, APD, True, 0, EI),
    "eim-random": (EI, APD, False, 0, EI),
    "addr-dep": (AD, APD, False, 0, AD),
    "symmetric": (APD, APD, False, 0, APD),
    "symm-seq": (APD, APD, False, 1, APD),
    "cgnat": (EI, APD, False, 0, EI),
    "cgnat-sym": (APD, APD, False, 0, APD),
    "udp-blocked": (None, None, None, None, EI),
}
WITHOUT_NAT = ("none", "fw")


COTURN_WORDS = {"Endpoint Independent": EI, "Address Dependent": AD, "Address and Port Dependent": APD}


class Measured:
    """One class: a device in a network of it, and what was found out there."""

    def __init__(self, internet, name):
        self.name, self.device = name, internet.keep(Device(Access(internet, name)))
        self.told, self.coturn = {}, None

    def ask(self, server):
        here = self.device.addresses[0]
        self.told = json.loads(self.device.run(sys.executable, ASK, here, *server.v4, str(PORT)))
        if TOOL and self.name != "udp-blocked":
            self.coturn = self.ask_coturn(here, server.v4[0])
        return self

    def ask_coturn(self, here, server):
        """Mapping and filtering in coturn's opinion."""
        command = self.device.inside(TOOL, "-m", "-f", "-p", str(PORT), "-L", here, server)
        said = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
        found = {kind: COTURN_WORDS[words] for words, kind in re.findall(
            r"\b(Endpoint Independent|Address Dependent|Address and Port Dependent) (Mapping|Filtering)", said)}
        return [found.get("Mapping"), found.get("Filtering")]

    def wrong(self):
        """What is not as it is meant, in words."""
        told, (mapping, filtering, kept, step, tcp) = self.told, MEANT[self.name]
        if self.name == "udp-blocked":
            meant = {"udp": False, "tcp_mapping": tcp}
        else:
            meant = {"udp": True, "nat": self.name not in WITHOUT_NAT, "mapping": mapping, "filtering": filtering,
                     "port_kept": kept, "step": step, "tcp_mapping": tcp}
        found = [f"{key} is {told.get(key)}, not {value}" for key, value in meant.items() if told.get(key) != value]
        if told.get("rtt_ms", 2 * DELAY_MS) < 2 * DELAY_MS:
            found.append(f"a round trip takes {told['rtt_ms']:.1f} ms")
        # coturn's tool asks its third question of the first address again, so it cannot tell these two mappings apart.
        seen = [APD if mapping == AD else mapping, filtering]
        if self.coturn and self.coturn != seen:
            found.append(f"coturn says {self.coturn}")
        return found

    def words(self):
        told = self.told
        if not told["udp"]:
            return f"no UDP; TCP {told['tcp_mapping']}"
        ports = "kept" if told["port_kept"] else f"next + {told['step']}" if told["step"] else "random"
        judge = "coturn agrees" if self.coturn else "coturn is not here"
        nat = "" if told["nat"] else ", no translation"
        return (f"mapping {told['mapping']}{nat}, filtering {told['filtering']}, port {ports}, TCP {told['tcp_mapping']}, "
                f"{told['rtt_ms']:.1f} ms; {judge}")


def mirror(server):
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *server.inside(sys.executable, ASK, "mirror", str(PORT))],
                               stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def main(options):
    """All classes at once: most of it is waiting."""
    names = options.names or list(CLASSES)
    with Lab() as lab:
        relay = lab.relay()
        mirrored = mirror(relay.server)
        networks = [Measured(lab.internet, name) for name in names]
        with ThreadPoolExecutor(len(networks)) as pool:
            list(pool.map(lambda network: network.ask(relay.server), networks))
        mirrored.kill()
        mirrored.communicate()
    wrong = {network.name: network.wrong() for network in networks}
    for network in networks:
        if options.json:
            print(json.dumps({"class": network.name, **network.told, "coturn": network.coturn, "wrong": wrong[network.name]}))
        else:
            print(f"{network.name:12} {network.words()}")
    for name, what in wrong.items():
        for line in what:
            print(f"WRONG {name}: {line}", file=sys.stderr)
    return 1 if any(wrong.values()) else 0
