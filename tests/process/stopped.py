#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bob's node is stopped, as a laptop is that sleeps or a process in a debugger, and his relay starts again meanwhile: nobody can
tell him that his channel there is gone. What was kept for him is there as soon as he goes on, and not only when he would have
looked after his relay anyway."""
import signal
import sys
import time

from _peer import World, check
from _relay import Relay

KEPT = "for when you are awake"


def main():
    with World() as world:
        config = world.root / "config" / "peerlink"
        config.mkdir(parents=True)
        (config / "node.ini").write_text("[log]\nlevel = info\n")
        relay = Relay(world).up()
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up("--relay", relay.address)
        bob.do("add", alice.do("invite"), "--as", "Alice", "--message", "hello")
        rpc = alice.rpc()
        rpc.call("watch", since=0)
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == "hello")
        rpc.close()
        bob.do("send", "Alice", "so that both have each other's queues", "--wait", "delivered")
        alice.do("send", "Bob", "likewise", "--wait", "delivered")
        bob.node.send_signal(signal.SIGSTOP)
        alice.kill()  # or the message would wait on his socket, from their link
        relay.kill()
        relay.up()
        alice.up()
        alice.do("send", "Bob", KEPT, "--wait", "stored", "--timeout", "120", timeout=180)
        alice.kill()
        went_on = time.monotonic()
        bob.node.send_signal(signal.SIGCONT)
        rpc = bob.rpc()
        rpc.call("watch", since=0)
        rpc.event(lambda e: e["event"] == "message" and e.get("text") == KEPT, seconds=300)
        print(f"  there {(time.monotonic() - went_on) * 1e3:.0f} ms after he went on")
        rpc.close()
        check("going on" in bob.log.read_text(), "he has not noticed")
        bob.down()
        relay.down()


if __name__ == "__main__":
    sys.exit(main())
