#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A lost machine: from backup and words a profile comes back on another one, under another passphrase, and goes on talking
to everybody. Words are read from a file, from standard input, and as people write them down."""
import shutil

from _peer import World, befriend, check


def main():
    with World() as world:
        alice, bob, carol = (world.peer(name) for name in ("Alice", "Bob", "Carol"))
        for peer in (alice, bob, carol):
            peer.do("init", "--name", peer.name)
            peer.up()
        befriend(alice, bob)
        befriend(carol, alice)
        bob.do("send", "Alice", "before", "--wait", "delivered")
        alice.do("safety", "Bob", "--verified")
        backup, words = world.root / "alice.backup", world.root / "alice.words"
        alice.do("backup", str(backup))
        words.write_text(alice.do("words"))
        check(backup.stat().st_mode & 0o077 == 0, "others can read the backup")
        check(b"Bob" not in backup.read_bytes() and b"Alice" not in backup.read_bytes(), "a name in the backup")
        identity, safety = alice.do("id"), alice.do("safety", "Bob")
        alice.kill()
        shutil.rmtree(alice.home)
        bob.do("send", "Alice", "while lost")

        secret = world.root / "passphrase"
        secret.write_text("another one\n")
        again = world.peer("Alice", passphrase_file=secret)
        # As people write it: numbered, capitals, lines.
        written = "\n".join(f"{i}. {word.capitalize()}" for i, word in enumerate(words.read_text().split(), 1))
        check(again.do("restore", str(backup), stdin=written) == identity, "the restored PeerID")
        again.up()
        check(again.do("safety", "Bob") == safety, "the safety number")
        contacts = {c["name"]: c for c in again.json("contacts")}
        check(set(contacts) == {"Bob", "Carol"} and contacts["Bob"]["verified"], contacts)
        check("before" not in [m["text"] for m in again.json("history", "Bob")], "a backup holds history")

        sent = again.json("send", "Bob", "I am back", "--wait", "delivered", "--timeout", "60")[0]
        check(sent["state"] in ("delivered", "read"), sent)
        sent = again.json("send", "Carol", "me again", "--wait", "delivered", "--timeout", "60")[0]
        check(sent["state"] in ("delivered", "read"), sent)
        sent = bob.json("send", "Alice", "welcome", "--wait", "delivered", "--timeout", "60")[0]
        check(sent["state"] in ("delivered", "read"), sent)
        into = [m["text"] for m in again.json("history", "Bob") if m["direction"] == "in" and m["kind"] == "text"]
        check(into == ["while lost", "welcome"], into)
        said = [m["text"] for m in bob.json("history", "Alice") if m["kind"] == "text"]
        check(said == ["before", "while lost", "I am back", "welcome"], said)
        check(len(bob.json("contacts")) == 1, "a restored person is a second contact")
        print("restored on another machine; everyone is still there")


main()
