#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two people on real processes: link, hello, both ways, offline and back, restart; the names that scripts rely on."""
import time

from _peer import World, befriend, check

MESSAGE = {"event", "id", "contact", "contact_id", "direction", "seq", "time_ms", "received_ms", "text", "state", "kind"}


def texts(peer, contact):
    return [(m["direction"], m["text"]) for m in peer.json("history", contact)]


def first_words(alice, bob):
    befriend(alice, bob)
    sent = bob.json("send", "Alice", "hello", "--wait", "delivered")[0]
    check(sent["state"] in ("delivered", "read") and not sent["timed_out"], sent)
    check(sent["path"] == "lan" and sent["took_ms"] < 20000, sent)
    check(texts(alice, "Bob") == [("in", "hello")], texts(alice, "Bob"))
    check(texts(bob, "Alice") == [("out", "hello")], texts(bob, "Alice"))
    alice.do("send", "Bob", "-", "--wait", "delivered", stdin="two\nlines: 你好\n")
    check(texts(bob, "Alice")[1] == ("in", "two\nlines: 你好"), texts(bob, "Alice"))
    plain = alice.run("send", "Bob", "three", "--wait", "delivered").stdout
    check(" delivered in " in plain and " ms, directly" in plain, plain)
    for peer, contact in ((alice, "Bob"), (bob, "Alice")):
        for message in peer.json("history", contact):
            check(set(message) == MESSAGE, message)


def safety(alice, bob):
    one, two = alice.do("safety", "Bob"), bob.do("safety", "Alice")
    check(one == two and len(one.split()) == 12, (one, two))
    alice.do("safety", "Bob", "--verified")
    contact = alice.json("contacts")[0]
    check(contact["verified"] and {"name", "id", "verified", "request", "blocked"} <= set(contact), contact)


def offline_and_back(alice, bob):
    bob.kill()
    waited = alice.run("send", "Bob", "while you are away", "--wait", "delivered", "--timeout", "1")
    check(waited.returncode == 3 and waited.stderr.count("\n") == 1, waited)
    check("waiting on this device" in waited.stdout, waited.stdout)
    history = alice.json("history", "Bob")
    check(history[-1]["state"] in ("queued", "sent"), history[-1])
    rpc = alice.rpc()
    rpc.call("watch")
    seq = history[-1]["seq"]
    bob.up()
    rpc.event(lambda e: e["event"] == "state" and e["seq"] == seq and e["state"] == "delivered")
    rpc.close()
    check(texts(bob, "Alice")[-1] == ("in", "while you are away"), texts(bob, "Alice"))


def stopped_node(alice, bob):
    before = alice.json("history", "Bob"), alice.json("contacts"), alice.json("id")
    alice.down()
    after = alice.json("history", "Bob"), alice.json("contacts"), alice.json("id")
    check(before == after, (before, after))
    check(alice.run("send", "Bob", "no").returncode == 4, "send without a node")
    check(alice.run("status").returncode == 4, "status without a node")
    alice.up()
    check(alice.json("history", "Bob") == before[0], "history after a restart")
    bob.do("send", "Alice", "again", "--wait", "delivered")
    check(texts(alice, "Bob")[-1] == ("in", "again"), texts(alice, "Bob"))


def repeated_id(alice, bob):
    first = alice.json("send", "Bob", "once", "--id", "caller-1")[0]
    second = alice.json("send", "Bob", "once", "--id", "caller-1", "--wait", "delivered")[0]
    check(first["id"] == second["id"] and second["repeated"] and not first["repeated"], (first, second))
    alice.do("send", "Bob", "fence", "--wait", "delivered")
    third = alice.json("send", "Bob", "once", "--id", "caller-1", "--wait", "delivered", "--timeout", "0")[0]
    check(third["state"] in ("delivered", "read") and third["repeated"] and not third["timed_out"], third)
    check([t for _, t in texts(bob, "Alice")].count("once") == 1, texts(bob, "Alice"))


def search_and_pages(alice):
    found = [m["text"] for m in alice.json("history", "Bob", "--search", "HELLO")]
    check(found == ["hello"], found)
    everything = alice.json("history", "Bob")
    last = everything[-1]["seq"]
    page = alice.json("history", "Bob", "--limit", "2", "--before", str(last))
    check(page == everything[-3:-1], page)


def profiles(alice, bob):
    """A new name reaches the other side; how it is called there was chosen there, and stays."""
    rpc = bob.rpc()
    rpc.call("watch")
    alice.do("profile", "--name", "Alicia", "--about", "away on Mondays")
    while bob.json("contacts")[0]["profile_name"] != "Alicia":
        rpc.event(lambda e: e["event"] == "contact")
    check(bob.json("contacts")[0]["name"] == "Alice", bob.json("contacts"))
    rpc.close()
    bob.do("rename", "Alice", "Ally")
    bob.do("send", "ally", "capitals do not matter", "--wait", "delivered")
    bob.do("rename", "Ally", "Alice")


def blocking(alice, bob):
    bob.do("block", "Alice")
    refused = bob.run("send", "Alice", "no")
    check(refused.returncode == 1 and "blocked" in refused.stderr, refused)
    before = texts(bob, "Alice")
    waited = alice.run("send", "Bob", "let me in", "--wait", "delivered", "--timeout", "1")
    check(waited.returncode == 3 and texts(bob, "Alice") == before, waited)
    rpc = alice.rpc()
    rpc.call("watch")
    bob.do("unblock", "Alice")
    bob.do("send", "Alice", "sorry", "--wait", "delivered")
    if alice.json("contacts")[0]["undelivered"]:
        rpc.event(lambda e: e["event"] == "state" and e["state"] == "delivered")
    rpc.close()
    check(sorted(texts(bob, "Alice")[len(before):]) == [("in", "let me in"), ("out", "sorry")], texts(bob, "Alice"))


def status_names(alice, bob):
    status = alice.json("status")[0]
    check({"id", "name", "nat", "relays", "contacts"} <= set(status), status)
    check({"mapping", "filtering", "public", "mapped", "upnp"} == set(status["nat"]), status["nat"])
    check(status["relays"] == [], status["relays"])
    contact = status["contacts"][0]
    check({"name", "id", "online", "path", "path_transport", "rtt_ms", "undelivered"} <= set(contact), contact)
    check(contact["online"] and contact["path"] == "lan" and contact["undelivered"] == 0, contact)
    check(status["id"] == alice.do("id") and bob.json("status")[0]["contacts"][0]["id"] == status["id"], "ids")
    why = alice.json("why", "Bob")[0]
    check(why["ways"] and any(w["state"] == "active" for w in why["ways"]), why)


def main():
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        start = time.monotonic()
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
            peer.up()
        first_words(alice, bob)
        safety(alice, bob)
        offline_and_back(alice, bob)
        stopped_node(alice, bob)
        repeated_id(alice, bob)
        search_and_pages(alice)
        profiles(alice, bob)
        blocking(alice, bob)
        status_names(alice, bob)
        alice.down()
        bob.down()
        print(f"a conversation, in {time.monotonic() - start:.1f} s")


main()
