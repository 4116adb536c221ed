#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the tree to its rules. Prints one line a finding; the exit status is 1 if a rule is broken.

    tools/check/check.py [--root DIR] [--core LIBRARY] [RULE]...

A rule is a module beside this file with a function `check(tree)` that yields findings.
"""
import argparse
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
from tree import Tree  # noqa: E402

RULES = ["spdx", "layers", "size", "imports", "freestanding", "style", "labels"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = pathlib.Path(__file__).resolve()
    parser.add_argument("--root", type=pathlib.Path, default=here.parents[2])
    parser.add_argument("--core", type=pathlib.Path, help="the release build's libplk_core.a")
    parser.add_argument("rules", nargs="*", metavar="RULE", help=", ".join(RULES))
    args = parser.parse_args()
    root = args.root.resolve()
    tree = Tree(root, args.core or root / "build/release/libplk_core.a")
    broken = 0
    for name in args.rules or RULES:
        if name not in RULES:
            parser.error(f"no rule {name}; there are {', '.join(RULES)}")
        errors = 0
        for finding in importlib.import_module(name).check(tree):
            print(finding)
            errors += finding.error
        print(f"check {name}: {'%d broken' % errors if errors else 'holds'}", flush=True)
        broken += errors
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
