# SPDX-License-Identifier: MIT
"""What happens to networks while two people talk: each event must lose, double and reorder nothing."""
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from nat64 import PROGRAM as TAYGA, Nat64
from pairs import chosen
from router import Access
from scene import Scene, play, two

HOMES = ("port-restr", "port-restr")
# In CI an event happens between one of these, chosen by the commit.
PAIRS = (HOMES, ("none", "port-restr"), ("fw", "fw"), ("full-cone", "symmetric"), ("cgnat", "eim-random"), ("symm-seq", "addr-restr"))
EVENTS = {}
SLOW_S = 60  # an event that takes longer happens only when it is named, or with --all


class Event:
    def __init__(self, name, words, happen, make=None, slow=False, needs=None, length=0):
        self.name, self.words, self.happen, self.make, self.slow, self.needs = name, words, happen, make, slow, needs
        # needs: a program, without which it is left out. length: of what they say to each other.
        self.length = length

    def scene(self, pair):
        return self.make(*pair) if self.make else two(*pair)


def event(name, words, make=None, **options):
    """Registers what happens; `make` gives the scene for a pair of classes (or for none, if the event has its own)."""
    def register(happen):
        EVENTS[name] = Event(name, words, happen, make, **options)
        return happen

    return register


# ---- lines and routers --------------------------------------------------------------------------------------------------


def line_out(scene, seconds):
    def out():
        scene.alice.access.line.cut()
        time.sleep(seconds)  # not a wait for something: so long it is out
        scene.alice.access.line.mend()

    scene.step(f"Alice's line is out for {seconds} s", out, 20)


event("line-1s", "the line is out for 1 s")(lambda scene: line_out(scene, 1))
event("line-10s", "the line is out for 10 s")(lambda scene: line_out(scene, 10))
event("line-10min", "the line is out for 10 minutes", slow=True)(lambda scene: line_out(scene, 600))


@event("cable", "the device's own cable is out for 3 s")
def cable(scene):
    def out():
        scene.alice.space.down("eth0")
        time.sleep(3)
        scene.alice.space.up("eth0")

    scene.step("Alice's cable is out for 3 s", out)


@event("nat-flushed", "routers forget all mappings")
def nat_flushed(scene):
    for access in scene.routed():
        for box in reversed(access.boxes):
            scene.step(f"a {box.kind} router forgets", box.forget)


@event("nat-rebooted", "the router at home is off for 5 s and forgets all")
def nat_rebooted(scene):
    for access in scene.routed():
        def reboot(box=access.home):
            box.switch_off()
            time.sleep(5)
            box.switch_on()

        scene.step(f"a {access.home.kind} router starts again", reboot)


@event("wan-renumbered", "the provider gives another outer address")
def wan_renumbered(scene):
    for access in scene.accesses:
        scene.step(f"a {access.name} network has another address outside", access.renumber)


@event("client-renumbered", "the device gets another address in its network")
def client_renumbered(scene):
    person = next((person for person in (scene.alice, scene.bob) if person.access.boxes), None)
    if person is None:
        scene.step("another address", scene.alice.access.renumber)
    else:
        address = person.access.home.lan_prefix + ".77"
        scene.step("another address at home", lambda: person.space.renumber("eth0", address))


# ---- roaming ------------------------------------------------------------------------------------------------------------


def walk(person, there, here, overlap):
    """From one network into the other, both at once for a while or none at all."""
    if overlap:
        person.space.up(there)
        time.sleep(3)
        person.space.down(here)
    else:
        person.space.down(here)
        time.sleep(1)
        person.space.up(there)


def with_mobile(a, b):
    return two(a, b, second=("cgnat",))


def roam(scene, overlap):
    how = "with both for a while" if overlap else "with none for a while"
    scene.alice.space.down("eth1")
    scene.step(f"from Wi-Fi to mobile, {how}", lambda: walk(scene.alice, "eth1", "eth0", overlap), 15)
    scene.step(f"and back, {how}", lambda: walk(scene.alice, "eth0", "eth1", overlap), 15)


event("roam", "from Wi-Fi to mobile and back, with a gap", with_mobile)(lambda scene: roam(scene, False))
event("roam-overlap", "from Wi-Fi to mobile and back, with both for a while", with_mobile)(lambda scene: roam(scene, True))


def both_mobile(a, b):
    def make(lab):
        place = lab.relay()
        people = [lab.person(name, Access(lab.internet, home), Access(lab.internet, "cgnat"))
                  for name, home in (("Alice", a), ("Bob", b))]
        return Scene(lab, *people, [place])

    return make


@event("both-roam", "both go from Wi-Fi to mobile at once, and back", both_mobile)
def both_roam(scene):
    def both(there, here):
        threads = [threading.Thread(target=walk, args=(person, there, here, False)) for person in (scene.alice, scene.bob)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for person in (scene.alice, scene.bob):
        person.space.down("eth1")
    scene.step("both go from Wi-Fi to mobile", lambda: both("eth1", "eth0"), 20)
    scene.step("and back", lambda: both("eth0", "eth1"), 20)


# ---- relays -------------------------------------------------------------------------------------------------------------


@event("relay-restarted", "the relay ends and starts again")
def relay_restarted(scene):
    def again():
        scene.relays[0].down()
        scene.relays[0].up()

    scene.step("the relay starts again", again, 20)


@event("relay-dead", "one of two relays dies, and is there again", lambda a, b: two(a, b, relays=2))
def relay_dead(scene):
    for relay in scene.relays:
        scene.step(f"{relay.name} dies", relay.kill, 20)
        scene.step(f"{relay.name} is there again", relay.up, 20)


# ---- what a path does ---------------------------------------------------------------------------------------------------


def ruled(scene, what, *rules, seconds=15):
    scene.step(what, lambda: scene.internet.rules(*rules), seconds)


@event("udp-off", "UDP is switched off in mid-session, and on again")
def udp_off(scene):
    ruled(scene, "no UDP any more", *scene.alice.access.line.both_ways("meta l4proto udp drop"))
    ruled(scene, "UDP again")


@event("black-hole", "packets over 1280 bytes vanish without a word")
def black_hole(scene):
    ruled(scene, "MTU 1280, nobody is told", *scene.alice.access.line.both_ways("meta length > 1280 drop"))
    ruled(scene, "MTU 1500 again")


@event("mtu-1280-icmp-blocked", "the way's MTU becomes 1280 and no ICMP says so, while much is said", length=8000)
def mtu_1280(scene):
    time.sleep(2)  # so that they know that packets of 1500 bytes pass
    black_hole(scene)


def loss(scene, percent):
    dropped = f"numgen random mod 10000 < {percent * 100} drop"
    ruled(scene, f"{percent} % are lost each way", *scene.alice.access.line.both_ways(dropped))
    ruled(scene, "and none any more")


event("loss-5", "one packet in twenty is lost")(lambda scene: loss(scene, 5))
event("loss-20", "one packet in five is lost")(lambda scene: loss(scene, 20))


# ---- places -------------------------------------------------------------------------------------------------------------


def stays(scene, seconds=8):
    scene.step(f"nothing happens for {seconds} s", lambda: time.sleep(seconds))


event("same-subnet", "two homes with the same subnet, and the same address of the device",
      lambda a, b: two(a, b, lan="192.168.1"))(stays)
event("v6", "IPv6 beside IPv4, behind firewalls", lambda a, b: two(a, b, v6=True))(stays)


def one_without_v4(a, b):
    """Alice has IPv6 alone, Bob IPv4 alone; the relay has both."""
    def make(lab):
        place = lab.relay()
        alice = lab.person("Alice", Access(lab.internet, "fw" if a.startswith("cgnat") else a, v6=True))
        alice.space.run("ip", "-4", "addr", "flush", "dev", "eth0")
        alice.only_v6 = True
        return Scene(lab, alice, lab.person("Bob", Access(lab.internet, b)), [place])

    return make


event("v6-only", "one has IPv6 alone, the other IPv4 alone", one_without_v4)(stays)
def behind_nat64(a, b):
    """Alice has IPv6 alone, and her router translates; Bob and the relay are known by IPv4 alone."""
    def make(lab):
        home = a if a in ("full-cone", "addr-restr", "port-restr", "eim-random", "symmetric", "symm-seq") else "port-restr"
        place = lab.relay()
        alice = lab.person("Alice", Access(lab.internet, home, v6=True))
        alice.resolv = lab.internet.keep(Nat64(alice.access.edge, lab.internet.folder)).resolv()
        alice.space.run("ip", "-4", "addr", "flush", "dev", "eth0")
        return Scene(lab, alice, lab.person("Bob", Access(lab.internet, b)), [place])

    return make


event("nat64", "one has IPv6 alone and a router that translates, relay and other have IPv4 alone", behind_nat64,
      needs=TAYGA)(stays)
event("lifetime-12s", "a router that forgets UDP after 12 s", lambda a, b: two(a, b, lifetime_s=12))(stays)


def one_home(a, _):
    """Both behind the router of one home, which does not hairpin."""
    def make(lab):
        place, home = lab.relay(), Access(lab.internet, a if a != "none" else "port-restr")
        return Scene(lab, lab.person("Alice", home), lab.person("Bob", home), [place])

    return make


event("one-home", "two devices behind one router without hairpinning", one_home)(stays)


def one_carrier(isolated):
    def places(_a, _b):
        def make(lab):
            place, first = lab.relay(), Access(lab.internet, "cgnat", isolated=isolated)
            second = Access(lab.internet, "cgnat", carrier=first, isolated=isolated)
            return Scene(lab, lab.person("Alice", first), lab.person("Bob", second), [place])

        return make

    return places


event("one-carrier", "two subscribers of one carrier", one_carrier(False))(stays)
event("one-carrier-apart", "two subscribers whom their carrier keeps apart", one_carrier(True))(stays)

for answer in ("accept", "reject"):
    event(f"strangers-{answer}", f"routers that {answer} what strangers send to them",
          lambda a, b, answer=answer: two(a, b, strangers=answer))(stays)


# ---- the command --------------------------------------------------------------------------------------------------------


def run(name, pair):
    result = {"event": name, "a": pair[0], "b": pair[1], "failure": None}
    try:
        result["steps"], result["sent"] = play(EVENTS[name].scene(pair), EVENTS[name].happen, length=EVENTS[name].length)
    except (AssertionError, OSError, TimeoutError) as error:
        result["failure"] = str(error)[:3000] or type(error).__name__
    return result


def tell(result, as_json):
    if as_json:
        print(json.dumps(result), flush=True)
        return
    title = f"{result['event']} ({result['a']} - {result['b']})"
    if result["failure"]:
        print(f"{title}: FAILED: {result['failure']}", flush=True)
        return
    lines = [f"{title}: {result['sent']} messages, nothing lost, doubled or reordered"]
    for step in result["steps"]:
        before, after = ("/".join(str(word) for word in dict.fromkeys(step[key])) for key in ("before", "after"))
        lines.append(f"    {step['step']}: gap {step['gap_ms']:.0f} ms, flowing {step['again_ms']:.0f} ms after it, "
                     f"{before} -> {after}")
    print("\n".join(lines), flush=True)


def main(options):
    names = list(options.names) or [name for name, one in EVENTS.items() if options.all or not one.slow]
    for name in [name for name in names if EVENTS[name].needs and not os.path.exists(EVENTS[name].needs)]:
        print(f"left out: {name}, there is no {EVENTS[name].needs}", file=sys.stderr)
        names.remove(name)
    pairs = [tuple(options.pair)] if options.pair else [HOMES]
    cases = [(name, pair) for name in names for pair in (PAIRS if options.some else pairs)]
    cases = chosen(options, cases, "events, each between one pair of networks")

    def one(case):
        result = run(*case)
        tell(result, options.json)
        return result

    with ThreadPoolExecutor(options.jobs) as pool:
        failed = sum(result["failure"] is not None for result in pool.map(one, cases))
    print(f"{len(cases)} events, {failed} failed", file=sys.stderr)
    return 1 if failed else 0
