#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example bot answers each message exactly once while it is killed at random moments, and its node now and then."""
import os
import pathlib
import random
import subprocess
import sys

from _peer import World, befriend, check

BOT = pathlib.Path(__file__).resolve().parents[2] / "examples/echo_bot.py"
MESSAGES = int(os.environ.get("PLK_MESSAGES", "120"))
SEED = int(os.environ.get("PLK_SEED", str(random.randrange(1 << 32))))


class Bot:
    def __init__(self, peer, state):
        self.command = [sys.executable, str(BOT), "--state", str(state), "--socket", peer.socket()]
        self.process = None
        self.kills = 0

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        check(self.process.stdout.readline() == b"ready\n", "the bot did not start")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.kills += 1


def main():
    print(f"seed {SEED}", flush=True)
    dice = random.Random(SEED)
    with World() as world:
        alice, bot_peer = world.peer("Alice"), world.peer("Echo")
        for peer in (alice, bot_peer):
            peer.do("init", "--name", peer.name)
            peer.up()
        befriend(bot_peer, alice)
        bot = Bot(bot_peer, world.root / "bot-state")
        bot.start()
        rpc = alice.rpc()
        rpc.call("watch")
        echoes = []
        try:
            for i in range(MESSAGES):
                rpc.call("send", contact="Echo", text=f"message {i}")
                roll = dice.random()
                if roll < 0.25:
                    # At some moment of its work: after so many of its answers have come.
                    for _ in range(dice.randrange(3)):
                        if len(echoes) < i:
                            echoes.append(rpc.event(lambda e: e["event"] == "message" and e["direction"] == "in")["text"])
                    bot.kill()
                    if roll < 0.03:
                        bot_peer.kill()
                        bot_peer.up()
                    bot.start()
            while len(echoes) < MESSAGES:
                echoes.append(rpc.event(lambda e: e["event"] == "message" and e["direction"] == "in")["text"])
            # One more round trip: an echo too many would come before it.
            rpc.call("send", contact="Echo", text="fence")
            last = rpc.event(lambda e: e["event"] == "message" and e["direction"] == "in")["text"]
        finally:
            bot.kill()
            rpc.close()
        check(last == "fence", f"one too many: {last}")
        check(echoes == [f"message {i}" for i in range(MESSAGES)], f"echoes: {echoes}")
        alice.down()
        bot_peer.down()
        print(f"{MESSAGES} messages, each answered once; the bot was killed {bot.kills} times")


main()
