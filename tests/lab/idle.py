# SPDX-License-Identifier: MIT
"""What somebody's line carries while nothing is said: a person behind a NAT, with many contacts who are all there."""
import json
import statistics
import time

from _netns import NetPeer
from pair import connected, wait
from person import Lab
from router import Access, Device

MINUTE_S = 60
JUDGED = 3  # the last minutes, whose median counts
MOST_KIB = 12
SETTLED_S = 600


class Counter:
    """Bytes and packets of the router's outer device, with their IP headers: a TUN device has no others."""

    def __init__(self, router):
        self.router, self.before = router, None
        self.before = self.read()

    def read(self):
        said = json.loads(self.router.run("ip", "-json", "-stats", "link", "show", "dev", "wan"))[0]["stats64"]
        return [said[way][what] for way in ("tx", "rx") for what in ("packets", "bytes")]

    def since(self):
        now = self.read()
        came, self.before = [b - a for a, b in zip(self.before, now)], now
        return came


def befriend(alice, lab, space, relay, number):
    """A new person in the crowd who knows Alice."""
    peer = NetPeer(lab, f"P{number}", space)
    lab.peers.append(peer)
    peer.do("init", "--name", peer.name)
    peer.up("--relay", relay.address)
    # A relay makes so many queues of one client at once, then one a second: an invitation may have to wait for its own.
    invited = wait("an invitation", lambda: (done := alice.run("invite")).returncode == 0 and done, SETTLED_S, pause_s=2)
    peer.do("add", invited.stdout.strip(), "--as", "Alice")


def settle(alice, count):
    """Until all are contacts and nothing is under way any more."""
    def done():
        contacts = alice.json("contacts")
        return len(contacts) == count and not any(one.get("request") for one in contacts)

    wait(f"{count} contacts", done, SETTLED_S, pause_s=1)
    wait("all is delivered", lambda: not any(one["undelivered"] for one in alice.json("status")[0]["contacts"]), SETTLED_S, pause_s=1)


def measure(options, say):
    """A row for each minute."""
    with Lab() as lab:
        relay = lab.relay()
        alice = lab.person("Alice", options.network)
        alice.do("init", "--name", "Alice")
        alice.up("--relay", relay.address)
        wait("her relay", lambda: connected(alice))
        crowd = lab.internet.keep(Device(Access(lab.internet, "none")))
        for number in range(options.contacts):
            befriend(alice, lab, crowd, relay, number)
        settle(alice, options.contacts)
        counter, rows = Counter(alice.access.edge), []
        end = time.monotonic()
        for minute in range(options.minutes):
            end += MINUTE_S
            time.sleep(max(0, end - time.monotonic()))
            sent, sent_bytes, got, got_bytes = counter.since()
            paths = [one["path"] for one in alice.json("status")[0]["contacts"]]
            rows.append({"minute": minute + 1, "packets": sent + got, "bytes": sent_bytes + got_bytes,
                         "sent_bytes": sent_bytes, "links": sum(path is not None for path in paths)})
            say(rows[-1])
        return rows


def main(options):
    def say(row):
        if options.json:
            print(json.dumps(row), flush=True)
        else:
            print(f"minute {row['minute']:3}: {row['links']:4} links, {row['packets']:5} packets, "
                  f"{row['bytes'] / 1024:7.1f} KiB, {row['sent_bytes'] / 1024:7.1f} of them sent", flush=True)

    if not options.json:
        print(f"{options.contacts} contacts who are all there, behind {options.network}; nobody says anything", flush=True)
    rows = measure(options, say)
    kib = statistics.median(row["bytes"] for row in rows[-JUDGED:]) / 1024
    if not options.json:
        print(f"the last {JUDGED} minutes: {kib:.1f} KiB a minute (median; under {MOST_KIB} wanted)")
    return 0 if kib < MOST_KIB else 1
