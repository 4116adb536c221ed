#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""api/openrpc.json and the reference in docs/api.md are what the program says of itself (--write makes them so), and what it
says is true: every method is called on a running node, and each result is held to its schema."""
import base64
import json
import os
import pathlib
import sys

from _peer import RpcError, World, befriend, check
from _relay import Relay

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE, PAGE = ROOT / "api/openrpc.json", ROOT / "docs/api.md"
BEGIN, END = "<!-- reference begin -->\n", "<!-- reference end -->"


def type_word(schema):
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#object-{name.lower()})"
    if "oneOf" in schema:
        return " or ".join(type_word(s) for s in schema["oneOf"])
    if schema["type"] == "array":
        return "list of " + type_word(schema["items"])
    return " \\| ".join(f"`{w}`" for w in schema["enum"]) if "enum" in schema else schema["type"]


def table(rows):
    lines = [f"| `{name}` | {type_word(schema)}{'' if required else ', optional'} | {text} |" for name, schema, required, text in rows]
    return ["| name | type | |", "|---|---|---|"] + lines + [""]


def reference(document):
    """Methods, then shapes, as Markdown."""
    out = ["## Methods", ""]
    for method in document["methods"]:
        notes = [t for key, t in (("x-unix-socket-only", "on the Unix socket only"),
                                  ("x-without-node", "answered from the store without a node")) if method[key]]
        result = type_word(method["result"]["schema"])
        out += [f"### {method['name']}", "", f"{method['summary'][0].upper() + method['summary'][1:]}."
                f"{' (' + '; '.join(notes) + ')' if notes else ''} Result: {result}.", ""]
        if method["params"]:
            out += table((p["name"], p["schema"], p["required"], p["description"]) for p in method["params"])
    out += ["## Results and events", ""]
    for name, schema in document["components"]["schemas"].items():
        if schema["properties"] and not name.endswith(("Params", "Param")):
            out += [f"### Object {name}", ""]
            out += table((n, {k: v for k, v in s.items() if k != "description"}, n in schema["required"], s["description"])
                         for n, s in schema["properties"].items())
    return "\n".join(out)


def page(document):
    head, rest = PAGE.read_text().split(BEGIN)
    return head + BEGIN + reference(document) + END + rest.split(END, 1)[1]


class Schema:
    """As much of JSON Schema as the document uses; anything else in it fails."""

    KNOWN = {"type", "properties", "required", "additionalProperties", "items", "enum", "oneOf", "$ref", "minimum", "description"}

    def __init__(self, document):
        self.schemas = document["components"]["schemas"]
        self.used = set()

    def wrong(self, schema, value, where="result"):
        check(set(schema) <= self.KNOWN, f"the document uses {set(schema) - self.KNOWN}")
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            self.used.add(name)
            return self.wrong(self.schemas[name], value, where)
        if "oneOf" in schema:
            right = [s for s in schema["oneOf"] if not self.wrong(s, value, where)]
            return None if len(right) == 1 else f"{where}: fits {len(right)} of {len(schema['oneOf'])}: {value!r}"
        kind = schema["type"]
        right = {"object": lambda: isinstance(value, dict), "array": lambda: isinstance(value, list),
                 "string": lambda: isinstance(value, str), "boolean": lambda: isinstance(value, bool), "null": lambda: value is None,
                 "integer": lambda: isinstance(value, int) and not isinstance(value, bool),
                 "number": lambda: isinstance(value, (int, float)) and not isinstance(value, bool)}[kind]()
        if not right:
            return f"{where}: {value!r} is no {kind}"
        if "enum" in schema and value not in schema["enum"]:
            return f"{where}: {value!r} is none of {schema['enum']}"
        if "minimum" in schema and value < schema["minimum"]:
            return f"{where}: {value} is too small"
        if kind == "array":
            return next((w for i, v in enumerate(value) if (w := self.wrong(schema["items"], v, f"{where}[{i}]"))), None)
        if kind == "object" and "properties" in schema:
            missing = set(schema["required"]) - set(value)
            extra = set(value) - set(schema["properties"])
            if missing or extra:
                return f"{where}: missing {missing or 'nothing'}, too many {extra or 'none'}"
            return next((w for k, v in value.items() if (w := self.wrong(schema["properties"][k], v, f"{where}.{k}"))), None)
        return None


class Caller:
    def __init__(self, document):
        self.methods = {m["name"]: m for m in document["methods"]}
        self.schema = Schema(document)
        self.called, self.sent = set(), set()

    def call(self, rpc, method, **params):
        described = self.methods[method]
        known = {p["name"]: p for p in described["params"]}
        for name, value in params.items():
            wrong = self.schema.wrong(known[name]["schema"], value, name)
            check(not wrong, f"{method}: {wrong}")
            self.sent.add((method, name))
        result = rpc.call(method, **params)
        wrong = self.schema.wrong(described["result"]["schema"], result)
        check(not wrong, f"{method}: {wrong}")
        self.called.add(method)
        return result

    def refused(self, rpc, method, code, **params):
        try:
            rpc.call(method, **params)
        except RpcError as error:
            check(error.code == code, f"{method} {params}: {error.code} instead of {code}: {error}")
            self.called.add(method)
            return
        raise AssertionError(f"{method} {params} was not refused")


def first(c, world, alice, bob):
    rpc = alice.rpc()
    c.call(rpc, "status")
    c.call(rpc, "init", name="Alice")
    check(c.call(rpc, "relay.serve", mode="public")["on"], "a node that is to serve does not")
    check(not c.call(rpc, "relay.serve", mode="off")["on"], "a node serves that is not to")
    rpc.close()
    rpc = bob.rpc()
    c.call(rpc, "init", name="Bob", passphrase="a passphrase of a test")
    check(c.call(rpc, "status")["encrypted"], "a passphrase given to `init` does not protect")
    c.call(rpc, "lock")
    for method in ("status", "node.state"):
        check(c.call(rpc, method)["state"] == "locked", f"{method} of a locked profile")
    c.call(rpc, "unlock", passphrase="a passphrase of a test")
    ticket = c.call(rpc, "ticket")["ticket"]
    c.call(rpc, "ticket.used", ticket=ticket)
    key = c.call(rpc, "login", ticket=ticket)["key"]
    check(c.call(rpc, "ticket.used", ticket=ticket)["used"], "a ticket that was used")
    c.call(rpc, "login", key=key)
    c.call(rpc, "login", passphrase="a passphrase of a test")
    while c.call(rpc, "node.state")["state"] != "ready":
        pass
    rpc.close()


def talk(c, alice, bob):
    a, b = alice.rpc(), bob.rpc()
    c.call(a, "watch", since=0)
    c.call(b, "watch")
    link = c.call(a, "invite", kind="inline", relay_only=False)["link"]
    c.call(b, "add", link=link, name="Alice", message="first", relay_only=False)
    a.event(lambda e: e["event"] == "message" and e.get("text") == "first")
    name = c.call(a, "contacts")["contacts"][0]["name"]
    c.call(a, "rename", contact=name, name="Bobby")
    c.call(a, "rename", contact="Bobby", name="Bob")
    c.call(a, "path", contact="Bob", mode="auto")
    c.call(a, "connect", contact="Bob")
    sent = c.call(a, "send", contact="Bob", text="hello", id="x", wait="delivered", timeout_ms=60000)
    check(sent["state"] in ("delivered", "read"), sent)
    check(c.call(a, "send", contact="Bob", text="hello", id="x")["repeated"], "not repeated")
    for method in ("id", "status", "profile", "requests", "contacts", "words", "backup"):
        c.call(a, method)
    c.call(a, "profile", name="Alice", about="about me")
    for method in ("why", "safety"):
        c.call(a, method, contact="Bob")
    c.call(a, "verify", contact="Bob")
    c.call(a, "verify", contact="Bob", verified=False)
    c.call(a, "history", contact="Bob", limit=10, before=1000, search="ell")
    page = c.call(a, "history", search="hello", limit=1)
    seqs = [m["seq"] for m in c.call(a, "history", contact="Bob")["messages"]]
    check([m["seq"] for m in c.call(a, "history", contact="Bob", after=seqs[0])["messages"]] == seqs[1:], "what comes after")
    conversation = c.call(a, "conversations")["conversations"][0]
    check(conversation["unread"] == 1 and conversation["last"]["text"] == "hello", conversation)
    c.call(a, "read", contact="Bob", seq=seqs[0] - 1)
    c.call(a, "read", contact="Bob")
    c.call(a, "mark", contact="Bob", pinned=True)
    c.call(a, "mark", contact="Bob", muted=True)
    c.call(a, "mark", contact="Bob", muted=False)
    conversation = c.call(a, "conversations")["conversations"][0]
    check(conversation["unread"] == 0 and conversation["read_seq"] == seqs[-1], conversation)
    check(conversation["pinned"] and not conversation["muted"], conversation)
    check([m["state"] for m in c.call(a, "history", contact="Bob")["messages"] if m["direction"] == "in"] == ["read"], "not read")
    pictures(c, a, b)
    marks(c, a, b)
    code = c.call(a, "qr", text="peerlink:x")
    check(len(code["rows"]) == code["size"] and code["rows"][0].startswith("1111111"), code)
    c.call(a, "history", search="hello", at=page["next_at"])
    c.refused(a, "accept", 12, contact="Nobody")
    c.refused(a, "reject", 12, contact="Nobody")
    c.call(a, "block", contact="Bob")
    c.call(a, "unblock", contact="Bob")
    b.close()
    # With Bob gone and no link to him, nothing has left yet.
    bob.kill()
    a.close()
    alice.kill()
    alice.up()
    a = alice.rpc()
    c.call(a, "watch")
    waiting = c.call(a, "send", contact="Bob", text="to be given up")
    c.call(a, "cancel", contact="Bob", seq=waiting["seq"])
    c.call(a, "remove", contact="Bob")
    a.event(lambda e: e["event"] == "contact" and e.get("removed"))
    c.call(a, "unwatch")
    c.refused(a, "restore", 30, words="no words", backup="")
    c.call(a, "rpc.discover")
    a.close()


def pictures(c, a, b):
    """A picture with a caption, and one of each profile."""
    def text(data):
        return base64.b64encode(data).decode()
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x20" + os.urandom(100000)
    last = c.call(a, "history", contact="Bob")["messages"][-1]["seq"]
    what = {"contact": "Bob", "type": "image/png", "width": 64, "height": 32, "preview": text(b"small"), "text": "a beach"}
    sent = c.call(a, "picture.send", data=text(png), id="p", reply_to=last, **what)
    check(c.call(a, "picture.send", data=text(png), id="p", **what)["repeated"], "a picture sent twice")
    c.refused(a, "picture.send", 30, data=text(b"no picture"), **what)
    c.refused(a, "picture.send", 16, data=text(png + bytes(1 << 20)), **what)
    told = b.event(lambda e: e["event"] == "change" and e["what"] == "picture")
    message = told["message"]
    check(message["kind"] == "picture" and message["text"] == "a beach" and message["id"] == sent["id"], message)
    check(message["picture"] == {"type": "image/png", "width": 64, "height": 32, "size": len(png), "complete": True,
                                 "preview": text(b"small")}, message)
    for rpc, name, seq in ((a, "Bob", sent["seq"]), (b, "Alice", told["seq"])):
        check(c.call(rpc, "picture", contact=name, seq=seq) == {"type": "image/png", "data": text(png)}, "other bytes")
    c.refused(b, "picture", 12, contact="Alice", seq=1)
    check(c.call(b, "history", contact="Alice", search="BEACH")["messages"][-1]["seq"] == told["seq"], "not found")
    c.refused(a, "avatar", 12)
    face = png[:2000]
    mark = c.call(a, "profile", avatar=text(face))["avatar"]
    check(len(mark) == 16 and c.call(a, "avatar")["data"] == text(face), mark)
    c.refused(a, "profile", 30, avatar=text(b"GIF89a\x01\0\x01\0"))
    b.event(lambda e: e["event"] == "contact" and c.call(b, "conversations")["conversations"][0]["avatar"] == mark)
    check(c.call(b, "avatar", contact="Alice") == {"type": "image/png", "data": text(face)}, "another face")
    check(c.call(a, "profile", avatar="")["avatar"] == "", "not taken away")


def marks(c, a, b):
    """Replies, reactions, edits, deletion, receipts, a timer: seen on the other side, and in each one's history."""

    def change(rpc, what):
        told = rpc.event(lambda e: e["event"] == "change" and e["what"] == what)
        wrong = c.schema.wrong({"$ref": "#/components/schemas/Event"}, told, "event")
        check(not wrong, f"{wrong}: {told}")
        return told

    hers = [m for m in c.call(b, "history", contact="Alice")["messages"] if m["text"] == "hello"][0]
    sent = c.call(b, "send", contact="Alice", text="an answer", reply_to=hers["seq"], wait="delivered", timeout_ms=60000)
    came = a.event(lambda e: e["event"] == "message" and e["text"] == "an answer")
    check(came["reply_to"]["text"] == "hello" and came["reply_to"]["direction"] == "out", came)
    c.call(a, "react", contact="Bob", seq=came["seq"], emoji="👍")
    told = change(b, "reacted")
    check(told["seq"] == sent["seq"] and told["message"]["reactions"] == [{"by": "them", "emoji": "👍"}], told)
    c.call(a, "react", contact="Bob", seq=came["seq"], emoji="")
    check("reactions" not in change(b, "reacted")["message"], "a reaction that was taken back")
    c.call(b, "edit", contact="Alice", seq=sent["seq"], text="a better answer")
    told = change(a, "edited")
    check(told["message"]["text"] == "a better answer" and told["message"]["edited_ms"] > 0, told)
    check(c.call(a, "history", search="better")["messages"], "an edited text is not found")
    check(not c.call(a, "history", search="an answer")["messages"], "what it said before is found")
    c.refused(a, "edit", 30, contact="Bob", seq=came["seq"], text="not his")
    c.refused(a, "delete", 30, contact="Bob", seq=came["seq"], both=True)
    c.call(a, "read", contact="Bob")
    check(change(b, "read")["seq"] == sent["seq"], "a receipt")
    states = [m["state"] for m in c.call(b, "history", contact="Alice")["messages"] if m["direction"] == "out"]
    check(set(states) == {"read"}, states)
    c.call(a, "receipts", contact="Bob", on=False)
    c.call(b, "delete", contact="Alice", seq=sent["seq"], both=True)
    told = change(a, "deleted")
    check(told["message"]["deleted"] and told["message"]["text"] == "", told)
    check(not c.call(a, "history", search="better")["messages"], "a deleted text is found")
    c.call(b, "delete", contact="Alice", seq=hers["seq"], both=False)
    check(c.call(a, "history", search="hello")["messages"], "what was deleted there only")
    c.call(a, "timer", contact="Bob", seconds=1)
    check(change(b, "timer")["timer_s"] == 1, "a timer")
    gone = c.call(b, "send", contact="Alice", text="soon gone", wait="delivered", timeout_ms=60000)
    came = a.event(lambda e: e["event"] == "message" and e["text"] == "soon gone")
    check(came["lifetime_s"] == 1, came)
    check(change(b, "expired")["seq"] == gone["seq"], "what vanishes at its sender")
    check(not c.call(b, "history", search="soon")["messages"], "a text that has vanished")
    check(c.call(a, "history", search="soon")["messages"], "a text that was not seen has vanished")
    c.call(a, "read", contact="Bob")
    check(change(a, "expired")["seq"] == came["seq"], "what vanishes at its receiver")
    check(came["seq"] not in [m["seq"] for m in c.call(a, "history", contact="Bob")["messages"]], "it is shown")
    c.call(a, "timer", contact="Bob", seconds=0)
    change(b, "timer")


def relays(c, world, alice):
    """An own relay comes, answers, goes away, and is left; each is an event, too."""
    relay = Relay(world).up()
    rpc = alice.rpc()
    rpc.call("watch")

    def event(wanted):
        told = rpc.event(lambda e: e["event"] == "relay" and wanted(e))
        wrong = c.schema.wrong({"$ref": "#/components/schemas/Event"}, told, "event")
        check(not wrong, f"{wrong}: {told}")
        return told

    added = c.call(rpc, "relay.add", relay=relay.address)
    check(added == {"address": relay.place, "known": False}, added)
    check(c.call(rpc, "relay.add", relay=relay.address)["known"], "added twice")
    event(lambda e: e["relay"]["connected"])
    listed = c.call(rpc, "relay.list")["relays"]
    check(len(listed) == 1 and listed[0]["connected"] and not listed[0]["adopted"], listed)
    check(relay.address.startswith(listed[0]["name"].split("#")[0]) and listed[0]["transport"] == "udp", listed)
    check([r["address"] for r in c.call(rpc, "status")["relays"]] == [relay.place], "status")
    c.refused(rpc, "relay.remove", 12, relay="127.0.0.1:9")
    relay.down()
    event(lambda e: not e["relay"]["connected"])
    c.call(rpc, "relay.remove", relay=relay.place)
    check(event(lambda e: e.get("removed"))["relay"]["address"] == relay.place, "removed")
    check(c.call(rpc, "relay.list")["relays"] == [], "a relay is left")
    rpc.close()


def all_events(c, alice):
    """Every durable event there was, with each kind's fields."""
    rpc = alice.rpc()
    last = c.call(rpc, "status")["last_event"]
    rpc.call("watch", since=0)
    seen, n = set(), 0
    while n < last:
        event = rpc.event()
        wrong = c.schema.wrong({"$ref": "#/components/schemas/Event"}, event, "event")
        check(not wrong, f"{wrong}: {event}")
        check(event["n"] >= n, "events out of order")
        n = event["n"]
        seen.add(event["event"])
    check({"message", "state", "contact"} <= seen, f"events: {seen}")
    rpc.close()


def main():
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        said = json.loads(alice.do("rpc", "rpc.discover"))
        if "--write" in sys.argv:
            FILE.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
            PAGE.write_text(page(said))
            return
        check(json.loads(FILE.read_text()) == said, f"{FILE.name} is not what the program says: run this with --write")
        check(PAGE.read_text() == page(said), f"{PAGE.name} is not what the program says: run this with --write")
        for peer in (alice, bob):
            peer.detached()  # without any command and profile: state `empty`
        c = Caller(said)
        first(c, world, alice, bob)
        talk(c, alice, bob)
        relays(c, world, alice)
        all_events(c, alice)
        rpc = alice.rpc()
        c.call(rpc, "down")
        rpc.close()
        missing = set(c.methods) - c.called
        check(not missing, f"not called: {missing}")
        wanted = {(m["name"], p["name"]) for m in said["methods"] for p in m["params"]}
        unsent = {p for p in wanted - c.sent if p[0] not in ("restore", "accept", "reject")}
        check(not unsent, f"parameters not used: {unsent}")
        print(f"{len(c.called)} methods, {len(c.schema.used)} shapes")


main()
