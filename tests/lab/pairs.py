# SPDX-License-Identifier: MIT
"""Pairs of classes, each run many times, several at once."""
import hashlib
import itertools
import json
import os
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import table
from pair import run
from router import CLASSES
from wanted import wanted

ROOT = pathlib.Path(__file__).resolve().parents[2]


def every(names):
    """Pairs of two classes that are named, of one with all, or all pairs."""
    pairs = list(itertools.combinations_with_replacement(CLASSES, 2))
    if len(names) == 2:
        return [tuple(names)]
    return [pair for pair in pairs if all(name in pair for name in names)]


def commit():
    """What the choice of a part depends on: the next commit's is another. PLK_LAB_SEED repeats one."""
    told = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    return os.environ.get("PLK_LAB_SEED") or told or "no commit"


def some(things, count, seed):
    """So many of them, by the seed; the same for the same seed."""
    return sorted(things, key=lambda thing: hashlib.sha256(f"{seed} {thing}".encode()).digest())[:count]


def chosen(options, things, what):
    if not options.some:
        return things
    seed = commit()
    print(f"{options.some} of {len(things)} {what}, by PLK_LAB_SEED={seed}", flush=True)
    return some(things, options.some, seed)


def known(path):
    """What an earlier run wrote there; this one goes on."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def keep(path, result):
    if path is not None:
        with open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps(result) + "\n")


def words(result):
    if result["failure"]:
        return f"FAILED: {result['failure']}"
    path = "/".join(str(word) for word in dict.fromkeys(result["path"]))
    direct = f"direct after {result['direct_ms']:.0f} ms" if result["direct_ms"] is not None else "not direct"
    return f"first after {result['first_ms']:.0f} ms, {direct}, {path}"


def main(options):
    results = known(options.out)
    pairs = chosen(options, every(options.names), "pairs")
    done = {pair: sum({r["a"], r["b"]} == set(pair) for r in results) for pair in pairs}
    # Each second run the other one writes first.
    runs = [pair[::-1] if number % 2 else pair for number in range(options.runs) for pair in pairs if done[pair] <= number]

    def one(pair):
        result = run(*pair, watch_s=options.wait, why=options.why)
        keep(options.out, result)
        text = json.dumps(result) if options.json else f"{pair[0]} - {pair[1]} ({wanted(*pair)}): {words(result)}"
        if options.why and not options.json:
            text = "\n".join([text, *result.get("why", [])])
        print(text, flush=True)
        return result

    with ThreadPoolExecutor(options.jobs) as pool:
        results += pool.map(one, runs)
    return table.judge(results, options)


def show(options):
    """The table of what was written before."""
    return table.judge([result for path in options.files for result in known(path)], options)
