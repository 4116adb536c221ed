#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The samples in configs/: each is read without a word of complaint, also with all that it leaves out put in, names all there
is, and shows the defaults."""
import json
import os
import pathlib
import re
import subprocess
import sys

from _peer import World, check

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
PEERLINK, RELAY = os.environ["PEERLINK"], os.environ["PEERLINK_RELAY"]


def program_of(text):
    """A node's may have a section [relay] as well."""
    return PEERLINK if "\n[node]\n" in text else RELAY


def read(path):
    done = subprocess.run([program_of(path.read_text()), "--config", str(path), "--json", "config", "check"], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and not done.stderr, f"{path}: {done}")
    return json.loads(done.stdout)


def main():
    count = 0
    with World() as world:
        for path in sorted(CONFIGS.rglob("*.ini")):
            check(read(path)["config"] == str(path), path)
            whole = world.root / "whole.ini"
            text = re.sub(r"(?m)^;(?=[a-z]+ = )", "", path.read_text())
            whole.write_text(text)
            read(whole)
            wrong = world.root / "wrong.ini"
            wrong.write_text(text + "speed = 1\n")
            done = subprocess.run([program_of(text), "--config", str(wrong), "config", "check"],
                                  capture_output=True, text=True, timeout=60)
            check(done.returncode == 1 and f"wrong.ini:{text.count(chr(10)) + 1}: " in done.stderr, done)
            count += 1
        told = set(re.findall(r"(?m)^;?([a-z]+) = ", (CONFIGS / "relay.ini").read_text()))
        options = subprocess.run([RELAY, "completion", "bash"], capture_output=True, text=True, timeout=60).stdout
        options = set(re.search(r"'config'\) words='([^']*)'", options)[1].split())
        # data and log are options of all commands.
        check(told == {o[2:] for o in options} | {"data", "log"}, (told, options))
    check(count >= 5, "samples are missing")
    print(f"{count} samples")


sys.exit(main())
