#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# An operator and her relay: it says where it is, answers STUN, counts, hands out tokens and takes them back, survives being
# killed, and says in one line what is wrong.
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import urllib.error
import urllib.request

PROGRAM = os.environ["PEERLINK_RELAY"]
PEERLINK = os.environ["PEERLINK"]
MAGIC = 0x2112A442
LINE = re.compile(r"^relay (127\.0\.0\.1):(\d+)#([1-9A-HJ-NP-Za-km-z]+)$")


def run(*args, status=0):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (args, done)
    if status != 0:
        assert done.stdout == "" and re.fullmatch(r"peerlink-relay: [^\n]+\n", done.stderr), (args, done)
    return done


def start(data, *args):
    relay = subprocess.Popen([PROGRAM, "--data", data, "--listen", "127.0.0.1:0", *args], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    line = relay.stdout.readline().rstrip("\n")
    found = LINE.match(line)
    assert found, (line, relay.poll(), relay.stderr.read() if relay.poll() is not None else "")
    return relay, int(found[2]), found[3]


def end(relay, number=signal.SIGTERM):
    relay.send_signal(number)
    relay.wait(timeout=60)
    assert relay.returncode == (0 if number != signal.SIGKILL else -9), (relay.returncode, relay.stderr.read())
    relay.stdout.close()
    relay.stderr.close()


def mapped(port):
    """What a STUN Binding request is told of its own address (RFC 8489, section 14.2)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind(("127.0.0.1", 0))
        asker.connect(("127.0.0.1", port))  # hears nothing that comes from another port
        asker.settimeout(30)
        number = os.urandom(12)
        asker.send(struct.pack("!HHI", 1, 0, MAGIC) + number)
        answer = asker.recv(2048)
        assert len(answer) <= 100 and answer[:2] == b"\x01\x01" and answer[8:20] == number, answer
        at = 20
        while at < len(answer):
            kind, length = struct.unpack_from("!HH", answer, at)
            if kind == 0x0020:
                family, seen, ip = struct.unpack_from("!HHI", answer, at + 4)
                assert family == 1 and ip ^ MAGIC == 0x7F000001
                assert seen ^ MAGIC >> 16 == asker.getsockname()[1]
                return
            at += 4 + (length + 3) // 4 * 4
        raise AssertionError("no XOR-MAPPED-ADDRESS")


def get(port, path, status=200):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            assert answer.status == status
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        assert error.code == status, (path, error)
        return ""


def figure(port, name):
    return int(re.search(rf"^peerlink_relay_{name} (\d+)$", get(port, "/metrics"), re.M)[1])


def tokens(data):
    return {t["id"]: t for t in json.loads(run("token", "list", "--data", data, "--json").stdout)["tokens"]}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tells_and_counts(data):
    metrics = free_port()
    relay, port, key = start(data, "--metrics", str(metrics))
    mapped(port)
    mapped(port + 1)
    assert figure(metrics, "stun_total") == 2
    assert get(metrics, "/healthz") == "ok\n"
    get(metrics, "/other", status=404)
    status = json.loads(run("status", "--data", data, "--json").stdout)
    assert status["counters"]["stun"] == 2 and status["name"].startswith(f"127.0.0.1:{port}#"), status
    in_use = run("--data", data, "--listen", "127.0.0.1:0", status=1)
    assert "in use" in in_use.stderr or "running" in in_use.stderr, in_use
    end(relay)
    run("status", "--data", data, status=1)
    return key


def answers_a_client(data):
    """peerlink relay test: hello, over UDP and TCP, proves the key."""
    relay, port, key = start(data)
    name = f"127.0.0.1:{port}#{key}"
    done = subprocess.run([PEERLINK, "relay", "test", name, "--json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    told = json.loads(done.stdout)
    assert told["udp"]["answered"] and told["tcp"]["answered"] and told["admission"] == "token", told
    assert abs(told["clock_ms"]) < 60000 and told["seen"].startswith("127.0.0.1:"), told
    words = subprocess.run([PEERLINK, "relay", "test", "relay " + name], capture_output=True, text=True, timeout=60)
    assert words.returncode == 0 and "UDP: answers after" in words.stdout, words
    status = json.loads(run("status", "--data", data, "--json").stdout)
    assert status["counters"]["hellos"] == 4, status
    wrong = subprocess.run([PEERLINK, "relay", "test", name[:-3] + "111"], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 1 and wrong.stderr.count("\n") == 1, wrong
    end(relay)
    gone = subprocess.run([PEERLINK, "relay", "test", name], capture_output=True, text=True, timeout=60)
    assert gone.returncode == 1 and "no answer" in gone.stderr, gone


def hands_out_tokens(data, first_key):
    relay, _, key = start(data)
    assert key == first_key, "the same key and first token after a restart"
    first = tokens(data)
    assert len(first) == 1 and list(first.values())[0]["queues"] == 0
    made = json.loads(run("token", "new", "--data", data, "--queues", "7", "--json").stdout)
    assert made["name"].split("#")[1] != key and made["queues"] == 7
    end(relay, signal.SIGKILL)  # what was said is on the disk
    assert set(tokens(data)) == set(first) | {made["id"]}  # asked of the data, without a relay
    run("token", "revoke", made["id"], "--data", data)
    another = run("token", "new", "--data", data).stdout
    assert re.fullmatch(r"127\.0\.0\.1:\d+#\w+\n", another), another
    relay, _, key = start(data)
    assert key == first_key
    assert tokens(data)[made["id"]]["revoked"] and not tokens(data)[list(first)[0]]["revoked"]
    run("token", "revoke", list(first)[0], "--data", data)
    assert tokens(data)[list(first)[0]]["revoked"]
    run("token", "revoke", "0123456789", "--data", data, status=1)
    run("token", "revoke", "xyz", "--data", data, status=1)
    end(relay, signal.SIGINT)


def reads_its_config(data):
    """Options from a file: the command line wins, SIGHUP reads it again, what is wrong is told with its line and not taken."""
    path = os.path.join(data, "relay.ini")

    def write(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def hup(relay, words):
        relay.send_signal(signal.SIGHUP)
        line = relay.stderr.readline()
        assert words in line, line

    def told(port):
        name = json.loads(run("status", "--data", data, "--json").stdout)["name"]
        key = name.split("#")[1]
        done = subprocess.run([PEERLINK, "relay", "test", f"127.0.0.1:{port}#{key}", "--json"], capture_output=True,
                              text=True, timeout=60)
        return name.rsplit(":", 1)[0], json.loads(done.stdout)["admission"]

    write(f"; a relay\n[relay]\ndata = {data}\nlisten = 127.0.0.1:1\nlisten = 127.0.0.1:2\nadmit = token\nmetrics = off\n")
    checked = json.loads(run("config", "check", "--config", path, "--json").stdout)
    assert checked == {"config": path, "data": data, "listen": ["127.0.0.1:1", "127.0.0.1:2"]}, checked
    assert "nothing is wrong" in run("config", "check", "--config", path).stdout
    relay, port, _ = start(data, "--config", path)
    assert told(port) == ("127.0.0.1", "token")
    assert run("status", "--config", path).stdout.startswith("127.0.0.1:")
    write(f"[relay]\ndata = {data}\npublic = relay.example.org\nadmit = open\n")
    hup(relay, "were read again")
    assert told(port) == ("relay.example.org", "open")
    token = run("token", "new", "--config", path, "--qr").stdout.splitlines()
    assert token[0].startswith(f"relay.example.org:{port}#") and len(token) > 10, token
    for text, words in ((f"[relay]\ndata = {data}\nadmit = all\n", "relay.ini:3: `admit`"),
                        (f"[relay]\ndata = {data}\npublic = no host\n", "--public")):
        write(text)
        hup(relay, words)
        assert told(port) == ("relay.example.org", "open")
    write(f"[relay]\ndata = {data}\nadmit = closed\nlisten = 127.0.0.1:9\n")
    hup(relay, "with the next start")
    assert told(port) == ("127.0.0.1", "closed")
    end(relay)
    for text, line, words in (("[relay]\nspeed = 1\n", 2, "is not known"), ("admit = open\n", 1, "is not known"),
                              ("[relay]\n\nadmit = all\n", 3, "takes token, open or closed"), ("[relay]\nwhat\n", 2, "neither"),
                              ("[relay]\ndisk = 0\n", 2, "takes a number of MiB"), ("[relay]\nconfig = x\n", 2, "is not known"),
                              ("[relay]\nstore = mysql://user:word@host/name\n", 2, "sqlite or postgresql"),
                              ("[relay]\nlisten = x\n" + "listen = y\n" * 16, 18, "too often")):
        write(text)
        for args in (("config", "check"), ()):
            wrong = run(*args, "--data", data, "--config", path, status=1).stderr
            assert f"relay.ini:{line}: " in wrong and words in wrong, (text, wrong)
    os.unlink(path)
    assert "relay.ini" in run("config", "check", "--data", data, "--config", path, status=1).stderr


def says_what_is_wrong(data, other):
    name = run("token", "new", "--data", data).stdout.strip()
    for args in ([], ["--data"], ["--data", ""], ["--what", "x"], ["--data", data, "--listen"], ["serve", "--data", data],
                 ["--data", data, "--admit", "all"], ["--data", data, "--metrics", "70000"],
                 ["--data", data, "--clients", "0"], ["--data", data, "--memory", "lots"],
                 ["--data", data, "--public", "no host", "--listen", "127.0.0.1:0"],
                 ["token", "--data", data], ["token", "forget", "--data", data], ["token", "revoke", "--data", data],
                 ["token", "new", "--queues", "-1", "--data", data], ["a", "b", "c", "d"],
                 ["config", "--data", data], ["config", "frobnicate", "--data", data], ["status", "x", "--data", data],
                 ["status", "--qr", "--data", data], ["completion", "tcsh"], ["config", "check"],
                 ["--data", data, "--store", "mysql://user:word@host/name"], ["--data", data, "--store", "papyrus"],
                 ["--data", data, "--bootstrap", "somewhere"],
                 ["--data", data] + 9 * ["--bootstrap", name]):
        run(*args, status=2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        run("--data", data, "--listen", f"127.0.0.1:{port}", status=1)
        run("--data", data, "--listen", f"127.0.0.1:{port - 1}", status=1)  # its neighbour
    for listen in ("192.0.2.1:7447", "somewhere", "127.0.0.1:70000"):
        run("--data", data, "--listen", listen, status=1)
    run("token", "list", "--data", os.path.join(other, "nothing"), status=1)
    with open(os.path.join(other, "store.db"), "wb") as broken:
        broken.write(os.urandom(8192))
    os.chmod(other, 0o700)
    run("--data", other, "--listen", "127.0.0.1:0", status=1)
    assert run("--version").stdout.startswith("peerlink-relay ")
    with open(os.path.join(os.path.dirname(__file__), "../../docs/man/peerlink-relay.1.scd"), encoding="utf-8") as page:
        told = set(re.findall(r"--[a-z]+", page.read()))
    known = set(re.findall(r"--[a-z]+", run("--help").stdout)) - {"--relay"}  # peerlink's
    assert told == known, (told, known)


def main():
    data, other = tempfile.mkdtemp(), tempfile.mkdtemp()
    try:
        key = tells_and_counts(data)
        answers_a_client(data)
        hands_out_tokens(data, key)
        reads_its_config(data)
        says_what_is_wrong(data, other)
    finally:
        shutil.rmtree(data)
        shutil.rmtree(other)


main()
