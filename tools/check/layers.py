# SPDX-License-Identifier: MIT
"""Includes go down the layers only, never across a layer, never round in a ring; the core sees no system header."""
import re

from tree import Finding

LAYERS = [
    {"base"},
    {"crypto", "wire"},
    {"noise", "ratchet"},
    {"session", "path", "flight", "stream", "mail", "contact", "queue", "effect"},
    {"channel"},
    {"node", "relay"},
    {"host"},
    {"api", "peerlink"},  # include/peerlink is what api/ offers to C programs
    {"apps"},
]
LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}
CORE = LEVEL["host"]
# The compiler's own headers that hold no code.
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h"}
PLACES = ["src", "host", "api", "apps", "include"]
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
HOSTED = re.compile(r"\s*#\s*(ifdef\s+PLK_HOSTED|else|endif)\b")


def folder_of(path):
    """The folder whose layer counts: src/base/x.h -> base, host/x.h -> host, apps/peerlink/x.h -> apps."""
    parts = path.parts
    if parts[0] in ("src", "include"):
        return parts[1] if len(parts) == 3 else None
    return parts[0]


def resolve(tree, path, name):
    """The file that `#include "name"` means in `path`, relative to the root, or None."""
    root = tree.root
    places = [root / "src", root / "include", root]
    if path.parts[0] == "apps":
        places.insert(0, (root / path).parent)
    for place in places:
        if (place / name).is_file():
            return (place / name).resolve().relative_to(root.resolve())
    return None


def includes(tree, path):
    """(line number, is a system header, name), without what only a hosted build sees (`#ifdef PLK_HOSTED`)."""
    hosted = False
    for number, line in enumerate(tree.lines(path), 1):
        switch = HOSTED.match(line)
        if switch:
            hosted = switch.group(1).startswith("ifdef")
        match = INCLUDE.match(line)
        if match and not hosted:
            yield number, match.group(1) == "<", match.group(2)


def check_system(path, number, name, folder):
    if LEVEL[folder] >= CORE or name in FREESTANDING:
        return
    if re.fullmatch(r"sodium/\w+\.h", name):
        if folder != "crypto":
            yield Finding(path, number, f"<{name}>: only src/crypto includes libsodium")
    elif name.startswith("sodium"):
        yield Finding(path, number, f"<{name}>: single headers, <sodium/NAME.h>; this one draws in the system's")
    else:
        yield Finding(path, number, f"<{name}>: the core includes no system header")


def check_own(tree, path, number, name, folder, target):
    if target is None:
        yield Finding(path, number, f'"{name}" is no file of the tree (written as "folder/name.h")')
        return
    if path.parts[0] != "apps" and "/" not in name or ".." in name or name.startswith("src/"):
        yield Finding(path, number, f'"{name}": written as "folder/name.h", seen from src/ or the root')
    other = folder_of(target)
    if other not in LEVEL:
        yield Finding(path, number, f'"{name}" is in no layer')
    elif LEVEL[other] > LEVEL[folder]:
        yield Finding(path, number, f'"{name}": {folder} (L{LEVEL[folder]}) includes upwards, {other} is L{LEVEL[other]}')
    elif other != folder and LEVEL[other] == LEVEL[folder] and {folder, other} != {"api", "peerlink"}:
        yield Finding(path, number, f'"{name}": {folder} and {other} are of one layer and never include each other')
    elif folder == "apps" and other == "apps" and target.parts[1] not in (path.parts[1], "shared"):
        yield Finding(path, number, f'"{name}": one program includes another')


def rings(graph):
    """Each ring of includes once."""
    state, stack, found = {}, [], []

    def visit(path):
        state[path] = "open"
        stack.append(path)
        for target in graph.get(path, []):
            if state.get(target) == "open":
                found.append(stack[stack.index(target):] + [target])
            elif target not in state:
                visit(target)
        stack.pop()
        state[path] = "done"

    for path in sorted(graph):
        if path not in state:
            visit(path)
    return found


def check(tree):
    graph = {}
    for path in [p for place in PLACES for p in tree.files(".c", ".h", under=place)]:
        folder = folder_of(path)
        if folder not in LEVEL:
            yield Finding(path, 0, "is in no folder that has a layer (tools/check/layers.py lists them)")
            continue
        for number, system, name in includes(tree, path):
            if system:
                yield from check_system(path, number, name, folder)
            else:
                target = resolve(tree, path, name)
                yield from check_own(tree, path, number, name, folder, target)
                if target:
                    graph.setdefault(path, []).append(target)
    for ring in rings(graph):
        yield Finding(ring[0], 0, "includes itself: " + " -> ".join(str(path) for path in ring))
