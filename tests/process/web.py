#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page and its windows on real nodes: the files and their headers, the ways in, the same calls and events as on the Unix socket,
a reload that misses nothing, a first start and locking out of the page."""
import stat

from _peer import World, befriend, check
from _relay import Relay
from _web import Closed, Window, ask, logged_in, port_of, refused, ticket


def files(alice):
    port = port_of(alice)
    page = ask(port)
    check(page.status == 200 and page.headers["content-type"].startswith("text/html") and b"<!doctype html>" in page.body.lower(), vars(page))
    policy = page.headers["content-security-policy"]
    check("default-src 'none'" in policy and f"connect-src ws://127.0.0.1:{port};" in policy and "unsafe" not in policy, policy)
    for part in ("script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
        check(part in policy, part)
    for name, value in (("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-cache"),
                        ("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin")):
        check(page.headers.get(name) == value, f"{name}: {page.headers.get(name)}")
    check("set-cookie" not in page.headers and "access-control-allow-origin" not in page.headers, "a cookie, or another page may read")
    same = ask(port, If_None_Match=page.headers["etag"])
    check(same.status == 304 and not same.body, "an unchanged page is sent again")
    head = ask(port, method="HEAD")
    check(head.status == 200 and not head.body and head.headers["content-length"] == page.headers["content-length"], vars(head))
    check(ask(port, "/none").status == 404 and ask(port, "/../key").status == 404, "a file that is not there")
    check(ask(port, method="POST").status == 405, "POST")
    check(ask(port, Content_Length="5").status == 413, "a body")
    check(ask(port, Accept_Encoding="identity").status == 406, "not compressed")
    check(ask(port, "/api").status == 426, "no upgrade")


def ways_in(alice):
    port, first = port_of(alice), ticket(alice)
    with Window(port) as window:
        said = window.call("login", ticket=first)
        check(said["state"] == "ready" and said["name"] == "Alice" and said["id"] == window.call("id")["id"], said)
        another = window.call("ticket")  # for a window that this one opens
        check(another["url"] == f"http://127.0.0.1:{port}/#ticket={another['ticket']}", another)
    for params, name in (({"ticket": first}, "TICKET"), ({"ticket": "0" * 32}, "TICKET"), ({"key": "0" * 96}, "KEY"),
                         ({"key": said["key"][:-1] + ("0" if said["key"][-1] != "0" else "1")}, "KEY"), ({"passphrase": "x"}, -32003),
                         ({}, -32602), ({"ticket": another["ticket"], "key": said["key"]}, -32602)):
        with Window(port) as window:
            refused(lambda: window.call("login", **params), name)
            check(window.end() == 4401, "it may go on")
    with Window(port) as window:
        refused(lambda: window.call("status"), -32001)
        check(window.end() == 4401, "a call before the login")
    with Window(port) as window:
        check(window.call("login", ticket=another["ticket"])["key"] != said["key"], "two windows have one key")
    alice.down()
    alice.up()
    check(port_of(alice) == port, "the port is another after a restart")
    with Window(port) as window:
        check(window.call("login", key=said["key"])["name"] == "Alice", "a page that was left open is logged out by a restart")
        for method in ("words", "backup", "restore", "ticket.used"):
            params = {"restore": {"words": "x", "backup": "x"}, "ticket.used": {"ticket": "x"}}.get(method, {})
            refused(lambda: window.call(method, **params), -32001)
    for name in ("web-secret", "web-port"):
        check(stat.S_IMODE((alice.home / name).stat().st_mode) == 0o600, f"{name} can be read by others")


def conversation(alice, bob):
    one, two = logged_in(alice), logged_in(alice)
    since = one.call("status")["last_event"]
    for window in (one, two):
        check(window.call("watch", since=since) == {"since": since, "gap": False}, "watch")
    sent = one.call("send", contact="Bob", text="from a window", id="w1")
    for window in (one, two):
        event = window.event(lambda e: e["event"] == "message")
        check(event["id"] == sent["id"] and event["text"] == "from a window", event)
    seen = two.event(lambda e: e["event"] == "state" and e["state"] == "delivered")["n"]
    # A reload, while things happen.
    two.close()
    for i in range(50):
        bob.do("send", "Alice", f"meanwhile {i}", "--wait", "delivered")
    with Window(port_of(alice)) as again:
        again.call("login", key=two.key)
        again.call("watch", since=seen)
        got = [again.event(lambda e: e["event"] == "message" and e["direction"] == "in")["text"] for _ in range(50)]
        check(got == [f"meanwhile {i}" for i in range(50)], got)
        check(again.call("send", contact="Bob", text="from a window", id="w1")["repeated"], "a retry was sent twice")
    one.close()


def unread(alice, bob):
    """What one window reads is read in the other; nothing that has not come yet is."""
    def of_bob(window):
        return next(c for c in window.call("conversations")["conversations"] if c["name"] == "Bob")

    with logged_in(alice) as one, logged_in(alice) as two:
        one.call("read", contact="Bob")
        before = of_bob(one)
        check(before["unread"] == 0 and before["last"]["seq"] == before["last_seq"], before)
        two.call("watch")
        for i in range(3):
            bob.do("send", "Alice", f"unread {i}", "--wait", "delivered")
        now = of_bob(one)
        check(now["unread"] == 3 and now["last"]["text"] == "unread 2" and now["last"]["state"] == "received", now)
        one.call("read", contact="Bob", seq=now["last_seq"] - 1)
        event = two.event(lambda e: e["event"] == "contact")
        check(event["read_seq"] == now["last_seq"] - 1 and of_bob(two)["unread"] == 1, event)
        one.call("read", contact="Bob", seq=before["last_seq"])  # a window that is behind
        check(of_bob(two)["read_seq"] == now["last_seq"] - 1, "read backwards")
        one.call("read", contact="Bob", seq=10 ** 9)
        check(of_bob(two)["read_seq"] == now["last_seq"], "more was read than there is")
        states = {m["seq"]: m["state"] for m in two.call("history", contact="Bob", limit=3)["messages"]}
        check(set(states.values()) == {"read"}, states)
        first = two.call("history", contact="Bob", after=before["last_seq"], limit=2)
        check([m["text"] for m in first["messages"]] == ["unread 0", "unread 1"] and first["more"], first)
        refused(lambda: two.call("history", contact="Bob", after=1, search="x"), -32602)
        refused(lambda: two.call("mark", contact="Bob"), -32602)
    alice.down()
    alice.up()
    with logged_in(alice) as window:
        check(of_bob(window)["unread"] == 0, "forgotten over a restart")


def in_the_page(world, bob):
    """No profile, then one under a passphrase, locked and unlocked, all from windows."""
    carol = world.peer("Carol")
    carol.up("--wait")
    one, two = logged_in(carol), logged_in(carol)
    check(one.call("node.state")["state"] == "empty", "not empty")
    refused(lambda: one.call("contacts"), "NO_PROFILE")
    two.call("watch")
    made = one.call("init", name="Carol", passphrase="correct horse")
    check(two.event(lambda e: e["event"] == "node" and e["node"] == "ready"), "the other window is not told")
    check(one.call("status")["encrypted"] and one.call("id") == made, made)
    one.call("profile", about="here")
    # Whoever waits for a delivery when it is locked is told so, and the message is sent when it can be.
    befriend(bob, carol)
    bob.down()
    waits = two.start("send", contact="Bob", text="waits", wait="delivered", timeout_ms=100000)
    two.event(lambda e: e["event"] == "message" and e.get("text") == "waits")
    check(one.call("lock") == {"done": True}, "lock")
    refused(lambda: two.finish(waits), "LOCKED")
    check(two.event(lambda e: e["event"] == "node")["node"] == "locked", "the other window is not told")
    state = one.call("node.state")
    check(state["state"] == "locked" and state["encrypted"] and state["name"] is None, state)
    check(one.call("status")["state"] == "locked", "status")
    for method in ("id", "contacts", "profile", "invite"):
        refused(lambda: one.call(method), "LOCKED")
    refused(lambda: one.call("init", name="Eve"), "EXISTS")
    refused(lambda: one.call("unlock", passphrase="wrong"), "WRONG_PASSPHRASE")
    check(one.call("unlock", passphrase="correct horse") == {"done": True}, "unlock")
    two.event(lambda e: e["event"] == "node" and e["node"] == "ready")
    check(one.call("profile")["about"] == "here", "what was stored")
    bob.up("--web", "off")
    two.event(lambda e: e["event"] == "state" and e["state"] == "delivered")
    one.close(), two.close()
    # Started without the passphrase: a window without a ticket comes in by it.
    carol.down()
    relay = Relay(world).up()
    carol.up("--wait", "--relay", relay.address)
    port = port_of(carol)
    with Window(port) as window:
        refused(lambda: window.call("login", passphrase="wrong"), "WRONG_PASSPHRASE")
        check(window.end() == 4401, "a second try on one connection")
    with Window(port) as window:
        check(window.call("login", passphrase="correct horse")["encrypted"], "in by the passphrase")
        window.call("watch", since=0)
        while window.call("node.state")["state"] != "ready":
            pass
        check(window.call("id") == made, "another profile")
        window.event(lambda e: e["event"] == "relay" and e["relay"]["address"] == relay.place)  # it had to wait as well
        with Window(port) as other:
            check(other.call("login", passphrase="correct horse")["state"] == "ready", "of a node that is open")
    carol.down()
    relay.down()


def main():
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
        alice.up()
        bob.up("--web", "off")
        check(bob.ready["web"] is None, "a page though it is off")
        befriend(alice, bob)
        files(alice)
        ways_in(alice)
        conversation(alice, bob)
        unread(alice, bob)
        in_the_page(world, bob)
        with logged_in(alice) as window:
            alice.do("down")
            try:
                code = window.end()
            except Closed as closed:
                code = closed.code
            check(code == 1001, code)
            check(alice.reap() == 0, "the node's end")
    print("the page is served, and its windows see what programs see")


if __name__ == "__main__":
    main()
