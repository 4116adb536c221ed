# SPDX-License-Identifier: MIT
"""The core compiles and links for an Android phone with nothing there: no libc, no headers, a stub for the allowed names."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import tempfile

import imports
from tree import Finding

TARGET = "--target=aarch64-linux-android24"
COMPILE = ["clang", TARGET, "-std=c11", "-O2", "-fPIC", "-ffreestanding", "-nostdlibinc", "-Wall", "-Wextra",
           "-Werror=implicit-function-declaration", "-c"]
LINK = ["clang", TARGET, "-shared", "-nostdlib", "-fuse-ld=lld", "-Wl,--no-undefined", "-Wl,--fatal-warnings"]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip() or f"{command[0]} failed"


def sodium_headers():
    done = subprocess.run(["pkg-config", "--variable=includedir", "libsodium"], capture_output=True, text=True)
    return pathlib.Path(done.stdout.strip() or "/usr/include") / "sodium"


def make_includes(folder):
    """libsodium's headers and nothing else. Some of them name <stdlib.h>, of which they use nothing: it is empty."""
    folder.mkdir()
    (folder / "sodium").symlink_to(sodium_headers())
    (folder / "stdlib.h").touch()


def make_stub(work, names):
    """An object that defines the names, so that a link without them fails for any other."""
    source = work / "stub.s"
    source.write_text("".join(f".globl {name}\n.type {name},%function\n{name}:\n" for name in sorted(names)) + " brk #1\n")
    return run(["clang", TARGET, "-c", str(source), "-o", str(work / "stub.o")])


def check(tree):
    missing = [tool for tool in ("clang", "ld.lld", "nm") if not shutil.which(tool)]
    if missing:
        yield Finding("tools/check/freestanding.py", 0, f"needs {', '.join(missing)} (./run deps check)")
        return
    sources = tree.files(".c", under="src")
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        make_includes(work / "include")
        objects = [work / (str(path).replace("/", "-") + ".o") for path in sources]
        flags = ["-isystem", str(work / "include"), "-I", str(tree.root / "src"), "-I", str(tree.root / "include")]
        commands = [COMPILE + flags + [str(tree.root / s), "-o", str(o)] for s, o in zip(sources, objects)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            failures = list(pool.map(run, commands))
        broken = [(path, failure) for path, failure in zip(sources, failures) if failure]
        for path, failure in broken:
            yield Finding(path, 0, "does not compile freestanding for arm64:\n" + failure)
        if broken or not objects:
            return
        allowed = {n for o in objects for _, n in imports.symbols(o, "-u") if imports.ALLOWED.fullmatch(n)}
        failure = make_stub(work, allowed) or run(
            LINK + [str(o) for o in objects] + [str(work / "stub.o"), "-o", str(work / "core.so")])
        if failure:
            yield Finding("src", 0, "does not link freestanding for arm64:\n" + failure)
