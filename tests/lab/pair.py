# SPDX-License-Identifier: MIT
"""Two people in networks of two classes who know each other only through a relay's link: one run, and what came of it."""
import itertools
import time

from _netns import PATIENCE, Talk
from _peer import check
from person import Lab
from wanted import NONE, wanted

WATCH_S = {NONE: 3}  # how long a direct path is waited for; where none is possible, how long the relay has to stay
WATCH_OTHER_S = 12
LOOK_S = 0.02
TALK_GAP_S = 0.2  # between messages while a path is looked for
DELIVERY_S = 20
UNBLOCKED_S = 0.08
NUMBERS = itertools.count(1)


def wait(what, done, seconds=DELIVERY_S, pause_s=LOOK_S):
    """Looks until done() is true; what it gave. Only what never comes is a failure."""
    end = time.monotonic() + seconds * PATIENCE
    while not (result := done()):
        check(time.monotonic() < end, f"{what}: not within {seconds * PATIENCE:.0f} s")
        time.sleep(pause_s)
    return result


def contact(rpc):
    return rpc.call("status")["contacts"][0]


def is_direct(word):
    return word not in (None, "relay")


def connected(person):
    """Its own relay answers it."""
    return any(relay["connected"] for relay in person.json("status")[0]["relays"])


def acquaint(alice, bob, *relays):
    """By a link through relays, until nothing is under way any more."""
    for person in (alice, bob):
        person.do("init", "--name", person.name)
        person.up(*(word for relay in relays for word in ("--relay", relay.address_for(person))))
    bob.do("add", alice.do("invite"), "--as", "Alice", "--message", "hello")
    wait("the contact", lambda: alice.json("contacts"))
    for sender, receiver in ((bob, "Alice"), (alice, "Bob")):
        sent = sender.json("send", receiver, "welcome", "--wait", "delivered", "--timeout", "60", timeout=90)[0]
        check(sent["state"] in ("delivered", "read"), sent)


def cool_down(alice, bob):
    """No link, and all they have of each other is on their disks. Nodes call their contacts once when they start, so each is
    blocked meanwhile: nothing else keeps two who are both there from a link, but ten minutes without a word."""
    for person, other in ((alice, "Bob"), (bob, "Alice")):
        person.do("block", other)
        person.down()
    for person in (alice, bob):
        person.up()
    for person in (alice, bob):
        wait("the relay", lambda person=person: connected(person))


def first_message(alice, bob):
    """From before Bob's `send` to when Alice's node has it on disk; and callers that watch both."""
    hears, asks, tells = alice.rpc(), alice.rpc(), bob.rpc()
    hears.call("watch")
    text = f"first {next(NUMBERS)}"
    asks.call("unblock", contact="Bob")
    time.sleep(UNBLOCKED_S)  # her relay has to know it before his call comes
    check([contact(rpc)["path"] for rpc in (asks, tells)] == [None, None], "there is a link already")
    start = time.monotonic()
    tells.call("unblock", contact="Alice")  # begins the call at once
    tells.call("send", contact="Alice", text=text)
    hears.event(lambda event: event["event"] == "message" and event["text"] == text, seconds=DELIVERY_S * PATIENCE)
    first = time.monotonic() - start
    hears.close()
    return start, first, (asks, tells)


class Paths:
    """Both nodes' words for the path between them, looked at again and again."""

    def __init__(self, rpcs, start):
        self.rpcs, self.start, self.up_s, self.direct_s, self.words, self.seen = rpcs, start, None, None, [None, None], []

    def look(self):
        self.words = [contact(rpc)["path"] for rpc in self.rpcs]
        now = time.monotonic() - self.start
        if self.up_s is None and all(self.words):
            self.up_s = now
        if not self.seen or self.seen[-1][1:] != self.words:
            self.seen.append([round(now * 1000), *self.words])
        is_there = all(is_direct(word) for word in self.words)
        if not is_there:
            self.direct_s = None  # one that does not last is none
        elif self.direct_s is None:
            self.direct_s = now
        return is_there

    def watch(self, talk, seconds):
        """Until both are direct and have stayed so for a second, or until the time is over."""
        end = self.start + seconds
        while time.monotonic() < end:
            talk.healthy()
            if self.look() and time.monotonic() - self.start > self.direct_s + 1:
                return
            time.sleep(LOOK_S)


def ms(seconds):
    return None if seconds is None else round(seconds * 1000, 1)


def run(a, b, watch_s=None, why=False):
    """One run with fresh networks and people. Bob, in `b`, writes first. What fails is in `failure`. why: asks both nodes why the
    path is the one it is."""
    result = {"a": a, "b": b, "wanted": wanted(a, b), "failure": None}
    try:
        with Lab() as lab:
            relay = lab.relay()
            alice, bob = lab.person("Alice", a), lab.person("Bob", b)
            acquaint(alice, bob, relay)
            cool_down(alice, bob)
            start, first_s, rpcs = first_message(alice, bob)
            result.update(first_ms=ms(first_s))
            paths = Paths(rpcs, start)
            with Talk(alice, bob, gap_s=TALK_GAP_S) as talk:
                paths.watch(talk, watch_s or WATCH_S.get(result["wanted"], WATCH_OTHER_S))
            if why:
                result["why"] = [alice.do("why", "Bob"), bob.do("why", "Alice")]
            result.update(up_ms=ms(paths.up_s), direct_ms=ms(paths.direct_s), path=paths.words, seen=paths.seen)
    except (AssertionError, OSError, TimeoutError) as error:
        result["failure"] = str(error)[:2000] or type(error).__name__
    return result
