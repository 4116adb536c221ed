# SPDX-License-Identifier: MIT
"""Real networks for the tests on real processes: Linux network namespaces around one router, with nftables on it.

    host 0 ── 11.0.K.2/24, 2a01:0:K::2/64 ──┐
    host 1 ── 11.1.K.2/24, 2a01:1:K::2/64 ──┤ router (11.I.K.1, 2a01:I:K::1), rules in its forward chain
    host 2 ── ...                         ──┘

K is the subnet that a host is in at present, 0 to 3. The addresses are public ones, for a node believes private addresses of
others only on a prefix of its own; nothing of this leaves the namespaces.

A namespace has no name: a process that waits for the end of this one holds it, and with that process it is gone, and with
it the interfaces, however the test ends.
"""
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time

from _peer import Peer, World, check

SUBNETS = 4
NUMBERS = itertools.count()  # of messages: no two texts of a test are the same


def need_root():
    """Ends with 77 (skipped) and the reason where there are no namespaces to be had."""
    if os.geteuid() != 0:
        skip("network namespaces need root")
    for tool in ("unshare", "nsenter", "setpriv", "ip", "ss", "nft"):
        if not shutil.which(tool):
            skip(f"there is no program {tool}")
    tried = subprocess.run(["unshare", "--net", "nft", "add table inet plk"], capture_output=True, text=True)
    if tried.returncode != 0:
        skip(f"no namespace with nftables: {tried.stderr.strip()}")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


PATIENCE = float(os.environ.get("PLK_PATIENCE", "15"))  # 1 on a quiet machine holds the promised times

class Namespace:
    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; read end"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()  # it is there
        self.pid = self.holder.pid
        self.ip("link set lo up")

    def inside(self, *command):
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *command]

    def run(self, *command, stdin=""):
        done = subprocess.run(self.inside(*command), input=stdin, text=True, capture_output=True)
        check(done.returncode == 0, f"{' '.join(command)}: {stdin[:1000]} {done.stderr[-1000:]}")
        return done.stdout

    def ip(self, *lines):
        """Commands of ip, all in one process."""
        self.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")

    def set(self, **options):
        for name, value in options.items():
            self.run("sysctl", "-qw", f"{name.replace('__', '.')}={value}")

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


class Host(Namespace):
    def __init__(self, router, number):
        super().__init__()
        self.router, self.number, self.port = router, number, f"h{number}"
        router.ip(f"link add {self.port} type veth peer name eth0 netns {self.pid}",
                  *(f"addr add 11.{number}.{k}.1/24 dev {self.port}" for k in range(SUBNETS)),
                  *(f"addr add 2a01:{number}:{k}::1/64 dev {self.port} nodad" for k in range(SUBNETS)),
                  f"link set {self.port} up")
        self.addresses = []
        self.move(0)

    def v4(self, subnet, last=2):
        return f"11.{self.number}.{subnet}.{last}"

    def v6(self, subnet, last=2):
        return f"2a01:{self.number}:{subnet}::{last}"

    def commands(self, subnet, v4=True, v6=True, last=2):
        """What gives the host these addresses in place of those it has."""
        lines = [f"addr del {a} dev eth0" for a in self.addresses] + ["link set eth0 up"]
        self.addresses = []
        if v4:
            self.addresses.append(f"{self.v4(subnet, last)}/24")
            lines += [f"addr add {self.addresses[-1]} dev eth0",
                      f"route replace default via 11.{self.number}.{subnet}.1"]
        if v6:
            self.addresses.append(f"{self.v6(subnet, last)}/64")
            lines += [f"addr add {self.addresses[-1]} dev eth0 nodad",
                      f"route replace default via 2a01:{self.number}:{subnet}::1 dev eth0"]
        return lines

    def move(self, subnet, **families):
        self.ip(*self.commands(subnet, **families))

    def unplug(self):
        self.ip("link set eth0 down")
        self.addresses = [a for a in self.addresses if ":" not in a]  # the system drops the others


class Net:
    """A router and hosts around it."""

    def __init__(self, hosts=2):
        self.spaces = []
        try:
            self.router = self.keep(Namespace())
            self.router.set(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
            self.hosts = [self.keep(Host(self.router, i)) for i in range(hosts)]
            self.rules()
        except BaseException:
            self.close()
            raise

    def keep(self, space):
        self.spaces.append(space)
        return space

    def rules(self, *lines):
        """What the router does with what it forwards, in place of what it did; nothing: it forwards all."""
        chain = "".join(f"    {line}\n" for line in lines)
        self.router.run("nft", "-f", "-", stdin="table inet plk\ndelete table inet plk\ntable inet plk {\n"
                        f"  chain forward {{\n    type filter hook forward priority 0;\n{chain}  }}\n}}\n")

    def close(self):
        while self.spaces:
            self.spaces.pop().close()


class NetPeer(Peer):
    """A person whose node lives in a namespace. Commands reach it through its Unix socket, from wherever."""

    def __init__(self, world, name, space, **options):
        super().__init__(world, name, **options)
        self.space, self.resolv = space, None  # resolv: a file in the place of /etc/resolv.conf

    def up(self, *args):
        program = [self.program]
        if self.resolv:
            program = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(self.resolv),
                       self.program]
        command = ["setpriv", "--pdeathsig", "KILL", *self.space.inside(*program), "--home", str(self.home), "--json",
                   "up", *args]
        with open(self.log, "ab") as log:
            self.node = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=log, start_new_session=True)
        line = self.node.stdout.readline()
        check(line, f"{self.name}'s node did not start: {self.log.read_text(errors='replace')[-2000:]}")
        return self

    def cpu_s(self):
        """Seconds of processor time that the node has had."""
        with open(f"/proc/{self.node.pid}/stat", encoding="ascii") as line:
            user, system = line.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def files(self):
        """How many descriptors the node holds."""
        return len(os.listdir(f"/proc/{self.node.pid}/fd"))

    def port(self):
        """Where its node listens: one number for UDP and TCP of both families."""
        told = self.space.run("ss", "-Hltn").split("\n")
        return int(told[0].split()[3].rsplit(":", 1)[1])

    def rss_kib(self):
        with open(f"/proc/{self.node.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


class NetWorld(World):
    """Alice on host 0 and Bob on host 1 know each other; further hosts are strangers'."""

    def __init__(self, hosts=2):
        need_root()
        super().__init__()
        self.net = Net(hosts)
        self.alice, self.bob = (self.person(name, self.net.hosts[i]) for i, name in enumerate(("Alice", "Bob")))

    def person(self, name, space):
        peer = NetPeer(self, name, space)
        self.peers.append(peer)
        return peer

    def start(self, *args):
        for peer in (self.alice, self.bob):
            peer.do("init", "--name", peer.name)
            peer.up(*args)

    def __exit__(self, *error):
        super().__exit__(*error)
        self.net.close()


# ---- traffic ----------------------------------------------------------------------------------------------------------


class Direction:
    """What one says to the other: every text, when it was sent and when it was there."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver
        self.sent, self.came = [], {}  # (text, time), text -> time


class Talk:
    """Both talk all the time, a message each GAP_S in each direction, until the end of the block. Then everything must have
    arrived once and in order."""

    GAP_S = 0.05

    def __init__(self, alice, bob, gap_s=GAP_S, say=print, length=0):
        self.say, self.length = say, length  # length: characters of a message, at least
        self.directions = [Direction(alice, bob), Direction(bob, alice)]
        self.gap_s = gap_s
        self.changed = threading.Condition()
        self.stop = threading.Event()
        self.errors = []
        self.threads = []

    def __enter__(self):
        for direction in self.directions:
            for work in (self.listen, self.speak):
                ready = threading.Event()
                thread = threading.Thread(target=self.guarded, args=(work, direction, ready), daemon=True)
                self.threads.append(thread)
                thread.start()
                while not ready.wait(0.2):
                    self.healthy()
        return self

    def __exit__(self, kind, error, trace):
        self.stop.set()
        with self.changed:
            self.changed.notify_all()
        if kind is None:
            self.finish()

    def guarded(self, work, direction, ready):
        try:
            work(direction, ready)
        except Exception as error:
            with self.changed:
                self.errors.append(error)
                self.changed.notify_all()

    def healthy(self):
        if self.errors and not self.stop.is_set():
            raise self.errors[0]

    def listen(self, direction, ready):
        rpc = direction.receiver.rpc()
        rpc.call("watch")
        ready.set()
        while True:
            event = rpc.event(seconds=3600)
            with self.changed:
                if event["event"] == "message" and event["direction"] == "in":
                    direction.came.setdefault(event["text"], time.monotonic())
                self.changed.notify_all()

    def speak(self, direction, ready):
        rpc = direction.sender.rpc()
        ready.set()
        while not self.stop.wait(self.gap_s):
            text = f"{direction.sender.name} {next(NUMBERS):06d}".ljust(self.length, ".")
            with self.changed:
                direction.sent.append((text, time.monotonic()))
            rpc.call("send", contact=direction.receiver.name, text=text)
        rpc.close()

    def wait(self, done, seconds, what):
        """Until done() is true, looked at whenever something happens. How long it took. A machine that is busy with other
        things gets PATIENCE times as long: the time is told, only what never comes is a failure."""
        seconds *= PATIENCE
        start = time.monotonic()
        with self.changed:
            while not done():
                self.healthy()
                left = start + seconds - time.monotonic()
                check(left > 0, f"{what}: not within {seconds} s; {self.state()}")
                self.changed.wait(min(left, 0.25))
        return time.monotonic() - start

    def state(self):
        told = []
        for direction in self.directions:
            contact = direction.sender.json("status")[0]["contacts"][0]
            told.append({k: contact[k] for k in ("name", "online", "path", "path_transport", "undelivered", "rtt_ms")})
            told.append(direction.sender.json("why", direction.receiver.name)[0].get("ways"))
        return told

    def flows(self, seconds, what):
        """Messages that are sent from now on arrive, in both directions, within so many seconds of their sending."""
        since = time.monotonic()

        def fresh(direction):
            return any(at >= since and text in direction.came for text, at in direction.sent[-400:])

        took = self.wait(lambda: all(fresh(d) for d in self.directions), seconds, what)
        self.say(f"  {what}: flowing after {took * 1000:.0f} ms", flush=True)
        return took

    def goes_over(self, transport, seconds, what):
        """The path of both is of this transport."""
        took = self.wait(lambda: all(transport_of(d.sender) == transport for d in self.directions), seconds, what)
        self.say(f"  {what}: over {transport} after {took * 1000:.0f} ms", flush=True)
        return took

    def runs(self, seconds, what):
        """Goes on for so long; the median of the seconds from sending to arrival, of what was sent then."""
        since = time.monotonic()
        check(not self.stop.wait(seconds), what)
        self.healthy()
        took = self.latencies(since)
        check(took, f"{what}: nothing arrived in {seconds} s")
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        self.say(f"  {what}: {len(took)} messages, p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms", flush=True)
        return p50

    def latencies(self, since=0.0):
        """Seconds from sending to arrival, sorted, of what was sent since then."""
        return sorted(d.came[text] - at for d in self.directions for text, at in d.sent if at >= since and text in d.came)

    def finish(self):
        for thread in self.threads[1::2]:
            thread.join(60)
        self.wait(lambda: all(len(d.came) >= len(d.sent) for d in self.directions), 60, "the rest arrives")
        for direction in self.directions:
            compare(direction.sender, direction.receiver, [text for text, _ in direction.sent])


def transport_of(peer):
    return peer.json("status")[0]["contacts"][0]["path_transport"]


def compare(sender, receiver, sent):
    """Each message once, in order, nothing missing, on both sides."""
    for peer, contact, direction in ((sender, receiver, "out"), (receiver, sender, "in")):
        told = set(sent)
        texts = [m["text"] for m in peer.history(contact.name) if m["direction"] == direction and m["text"] in told]
        apart = next((pair for pair in zip(texts, sent) if pair[0] != pair[1]), None)
        check(texts == sent, f"{peer.name}'s history ({direction}): {len(texts)} of {len(sent)}; it parts at {apart}")
