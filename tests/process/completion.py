#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completion, made out of each program's table: every shell that is here can read it, and bash proposes what the programs take."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from _peer import check

PROGRAMS = {"peerlink": os.environ["PEERLINK"], "peerlink-relay": os.environ["PEERLINK_RELAY"]}
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_${1//-/_}
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(name, shell, folder):
    done = subprocess.run([PROGRAMS[name], "completion", shell], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and done.stdout and not done.stderr, done)
    path = os.path.join(folder, f"{name}.{shell}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(done.stdout)
    return path


def proposed(path, *words):
    done = subprocess.run(["bash", "--norc", "-c", ASK, "bash", path, *words], capture_output=True, text=True, timeout=60,
                          cwd=os.path.dirname(path))
    check(done.returncode == 0 and not done.stderr, done)
    return set(done.stdout.split())


def bash(folder):
    node, relay = (script(name, "bash", folder) for name in PROGRAMS)
    os.mkdir(os.path.join(folder, "folder"))
    for path, words, wanted in [
        (node, ["peerlink", "sen"], {"send"}),
        (node, ["peerlink", "re"], {"remove", "rename", "requests", "reject", "restore", "relay", "react", "receipts"}),
        (node, ["peerlink", "relay", ""], {"list", "add", "remove", "test", "serve"}),
        (node, ["peerlink", "--home", "send", "relay", "a"], {"add"}),
        (node, ["peerlink", "relay", "add", ""], set()),
        (node, ["peerlink", "send", "Bob", "hello", "--wait", ""], {"sent", "stored", "delivered"}),
        (node, ["peerlink", "send", "Bob", "hello", "--id", ""], set()),
        (node, ["peerlink", "path", "Bob", ""], {"auto", "relay-only"}),
        (node, ["peerlink", "invite", "--in"], {"--inline"}),
        (node, ["peerlink", "--json", "up", "--re"], {"--relay"}),
        (node, ["peerlink", "--home", ""], {"folder"}),
        (node, ["peerlink", "restore", "fol"], {"folder"}),
        (node, ["peerlink", "help", "wor"], {"words"}),
        (node, ["peerlink", "completion", ""], {"bash", "zsh", "fish"}),
        (relay, ["peerlink-relay", "to"], {"token"}),
        (relay, ["peerlink-relay", "token", ""], {"new", "list", "revoke"}),
        (relay, ["peerlink-relay", "--data", "x", "--admit", ""], {"token", "open", "closed"}),
        (relay, ["peerlink-relay", "token", "new", "--q"], {"--queues", "--qr"}),
        (relay, ["peerlink-relay", "--metrics", ""], {"off"}),
        (relay, ["peerlink-relay", "config", ""], {"check"}),
        (relay, ["peerlink-relay", "--li"], {"--listen"}),
    ]:
        said = proposed(path, *words)
        check(said == wanted, f"{words}: {said}, not {wanted}")


def main():
    shells = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
    with tempfile.TemporaryDirectory() as folder:
        for name in PROGRAMS:
            for shell in ("bash", "zsh", "fish"):
                path = script(name, shell, folder)
                text = pathlib.Path(path).read_text(encoding="utf-8")
                check(name != "peerlink" or "auto relay-only" in text, f"{shell}: no words for `path`")
                if shell in shells:
                    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, timeout=60)
                    check(done.returncode == 0 and not done.stderr, done)
            done = subprocess.run([PROGRAMS[name], "completion", "tcsh"], capture_output=True, text=True, timeout=60)
            check(done.returncode == 2 and done.stderr.count("\n") == 1 and "tcsh" in done.stderr, done)
        if "bash" in shells:
            bash(folder)
    print("read by", ", ".join(shells) or "no shell that is here")


sys.exit(main())
