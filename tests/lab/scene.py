# SPDX-License-Identifier: MIT
"""Two people who talk without a pause while something happens to their networks."""
import time

from _netns import Talk
from _peer import check
from pair import acquaint, contact, ms
from person import Lab
from router import Access

STEADY_S = 1.5  # a path that has not changed for so long is the one before the change
STEADY_MOST_S = 6
AGAIN_S = 12  # within which it flows again, on a quiet machine


class Scene:
    def __init__(self, lab, alice, bob, relays):
        self.lab, self.alice, self.bob, self.relays = lab, alice, bob, relays
        self.talk, self.rpcs, self.steps = None, [], []

    @property
    def internet(self):
        return self.lab.internet

    @property
    def accesses(self):
        return [person.access for person in (self.alice, self.bob)]

    def routed(self):
        """The networks that have a router."""
        return [access for access in self.accesses if access.boxes]

    def words(self):
        return [contact(rpc)["path"] for rpc in self.rpcs]

    def acquainted(self):
        acquaint(self.alice, self.bob, *self.relays)
        self.rpcs = [person.rpc() for person in (self.alice, self.bob)]

    def steady(self):
        """The words for the path when it has not changed for a while."""
        words, since = self.words(), time.monotonic()
        end = since + STEADY_MOST_S
        while time.monotonic() < min(since + STEADY_S, end):
            self.talk.healthy()
            time.sleep(0.05)
            now = self.words()
            if now != words:
                words, since = now, time.monotonic()
        return words

    def gap_s(self, since):
        """The longest time without a delivery from then on, of both directions."""
        with self.talk.changed:
            times = [[since, *sorted(at for at in d.came.values() if at >= since)] for d in self.talk.directions]
        return max(b - a for came in times for a, b in zip(came, [*came[1:], time.monotonic()]))

    def step(self, what, change, seconds=AGAIN_S):
        """A change, and then both directions flow again: messages that are sent after it arrive."""
        before, since = self.steady(), time.monotonic()
        change()
        took_s = self.talk.flows(seconds, what)
        after = self.steady()
        self.steps.append({"step": what, "gap_ms": ms(self.gap_s(since)), "again_ms": ms(took_s), "before": before, "after": after})


def silent(*_, **__):
    """What Talk would print; the steps say it."""


def play(make, happen, gap_s=0.05, length=0):
    """Makes a scene (of a lab) and lets it happen. Comes back with the steps; what fails raises."""
    with Lab() as lab:
        scene = make(lab)
        scene.acquainted()
        with Talk(scene.alice, scene.bob, gap_s=gap_s, say=silent, length=length) as scene.talk:
            scene.talk.flows(AGAIN_S, "at the start")
            happen(scene)
            check(scene.steps, "nothing happened")
        sent = sum(len(direction.sent) for direction in scene.talk.directions)
    return scene.steps, sent


def two(a, b, relays=1, second=None, lan=None, **options):
    """Alice in a network of class `a`, and `second` as well; Bob in one of class `b`."""
    def make(lab):
        places = [lab.relay(f"relay-{i}") for i in range(relays)]
        accesses = [Access(lab.internet, a, lan=lan, **options)] + [Access(lab.internet, name) for name in second or ()]
        alice = lab.person("Alice", *accesses)
        return Scene(lab, alice, lab.person("Bob", Access(lab.internet, b, lan=lan, **options)), places)

    return make
