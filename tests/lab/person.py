# SPDX-License-Identifier: MIT
"""People in the lab: each a node in the namespace of a device. A Lab is one internet with all that lives in it."""
import subprocess

from net import Internet
from _netns import NetPeer
from _peer import World
from relay import LabRelay
from router import Access, Device


class Lab(World):
    def __init__(self):
        super().__init__()
        # Waits for this process's end, however it comes, and then removes what __exit__ could not.
        self.broom = subprocess.Popen(["sh", "-c", 'read end; sleep 1; rm -rf "$0"', str(self.root)], stdin=subprocess.PIPE,
                                      start_new_session=True)
        self.internet = Internet(self.root)

    def relay(self, name="relay"):
        return LabRelay(self, self.internet, name).up()

    def person(self, name, *accesses):
        """Somebody in these networks; of a class that is only named, they have one of their own."""
        accesses = [Access(self.internet, access) if isinstance(access, str) else access for access in accesses]
        device = self.internet.keep(Device(*accesses))
        person = NetPeer(self, name, device)
        person.accesses, person.access, person.only_v6 = accesses, accesses[0], False
        self.peers.append(person)
        return person

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            self.internet.close()
            self.broom.kill()
            self.broom.communicate()
