#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A node that is a relay for others on its own port: Cleo's serves anybody, Ann and Ben know no other relay. They meet by a link through
it, over UDP and over TCP; a message is kept on Cleo's machine, over a restart of her node, until Ben is back; whoever comes
when nobody is served any more is told so. All the while she talks to Ann herself, through the same port."""
import sys

from _peer import World, befriend, check

EMPTY = {"mode": "auto", "on": False, "why": None, "address": None, "name": None, "clients": 0, "stored_bytes": 0}


def arrives(peer, text):
    rpc = peer.rpc()
    rpc.call("watch", since=0)
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == text)
    rpc.close()


def keep(ann, ben, cleo, text, mode):
    """Ben is away, Cleo's machine keeps it, and is restarted meanwhile."""
    ben.down()
    sent = ann.json("send", "Ben", text, "--wait", "stored", "--timeout", "60")[0]
    check(sent["state"] == "stored", sent)
    ann.down()
    cleo.kill()
    cleo.up("--listen", cleo.listen)
    served = cleo.json("relay", "serve")[0]
    check(served["on"] and served["mode"] == mode, served)
    ben.up()
    arrives(ben, text)
    ann.up()


def meet_through(ann, ben):
    link = ann.json("invite")[0]
    check(link["kind"] == "one-time", link)
    rpc = ann.rpc()
    rpc.call("watch", since=0)
    ben.json("add", link["link"], "--as", "Ann", "--message", "first")
    rpc.event(lambda e: e["event"] == "message" and e.get("text") == "first")
    rpc.close()
    check(ann.json("send", "Ben", "hello", "--wait", "delivered")[0]["state"] == "delivered", "hello")


def without_udp(world, peer):
    """What it says to a relay, it says over TCP, from now on."""
    folder = world.folder("tcp-only")
    (folder / "peerlink").mkdir()
    (folder / "peerlink/node.ini").write_text("[node]\nudp = no\n")
    peer.env["XDG_CONFIG_HOME"] = str(folder)


def friends_relay(peer):
    """Waits until the friend's node is a relay of this one, and answers."""
    rpc = peer.rpc()
    rpc.call("watch", since=0)
    while True:
        relays = [r for r in rpc.call("relay.list")["relays"] if r["friend"] and r["connected"]]
        if relays:
            break
        rpc.event(lambda e: e["event"] == "relay")
    rpc.close()
    return relays[0]


def contacts_only():
    """Cleo serves her contacts: Ann and Ben, who know no relay. They learn of it from her, and meet through it."""
    with World() as world:
        ann, ben, cleo = (world.peer(name) for name in ("Ann", "Ben", "Cleo"))
        for peer in (ann, ben, cleo):
            peer.do("init", "--name", peer.name)
        cleo.up("--listen", "127.0.0.1:0")
        cleo.listen = f"127.0.0.1:{cleo.ready['ports']['udp4']}"
        served = cleo.json("relay", "serve", "contacts")[0]
        check(served["on"] and served["mode"] == "contacts", served)
        for peer in (ann, ben):
            peer.up()
            befriend(cleo, peer)
            relay = friends_relay(peer)
            check(relay["friend"] == "Cleo" and relay["address"] == cleo.listen, relay)
            check("Cleo's computer" in peer.do("relay", "list"), peer.do("relay", "list"))
        meet_through(ann, ben)
        keep(ann, ben, cleo, "see you at eight", "contacts")
        cleo.do("block", "Ben")
        cleo.json("relay", "serve", "off")
        rpc = ann.rpc()
        rpc.call("watch", since=0)
        while rpc.call("relay.list")["relays"]:
            rpc.event(lambda e: e["event"] == "relay")
        rpc.close()


def main():
    contacts_only()
    with World() as world:
        ann, ben, cleo = (world.peer(name) for name in ("Ann", "Ben", "Cleo"))
        for peer in (ann, ben, cleo):
            peer.do("init", "--name", peer.name)
        cleo.up("--listen", "127.0.0.1:0")
        check(cleo.json("relay", "serve") == [EMPTY], cleo.json("relay", "serve"))
        cleo.listen = f"127.0.0.1:{cleo.ready['ports']['udp4']}"
        served = cleo.json("relay", "serve", "public")[0]
        check(served["on"] and served["address"] == cleo.listen, served)
        check(cleo.json("status")[0]["serve"] == served, "status")
        check("a relay for anybody" in cleo.do("status"), cleo.do("status"))
        way = cleo.json("relay", "test", served["name"])[0]
        check(way["udp"]["answered"] and way["tcp"]["answered"] and way["admission"] == "open", way)

        ann.up("--relay", served["name"])
        without_udp(world, ben)
        ben.up()
        meet_through(ann, ben)
        befriend(cleo, ann)
        check(ann.json("send", "Cleo", "by the same port", "--wait", "delivered")[0]["state"] == "delivered", "to Cleo")
        over = {relay["transport"] for peer in (ann, ben) for relay in peer.json("relay", "list")}
        check(over == {"udp", "tcp"}, over)
        keep(ann, ben, cleo, "see you at eight", "public")
        check(not cleo.json("relay", "serve", "off")[0]["on"], "off")
        away = ann.run("relay", "test", served["name"])
        check(away.returncode == 1 and "no answer" in away.stderr, away)
        cleo.down()
        config = world.root / "contacts.ini"
        config.write_text("[relay]\nserve = contacts\n")
        cleo.up("--listen", cleo.listen, "--config", str(config))
        way = ann.json("relay", "test", served["name"])[0]
        check(way["admission"] == "token", way)
        config.write_text("[relay]\nserve = everybody\n")
        wrong = cleo.run("--config", str(config), "config", "check")
        check(wrong.returncode == 1 and ":2:" in wrong.stderr, wrong)
        print("Cleo's node has kept what Ben was told, and serves whom she says")


sys.exit(main())
