#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo tells its story, takes what it says that one may paste, ends with status 0 on Ctrl-C and at the end of input,
and leaves nothing behind."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from _peer import PEERLINK, check, need_program

DEMO = pathlib.Path(__file__).resolve().parents[2] / "tools/demo.sh"
STORY = [r"^1\. A relay", r"127\.0\.0\.1:\d+#\w+", r"^2\. ", r"^3\. .*link", r"peerlink:\w+", r"^4\. .*hello", r"delivered in \d+ ms",
         r"Bob: hello", r"^6\. .*safety number", r"^7\. .*SIGKILL", r"you: see you at eight  \(kept for Bob on a relay\)",
         r"^8\. .*goes", r"Alice: see you at eight", r"^9\. The relay", r"0 bytes", r"^10\. ", r"\(delivered\)", r"^11\. Your turn"]


class Demo:
    def __init__(self, folder):
        env = {**os.environ, "PEERLINK": PEERLINK, "TMPDIR": folder}
        self.process = subprocess.Popen([str(DEMO)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.start = time.monotonic()

    def story(self):
        text = ""
        for line in self.process.stdout:
            text += line
            if "Ctrl-C" in line:
                break
        self.seconds = time.monotonic() - self.start
        at = 0
        for wanted in STORY:
            found = re.compile(wanted, re.MULTILINE).search(text, at)
            check(found, f"the story lacks {wanted!r} after:\n{text[:at]}\nin\n{text}")
            at = found.start()
        return text

    def end(self):
        rest = self.process.stdout.read()
        status = self.process.wait(timeout=60)
        check(status == 0, f"status {status}: {rest}")
        return rest


def nodes_in(folder):
    """Processes that were started with something of this folder on their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = pathlib.Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            continue
        if folder.encode() in words:
            found.append(pid)
    return found


def main():
    need_program()
    with tempfile.TemporaryDirectory(prefix="plk-demo-") as folder:
        demo = Demo(folder)
        text = demo.story()
        check(demo.seconds < 30, f"the story took {demo.seconds:.0f} s")
        lines = [line.strip() for line in text.splitlines() if line.strip().startswith("XDG_RUNTIME_DIR=")]
        pasted = [line for line in lines if " chat " in line]
        check(len(pasted) == 2 and sum(line.endswith(" open") for line in lines) == 2, f"commands to paste: {lines}")
        chat = subprocess.run(["sh", "-c", pasted[0]], input="pasted\n", capture_output=True, text=True, timeout=60)
        check(chat.returncode == 0, chat)
        chat = subprocess.run(["sh", "-c", pasted[1] + " >/dev/null"], input="", capture_output=True, text=True, timeout=60)
        check(chat.returncode == 0, chat)
        check(nodes_in(folder), "the nodes run until the end")
        demo.process.stdin.close()
        demo.end()
        check(not nodes_in(folder) and not os.listdir(folder), f"left: {nodes_in(folder)} {os.listdir(folder)}")

        demo = Demo(folder)
        demo.story()
        os.killpg(demo.process.pid, signal.SIGINT)  # as a terminal does
        demo.end()
        check(not nodes_in(folder) and not os.listdir(folder), f"left: {nodes_in(folder)} {os.listdir(folder)}")

        demo = Demo(folder)  # and in the middle of the story
        for line in demo.process.stdout:
            if line.startswith("3."):
                break
        os.killpg(demo.process.pid, signal.SIGINT)
        demo.end()
        check(not nodes_in(folder) and not os.listdir(folder), f"left: {nodes_in(folder)} {os.listdir(folder)}")
        print("the demo begins and ends well")


main()
