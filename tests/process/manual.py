#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual page lists the commands and options that the program has; --write makes it so. It can be built, and says
`help` of each command what the table says."""
import json
import pathlib
import shutil
import subprocess
import sys

from _peer import PEERLINK, World, check

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/man/peerlink.1.scd"


def escape(text):
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("`", "\\`")


def option(entry):
    value = f" _{escape(entry['value'])}_" if entry["value"] else ""
    return f"*{entry['name']}*{value}"


def section(name, entries):
    return f"; {name} begin\n" + "\n".join(entries) + f"\n; {name} end"


def commands(entries):
    for entry in entries:
        words = f" _{escape(entry['args'])}_" if entry["args"] else ""
        options = "".join(f" [{option(o)}]" for o in entry["options"])
        text = [f"*{entry['name']}*{words}{options}", f"\t{escape(entry['help'][0].upper() + entry['help'][1:])}."]
        text += [f"\t{option(o)}: {escape(o['help'])}." for o in entry["options"]]
        yield "\n\n".join(["\n".join(text[:2])] + text[2:]) + "\n"


def page_with(text, name, entries):
    head, rest = text.split(f"; {name} begin\n")
    return head + section(name, entries) + rest.split(f"; {name} end", 1)[1]


def main():
    with World() as world:
        peer = world.peer("Nobody")
        table = [json.loads(line) for line in peer.do("help", "--json").splitlines()]
        entries = [e for e in table if e["name"]]
        globals_ = next(e for e in table if not e["name"])["options"]
        text = PAGE.read_text()
        wanted = page_with(text, "options", [f"{option(o)}\n\t{escape(o['help'])}.\n" for o in globals_])
        wanted = page_with(wanted, "commands", list(commands(entries)))
        if "--write" in sys.argv:
            PAGE.write_text(wanted)
            return 0
        check(text == wanted, "docs/man/peerlink.1.scd is not what the program says: run this with --write")
        overview = peer.do("help")
        for entry in entries:
            check(f"  {entry['name']}" in overview and entry["help"] in overview, f"help does not list {entry['name']}")
            said = peer.do("help", entry["name"])
            check(entry["name"] == "help" or said == peer.do(entry["name"], "--help"), f"--help of {entry['name']}")
            check(all(o["name"] in said and o["help"] in said for o in entry["options"]), f"help of {entry['name']}")
        check(peer.do("--version") == peer.do("version") and peer.do("--version").startswith("peerlink "), "version")
        check(not peer.home.exists(), "help made a home")
        if shutil.which("scdoc"):
            built = subprocess.run(["scdoc"], stdin=open(PAGE, "rb"), capture_output=True)
            check(built.returncode == 0 and b".TH" in built.stdout, f"scdoc: {built.stderr}")
        print(f"{len(entries)} commands in the manual")
    return 0


sys.exit(main())
