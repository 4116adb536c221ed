# SPDX-License-Identifier: MIT
"""A relay in the lab's internet, on two addresses, so that its STUN can tell all that RFC 5780 knows."""
from net import Server  # first: it knows where the tests on processes are
from _relay import Relay

PORT = 7447


class LabRelay(Relay):
    def __init__(self, world, internet, name="relay"):
        self.server: Server = internet.server()
        super().__init__(world, name, "--public", self.server.v4[0])

    def address_for(self, person):
        """Its first address, of a family that the person has."""
        return self.address.replace(self.server.v4[0], f"[{self.server.v6[0]}]") if person.only_v6 else self.address

    def listen(self):
        return [word for ip in self.server.v4 + [f"[{ip}]" for ip in self.server.v6] for word in ("--listen", f"{ip}:{PORT}")]

    def command(self):
        return ["setpriv", "--pdeathsig", "KILL", *self.server.inside(*super().command())]
