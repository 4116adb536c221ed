#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever is wrong: one clear line on stderr, the exit status of the contract, nothing half written."""
import fcntl
import os
import pathlib
import socket
import subprocess
import sys

from _peer import PEERLINK, Peer, RpcError, World, befriend, check

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def b58_blocks(data):
    """Base58 in blocks of 8 bytes, as links are written."""
    out = ""
    for at in range(0, len(data), 8):
        block = data[at:at + 8]
        number, digits = int.from_bytes(block, "big"), [0, 2, 3, 5, 6, 7, 9, 10, 11][len(block)]
        text = ""
        for _ in range(digits):
            number, digit = divmod(number, 58)
            text = B58[digit] + text
        out += text
    return out


def unb58_blocks(text):
    out = b""
    for at in range(0, len(text), 11):
        block = text[at:at + 11]
        number = 0
        for c in block:
            number = number * 58 + B58.index(c)
        out += number.to_bytes({11: 8, 10: 7, 9: 6, 7: 5, 6: 4, 5: 3, 3: 2, 2: 1}[len(block)], "big")
    return out


class Checks:
    def __init__(self):
        self.count = 0
        self.failed = []

    def expect(self, what, done, status, *words):
        """One line on stderr with all the words, that status, no traceback or sanitizer's report."""
        self.count += 1
        lines = done.stderr.splitlines()
        right = done.returncode == status and len(lines) == 1 and lines[0].startswith("peerlink: ")
        right = right and all(word.lower() in lines[0].lower() for word in words) and "\x1b" not in done.stderr
        if not right:
            self.failed.append(f"{what}: status {done.returncode} (wanted {status}), stderr {done.stderr!r} (wanted {words})")


def usage(c, peer):
    for what, args, words in [
        ("unknown command", ["frobnicate"], ["frobnicate"]),
        ("unknown option", ["send", "--fast", "Bob", "x"], ["--fast", "send"]),
        ("option of another command", ["id", "--qr"], ["--qr"]),
        ("missing word", ["rename", "Bob"], ["NAME NEW"]),
        ("one word too many", ["id", "x"], ["too many"]),
        ("missing value", ["up", "--listen"], ["--listen"]),
        ("value of a switch", ["up", "--detach=1"], ["--detach"]),
        ("no number", ["history", "Bob", "--limit", "many"], ["--limit", "number"]),
        ("number too large", ["watch", "--since", "99999999999999999999"], ["--since"]),
        ("limit of none", ["history", "Bob", "--limit", "0"], ["--limit"]),
        ("unknown state", ["send", "Bob", "x", "--wait", "read"], ["--wait"]),
        ("unknown topic", ["help", "frobnicate"], ["frobnicate"]),
        ("config what", ["config", "frobnicate"], ["config check"]),
        ("rpc without JSON", ["rpc", "status", "{"], ["JSON"]),
    ]:
        c.expect(what, peer.run(*args), 2, *words)


def no_node(c, peer):
    for args in (["status"], ["down"], ["send", "Bob", "x"], ["invite"], ["add", "peerlink:x"], ["watch"], ["chat", "Bob"],
                 ["safety", "Bob"], ["words"], ["rpc", "status"], ["accept", "Bob"], ["profile"]):
        c.expect("no node: " + args[0], peer.run(*args), 4, "not running")


def no_profile(c, world):
    peer = Peer(world, "Nobody")
    peer.home = world.root / "nobody"
    for args in (["history", "Bob"], ["contacts"], ["id"], ["up"]):
        c.expect("no profile: " + args[0], peer.run(*args), 1, "no profile")
    check(not peer.home.exists(), "a home was made by a command that only looks")
    for name, words in [("", ["empty"]), ("x" * 65, ["longer"]), (b"\xff\xfe", ["UTF-8"]), ("a\x1bb", ["control"]), (" a", ["spaces"])]:
        done = subprocess.run([PEERLINK, "--home", str(peer.home), "init", "--name", name], env=peer.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace")
        c.expect(f"name {name!r:.20}", done, 1, *words)
    check(not peer.home.exists(), "a home was made for a name that was refused")
    peer.home = world.root / "file"
    peer.home.write_text("not a directory")
    c.expect("home is a file", peer.run("init", "--name", "X"), 1, "directory")
    check(peer.home.read_text() == "not a directory", "the file was touched")


def passphrases(c, world):
    secret, wrong, empty = world.root / "pass", world.root / "wrong", world.root / "empty"
    secret.write_text("correct horse\n")
    wrong.write_text("wrong horse\n")
    empty.write_text("\n")
    peer = world.peer("Locked")
    peer.do("init", "--name", "Locked", "--passphrase-file", str(secret))
    c.expect("up without passphrase", peer.run("up"), 1, "passphrase")
    c.expect("up with a wrong one", peer.run("up", "--passphrase-file", str(wrong)), 1, "passphrase", "wrong")
    c.expect("up detached with a wrong one", peer.run("up", "--detach", "--passphrase-file", str(wrong)), 1, "passphrase", "wrong")
    c.expect("id with a wrong one", peer.run("id", "--passphrase-file", str(wrong)), 1, "passphrase", "wrong")
    c.expect("an empty file", peer.run("up", "--passphrase-file", str(empty)), 1, "empty")
    c.expect("no such file", peer.run("up", "--passphrase-file", str(world.root / "none")), 1, "none")
    c.expect("init over it", peer.run("init", "--name", "Other"), 1, "already")
    c.expect("init over it, with its passphrase", peer.run("init", "--name", "Other", "--passphrase-file", str(secret)), 1, "already")
    check(len(peer.do("id", "--passphrase-file", str(secret))) == 44, "the right passphrase opens it")
    for path in peer.home.rglob("*"):
        check(not path.is_file() or path.stat().st_mode & 0o077 == 0, f"{path} can be read by others")


def links(c, alice, bob, link):
    fresh = alice.do("invite", "--inline")
    body = fresh.split(":", 1)[1]
    middle = len(body) // 2
    swapped = B58[(B58.index(body[middle]) + 1) % 58]
    for what, text, words in [
        ("no link", "hello", ["not an invite link"]),
        ("empty link", "", ["no link"]),
        ("cut off", fresh[:-20], ["cut off"]),
        ("cut off in the middle", fresh[:len(fresh) // 2], ["cut off"]),
        ("mistyped", "peerlink:" + body[:middle] + swapped + body[middle + 1:], ["mistyped"]),
        ("a character that is none", "peerlink:" + body[:middle] + "0" + body[middle + 1:], ["mistyped"]),
        ("garbage", "peerlink:" + "z" * 60, ["link"]),
        ("very long", "x" * 9000, ["too long"]),
    ]:
        c.expect("add: " + what, bob.run("add", text), 1, *words)
    c.expect("add: a link from input that is too long", bob.run("add", "-", stdin="x" * 9000), 1, "too long")
    c.expect("add: own link", alice.run("add", fresh), 1, "own")
    c.expect("add: of a newer version", bob.run("add", future_link(fresh)), 1, "newer version")
    before = bob.json("contacts")
    again = bob.run("add", link)
    c.expect("add: a person who is a contact", again, 0, "contact already", "goes on")
    check(again.stdout.strip() in [contact["name"] for contact in before], "add of a contact did not print its name")
    check(bob.json("contacts") == before, "a link that was used before changed a contact")


def crc32c(text):
    crc = 0xFFFFFFFF
    for byte in text:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def future_link(link):
    """Version 2, with a head that holds: docs/protocol/invite.md says that every version's first block has this check."""
    data = bytearray(unb58_blocks(link.split(":", 1)[1]))
    check(data[6:8] == (crc32c(data[:6]) & 0xFFFF).to_bytes(2, "big"), "the head's check of a link")
    data[0] += 1
    data[6:8] = (crc32c(data[:6]) & 0xFFFF).to_bytes(2, "big")
    return "peerlink:" + b58_blocks(bytes(data))


def texts(c, bob):
    c.expect("unknown contact", bob.run("send", "Nobody", "x"), 1, "Nobody")
    c.expect("escape in a name", bob.run("send", "No\x1b[31mbody", "x"), 1, "No")
    c.expect("unknown contact, history", bob.run("history", "Nobody"), 1, "Nobody")
    c.expect("empty text", bob.run("send", "Alice", ""), 1, "no text")
    c.expect("empty input", bob.run("send", "Alice", "-"), 1, "no text")
    c.expect("too long", bob.run("send", "Alice", "x" * 60001), 1, "too long")
    c.expect("too long, from input", bob.run("send", "Alice", "-", stdin="x" * 60002), 1, "too long")
    c.expect("caller's id too long", bob.run("send", "Alice", "x", "--id", "i" * 129), 1, "128")
    for what, args, stdin in [("UTF-8", ["Alice", b"\xc3\x28"], b""), ("UTF-8, from input", ["Alice", "-"], b"\xff\xfe"),
                              ("UTF-8 of a name", [b"\xed\xa0\x80", "x"], b"")]:
        done = subprocess.run([PEERLINK, "--home", str(bob.home), "send", *args], env=bob.env, input=stdin, capture_output=True)
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        c.expect("invalid " + what, done, 1, "UTF-8")
    done = subprocess.run([PEERLINK, "--home", str(bob.home), "send", "Alice", "-"], env=bob.env, input=b"a\0b", capture_output=True)
    done.stderr = done.stderr.decode()
    c.expect("a zero byte", done, 1, "zero")
    check(bob.json("history", "Alice") == [], "something refused was sent")
    # 60,000 bytes are just right.
    bob.do("send", "Alice", "x" * 60000)
    bob.do("send", "Alice", "-", stdin="y" * 60000 + "\n")
    check([len(m["text"]) for m in bob.json("history", "Alice")] == [60000, 60000], "the longest text")


def this_build(c, bob):
    c.expect("no port", bob.run("up", "--web", "70000"), 2, "--web")
    c.expect("no port", bob.run("up", "--web", "x"), 2, "--web")
    c.expect("both kinds", bob.run("invite", "--address", "--inline"), 2, "exclude")
    c.expect("unknown method", bob.run("rpc", "frobnicate"), 1, "method")
    c.expect("unknown parameter", bob.run("rpc", "send", '{"contact":"Alice","text":"x","speed":1}'), 1, "known")
    c.expect("rename to nothing", bob.run("rename", "Alice", ""), 1, "empty")
    c.expect("by which way", bob.run("path", "Alice", "sideways"), 2, "auto", "relay-only")
    c.expect("whose way", bob.run("path", "Nobody", "auto"), 1, "Nobody")
    c.expect("through no relay", bob.run("path", "Alice", "relay-only"), 1, "no relay", "relay add")
    c.expect("through relays to an address", bob.run("add", bob.do("invite", "--inline"), "--relay-only"), 1, "leads to an address")
    bob.do("path", "Alice", "auto")
    c.expect("accept what did not ask", bob.run("accept", "Alice"), 1, "no request")
    c.expect("reject what did not ask", bob.run("reject", "Alice"), 1, "no request")
    c.expect("no name", bob.run("profile", "--name", ""), 1, "name is empty")
    c.expect("long about text", bob.run("profile", "--about", "x" * 501), 1, "too long", "500")


def relay_key(byte, version=1):
    """As docs/protocol/relay.md, section 1 says: of a relay that is nowhere, with a static of 32 times this byte."""
    body = bytes([version, 0]) + bytes([byte] * 32)
    return b58_blocks(body + crc32c(body).to_bytes(4, "big"))


def relay_address(host="127.0.0.1:9", version=1):
    return f"{host}#{relay_key(9, version)}"


def relays(c, bob):
    good = relay_address()
    key = good.split("#")[1]
    none = bob.run("relay", "list")
    c.expect("no relays", none, 0, "no relays", "relay add")
    for what, args, status, words in [
        ("what", ["frobnicate"], 2, ["relay list"]),
        ("add what", ["add"], 2, ["address"]),
        ("list what", ["list", good], 2, ["takes nothing"]),
        ("no address", ["add", "hello"], 1, ["relay's address", "HOST:PORT#KEY"]),
        ("empty", ["add", ""], 1, ["no relay's address"]),
        ("cut off", ["add", good[:-9]], 1, ["cut off"]),
        ("without key", ["add", "relay.example.org:7447"], 1, ["cut off"]),
        ("mistyped", ["add", good[:-1] + B58[(B58.index(good[-1]) + 1) % 58]], 1, ["mistyped"]),
        ("no port", ["add", "relay.example.org:70000#" + key], 1, ["relay's address"]),
        ("newer", ["add", relay_address(version=2)], 1, ["newer version"]),
        ("very long", ["add", "x" * 2000], 1, ["too long"]),
        ("an invite link", ["add", "peerlink:abc"], 1, ["relay's address"]),
        ("none of ours", ["remove", "relay.example.org:7447"], 1, ["none of your relays"]),
        ("test what", ["test", "hello"], 1, ["relay's address"]),
    ]:
        c.expect("relay: " + what, bob.run("relay", *args), status, *words)
    c.expect("lasting link without a relay", bob.run("invite", "--address"), 1, "needs a relay", "relay add")
    check(bob.do("relay", "add", "relay " + good + "\n") == "127.0.0.1:9", "add prints where it is")
    c.expect("added twice", bob.run("relay", "add", good), 0, "already")
    for i in range(7):
        bob.do("relay", "add", f"127.0.0.1:{10 + i}#{relay_key(20 + i)}")
    c.expect("too many", bob.run("relay", "add", f"127.0.0.1:9#{relay_key(99)}"), 1, "as many relays")
    for relay in bob.json("relay", "list"):
        bob.do("relay", "remove", relay["address"])
    check(bob.json("relay", "list") == [], "a relay is left")


def relays_at_start(c, world):
    peer = world.peer("Starting")
    peer.do("init", "--name", "Starting")
    for words, text in [(["relay's address"], "hello"), (["cut off"], relay_address()[:-5]), (["--relay"], "")]:
        c.expect("up --relay", peer.run("up", "--relay", relay_address(), "--relay", text), 2, *words)
    c.expect("up --relay too often", peer.run("up", *["--relay", relay_address()] * 9), 2, "--relay")
    check(not (peer.home / "lock").exists() or not peer.run("status").stdout, "a node was started")


def output(c, bob):
    """What was said did not arrive."""
    for args in (["id"], ["history", "Alice"], ["--json", "status"]):
        with open("/dev/full", "wb") as nowhere:
            done = subprocess.run([PEERLINK, "--home", str(bob.home), *args], env=bob.env, stdin=subprocess.DEVNULL,
                                  stdout=nowhere, stderr=subprocess.PIPE, text=True)
        c.expect("full output: " + args[0], done, 1, "output")


def in_use(c, world, alice, bob):
    c.expect("home in use", bob.run("up"), 1, "already")
    c.expect("home in use, detached", bob.run("up", "--detach"), 1, "already")
    other = world.peer("Other")
    other.do("init", "--name", "Other")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        c.expect("port in use", other.run("up", "--listen", f"127.0.0.1:{port}"), 1, str(port))
        c.expect("port in use, detached", other.run("up", "--detach", "--listen", f"127.0.0.1:{port}"), 1, str(port))
    c.expect("no such address", other.run("up", "--listen", "192.0.2.77:4000"), 1, "192.0.2.77")
    c.expect("no address", other.run("up", "--listen", "nonsense:x"), 1, "ADDR:PORT")


def config(c, world, peer):
    path = world.root / "node.ini"
    for text, line, words in [
        ("[node]\nlisten = :1\nspeed = 9\n", 3, ["speed"]),
        ("[nodes]\nudp = yes\n", 2, ["udp", "nodes"]),
        ("[node]\n\nudp = maybe\n", 3, ["yes or no"]),
        ("[log]\nlevel = loud\n", 2, ["level"]),
        ("[node]\nudp yes\n", 2, []),
    ]:
        path.write_text(text)
        c.expect(f"config {words}", peer.run("--config", str(path), "config", "check"), 1, f"node.ini:{line}:", *words)
        c.expect(f"config {words} of up", peer.run("--config", str(path), "up"), 1, f"node.ini:{line}:", *words)
    c.expect("no such config", peer.run("--config", str(world.root / "none.ini"), "config", "check"), 1, "none.ini")
    sample = pathlib.Path(__file__).resolve().parents[2] / "configs/node.ini"
    peer.do("--config", str(sample), "config", "check")


def database(home):
    files = [p for p in home.iterdir() if p.is_file() and p.stat().st_size > 8192]
    check(files, "no database found")
    return max(files, key=lambda p: p.stat().st_size)


def damaged(c, world):
    peer = world.peer("Damaged")
    peer.do("init", "--name", "Damaged")
    path = database(peer.home)
    good = path.read_bytes()
    path.write_bytes(os.urandom(len(good)))
    c.expect("corrupt database", peer.run("up"), 1, "damaged")
    c.expect("corrupt database, looked at", peer.run("history", "Bob"), 1, "damaged")
    path.write_bytes(good)
    key = peer.home / "key"
    saved = key.read_bytes()
    key.write_bytes(saved[:-3])
    c.expect("cut key file", peer.run("up"), 1, "damaged")
    key.write_bytes(saved)
    check(len(peer.do("id")) == 44, "the repaired home")


def locked(c, world):
    """Another program holds the store: SQLite's lock bytes (its file format, section 2.3 of "File Locking And Concurrency")."""
    peer = world.peer("Held")
    peer.do("init", "--name", "Held")
    with open(database(peer.home), "r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX, 1 << 20, 0x40000000)
        c.expect("locked disk", peer.run("up"), 1, "lock")
        c.expect("locked disk, looked at", peer.run("contacts"), 1, "lock")
    check(len(peer.do("id")) == 44, "the home is unharmed")


class SmallDisk:
    """A file system of its own, of this size; None where there can be none (not root)."""

    def __init__(self, world, name, size):
        self.path = world.folder(name)
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(self.path)], capture_output=True).returncode == 0

    def __enter__(self):
        return self.path if self.mounted else None

    def __exit__(self, *_):
        if not self.mounted:
            print("not tried without root: a full disk")
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.path)], check=True)


def full_at_init(c, world):
    with SmallDisk(world, "small", "64k") as folder:
        if folder:
            peer = Peer(world, "Full")
            peer.home = folder / "home"
            c.expect("full disk", peer.run("init", "--name", "Full"), 1)


def full_while_running(c, world, bob):
    """What was accepted is kept, what cannot be is refused, and all is well again when there is room."""
    with SmallDisk(world, "tight", "6m") as folder:
        if not folder:
            return
        peer = world.peer("Tight")
        peer.home = folder / "home"
        peer.do("init", "--name", "Tight")
        peer.up()
        befriend(bob, peer)
        bob.kill()
        peer.do("send", "Bob", "fits")
        with open(folder / "filler", "wb") as filler:
            try:
                while True:
                    filler.write(b"f" * 65536)
                    filler.flush()
            except OSError:
                pass
        accepted, refused = ["fits"], None
        for i in range(400):
            done = peer.run("send", "Bob", f"{i} " + "y" * 50000, timeout=120)
            if done.returncode != 0:
                refused = done
                break
            accepted.append(f"{i} " + "y" * 50000)
        check(refused, "a full disk takes everything")
        c.expect("full disk, running", refused, 1, "disk")
        os.unlink(folder / "filler")
        rpc = peer.rpc()
        sent = None
        while sent is None:
            try:
                sent = rpc.call("send", contact="Bob", text="after")
            except RpcError as error:
                check(error.name in ("STALLED", "BUSY"), str(error))
        rpc.close()
        texts_kept = [m["text"] for m in peer.history("Bob")]
        check(texts_kept[:len(accepted)] == accepted and texts_kept[-1] == "after", [t[:20] for t in texts_kept])
        check(len(texts_kept) <= len(accepted) + 2, "more was kept than was accepted")
        peer.down()
        bob.up()


def restoring(c, world, alice):
    backup, words, other = world.root / "backup", world.root / "words", world.root / "others"
    alice.do("backup", str(backup))
    words.write_text(alice.do("words"))
    peer = Peer(world, "Restored")
    peer.home = world.root / "restored"
    text = words.read_text().split()
    for what, content, expected in [("23 words", " ".join(text[:23]), ["24"]), ("no word", " ".join(text[:5] + ["peerlinkx"] + text[6:]), ["word 6"]),
                                    ("swapped words", " ".join([text[1], text[0]] + text[2:]), ["words"]), ("none", "", ["words"])]:
        if what == "swapped words" and text[0] == text[1]:
            continue
        other.write_text(content)
        c.expect("restore: " + what, peer.run("restore", str(backup), "--words-file", str(other)), 1, *expected)
    c.expect("restore: no file", peer.run("restore", str(world.root / "none"), "--words-file", str(words)), 1, "none")
    broken = bytearray(backup.read_bytes())
    broken[len(broken) // 2] ^= 1
    other.write_bytes(broken)
    c.expect("restore: damaged backup", peer.run("restore", str(other), "--words-file", str(words)), 1, "backup")
    other.write_text("hello")
    c.expect("restore: no backup", peer.run("restore", str(other), "--words-file", str(words)), 1, "backup")
    check(not peer.home.exists(), "a home was made for a backup that was refused")
    c.expect("restore over a profile", alice.run("restore", str(backup), "--words-file", str(words)), 1, "home")
    check(peer.do("restore", str(backup), "--words-file", str(words)) == alice.do("id"), "the restored PeerID")
    c.expect("backup into nowhere", alice.run("backup", str(world.root / "none" / "backup")), 1, "none")


def main():
    c = Checks()
    with World() as world:
        alice, bob = world.peer("Alice"), world.peer("Bob")
        usage(c, bob)
        no_profile(c, world)
        for peer in (alice, bob):
            peer.do("init", "--name", peer.name)
        c.expect("init twice", bob.run("init", "--name", "Bob"), 1, "already")
        no_node(c, bob)
        passphrases(c, world)
        relays_at_start(c, world)
        for peer in (alice, bob):
            peer.up()
        link = befriend(alice, bob)
        texts(c, bob)
        links(c, alice, bob, link)
        used_link(c, world, link)
        this_build(c, bob)
        relays(c, bob)
        output(c, bob)
        in_use(c, world, alice, bob)
        config(c, world, bob)
        damaged(c, world)
        locked(c, world)
        full_at_init(c, world)
        full_while_running(c, world, bob)
        restoring(c, world, alice)
        bob.down()
        alice.down()
    for line in c.failed:
        print(line, file=sys.stderr)
    print(f"{c.count} mistakes, {len(c.failed)} told wrongly")
    return 1 if c.failed else 0


def used_link(c, world, link):
    """The inviter says so to whoever comes second; the second one's contact shows it, and the first is unharmed."""
    carol = world.peer("Carol")
    carol.do("init", "--name", "Carol")
    carol.up()
    rpc = carol.rpc()
    rpc.call("watch")
    done = carol.run("add", link)
    if done.returncode == 0:
        name = done.stdout.strip()
        rpc.event(lambda e: e["event"] == "contact" and rpc.call("contacts")["contacts"][0]["state"] == "refused")
        check(carol.json("contacts")[0]["state"] == "refused", carol.json("contacts"))
        c.expect("send over a used link", carol.run("send", name, "x"), 1)
    else:
        c.expect("add: a used link", done, 1, "used")
    rpc.close()
    carol.down()


if __name__ == "__main__":
    sys.exit(main())
