#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a person meets at a terminal: the first start, a passphrase that is asked for and not shown, a conversation, and
what a peer writes doing nothing to the screen."""
import os
import pty
import select
import time

from _peer import PEERLINK, World, befriend, check


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, peer, *args):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PEERLINK, [PEERLINK, "--home", str(peer.home), *args], peer.env)

    def expect(self, words, seconds=60):
        """Reads until the words have come; what came before them."""
        end = time.monotonic() + seconds
        while words not in self.text:
            left = end - time.monotonic()
            check(left > 0 and select.select([self.fd], [], [], left)[0], f"waited for {words!r}, got {self.text!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the other end is closed
                data = b""
            check(data, f"the program ended before {words!r}: {self.text!r}")
            self.text += data.decode(errors="replace")
        before, self.text = self.text.split(words, 1)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Reads to the end; what came, and the exit status."""
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self.text += data.decode(errors="replace")
        os.close(self.fd)
        return self.text, os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def first_start(alice):
    terminal = Terminal(alice)
    terminal.expect("Your name: ")
    terminal.type("Alice\n")
    terminal.expect("none): ")
    terminal.type("secret passphrase\n")
    terminal.expect("Once more: ")
    terminal.type("secret passphrase\n")
    text, status = terminal.end()
    alice.behind = int((alice.home / "lock").read_text())
    check(status == 0 and "ready" in text and "1. peerlink invite" in text, (status, text))
    check("secret" not in text, "the passphrase is on the screen")
    check(alice.json("status")[0]["encrypted"], "not encrypted")
    # Once more: it runs, and says the same steps.
    text, status = Terminal(alice).end()
    check(status == 0 and "2. peerlink add LINK" in text and "ready" not in text, (status, text))


def two_passphrases(world):
    peer = world.peer("Slip")
    terminal = Terminal(peer, "init", "--name", "Slip")
    terminal.expect("none): ")
    terminal.type("one\n")
    terminal.expect("Once more: ")
    terminal.type("another\n")
    text, status = terminal.end()
    check(status == 1 and "different" in text and not peer.home.exists(), (status, text))


def asks_again(alice):
    """With the node down, what reads the store asks for the passphrase."""
    alice.do("down")
    alice.behind = None
    check(alice.run("contacts").returncode == 1, "no terminal, no passphrase")
    terminal = Terminal(alice, "id")
    terminal.expect("Passphrase: ")
    terminal.type("secret passphrase\n")
    text, status = terminal.end()
    check(status == 0 and len(text.strip()) == 44, (status, text))
    terminal = Terminal(alice, "up", "--detach")
    terminal.expect("Passphrase: ")
    terminal.type("wrong\n")
    text, status = terminal.end()
    check(status == 1 and "wrong" in text, (status, text))
    terminal = Terminal(alice, "up", "--detach")
    terminal.expect("Passphrase: ")
    terminal.type("secret passphrase\n")
    text, status = terminal.end()
    check(status == 0 and text.strip().startswith("ready"), (status, text))
    alice.behind = int((alice.home / "lock").read_text())


def talk(alice, bob):
    a = Terminal(alice, "chat", "Bob")
    b = Terminal(bob, "chat", "Alice")
    a.type("hello Bob\n")
    b.expect("Alice: hello Bob")
    b.type("hello Alice, 你好\n")
    a.expect("Bob: hello Alice, 你好")
    alice.do("send", "Bob", "red \x1b[31m and \x07 and \u202e end")
    shown = b.expect(" end")
    rpc = bob.rpc()
    end = time.monotonic() + 60
    while rpc.call("conversations")["conversations"][0]["unread"]:
        check(time.monotonic() < end, "what chat shows is not read")
    rpc.close()
    check("\x1b[31m" not in shown and "\x07" not in shown and "\u202e" not in shown and "␛[31m" in shown, repr(shown))
    b.type("bye\n\x04")
    text, status = b.end()
    check(status == 0, (status, text))
    a.expect("Bob: bye")
    a.type("\x04")
    text, status = a.end()
    check(status == 0, (status, text))
    # Piped in, line by line; the node down: a clear end.
    done = bob.run("chat", "Alice", stdin="one\ntwo\nthree")
    check(done.returncode == 0, done)
    alice.do("send", "Bob", "fence", "--wait", "delivered")
    check([m["text"] for m in bob.json("history", "Alice", "--limit", "4")] == ["one", "two", "three", "fence"], "piped lines")


def removal(bob):
    terminal = Terminal(bob, "remove", "Alice")
    terminal.expect("[y/N] ")
    terminal.type("n\n")
    text, status = terminal.end()
    check(status == 1 and bob.json("contacts"), (status, text))
    terminal = Terminal(bob, "remove", "Alice")
    terminal.expect("[y/N] ")
    terminal.type("y\n")
    text, status = terminal.end()
    check(status == 0 and bob.json("contacts") == [], (status, text))


def main():
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        two_passphrases(world)
        first_start(alice)
        asks_again(alice)
        bob.do("init", "--name", "Bob")
        bob.up()
        befriend(alice, bob)
        talk(alice, bob)
        removal(bob)
        print("a person at a terminal")


main()
