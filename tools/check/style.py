# SPDX-License-Identifier: MIT
"""The C files are as .clang-format says (clang-format 14, Debian 12's)."""
import re
import shutil
import subprocess

from tree import Finding

WARNING = re.compile(r"(.+?):(\d+):\d+: (?:error|warning): code should be clang-formatted")


def check(tree):
    paths = [p for p in tree.files(".c", ".h")]
    if not shutil.which("clang-format"):
        yield Finding(".clang-format", 0, "needs clang-format (./run deps check)")
        return
    if not paths:
        return
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, paths)], cwd=tree.root,
                          capture_output=True, text=True)
    seen = {}
    for match in map(WARNING.match, done.stderr.splitlines()):
        if match:
            seen.setdefault(match.group(1), []).append(int(match.group(2)))
    for path, lines in seen.items():
        yield Finding(path, lines[0], f"{len(lines)} places are not as `clang-format -i {path}` leaves them")
    if done.returncode and not seen:
        yield Finding(".clang-format", 0, "clang-format failed: " + done.stderr.strip()[:300])
