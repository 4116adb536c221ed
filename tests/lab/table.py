# SPDX-License-Identifier: MIT
"""Results of pairs as a table: one row a pair; and whether the figures that are promised are met."""
import json
import sys
from collections import Counter

from net import DELAY_MS
from wanted import BEYOND_MS, FIRST_BEYOND_MS, FIRST_TRIPS, NONE, SHARE, TRIPS, wanted

TRIP_MS = 4 * DELAY_MS  # peer to peer and back, through the relay or not
HEAD = ["a", "b", "wanted", "runs", "failed", "first p50", "first p95", "direct", "direct p50", "direct p95", "path"]


def percentile(values, share):
    """The smallest value that this share of them does not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else None


def rows(results):
    """One object a pair, in the order of their first results."""
    pairs = {}
    for result in results:
        pairs.setdefault(frozenset((result["a"], result["b"])), []).append(result)
    return [row(runs) for runs in pairs.values()]


def row(runs):
    a, b = runs[0]["a"], runs[0]["b"]
    good = [r for r in runs if not r["failure"]]
    direct = [r["direct_ms"] - r["up_ms"] for r in good if r["direct_ms"] is not None]
    first = [r["first_ms"] for r in good]
    paths = Counter("/".join(str(word) for word in dict.fromkeys(r["path"])) for r in good)
    return {"a": a, "b": b, "wanted": wanted(a, b), "runs": len(runs), "failed": len(runs) - len(good),
            "first_p50_ms": percentile(first, 50), "first_p95_ms": percentile(first, 95), "direct": len(direct),
            "direct_p50_ms": percentile(direct, 50), "direct_p95_ms": percentile(direct, 95), "paths": dict(paths)}


def misses(found):
    """What a row lacks of what is promised (wanted.py)."""
    good, want = found["runs"] - found["failed"], found["wanted"]
    if not good:
        return
    limit = FIRST_TRIPS * TRIP_MS + FIRST_BEYOND_MS
    if found["first_p95_ms"] > limit:
        yield f"first message after {found['first_p95_ms']:.0f} ms, limit {limit}"
    if found["direct"] < SHARE[want] * good:
        yield f"direct in {found['direct']} of {good}"
    if want != NONE and found["direct"]:
        limit = TRIPS[want] * TRIP_MS + BEYOND_MS[want]
        if found["direct_p95_ms"] > limit:
            yield f"direct {found['direct_p95_ms']:.0f} ms after the link, limit {limit}"


def cells(found):
    def whole(value):
        return "" if value is None else f"{value:.0f}"

    paths = ", ".join(f"{word} {count}" if len(found["paths"]) > 1 else word for word, count in found["paths"].items())
    good = found["runs"] - found["failed"]
    return [found["a"], found["b"], found["wanted"], str(found["runs"]), str(found["failed"]), whole(found["first_p50_ms"]),
            whole(found["first_p95_ms"]), f"{found['direct']}/{good}", whole(found["direct_p50_ms"]),
            whole(found["direct_p95_ms"]), paths]


def text(found):
    lines = [HEAD, *map(cells, found)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def markdown(found):
    lines = [HEAD, ["---"] * len(HEAD), *map(cells, found)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def judge(results, options):
    """Prints it. Every message has to be there; the figures count where they are asked for."""
    found = rows(results)
    if options.json:
        print("\n".join(json.dumps(one) for one in found))
    else:
        print(markdown(found) if options.markdown else text(found))
    failed = sum(one["failed"] for one in found)
    missed = [(one, miss) for one in found for miss in misses(one)]
    for one, miss in missed:
        print(f"missed: {one['a']} - {one['b']} ({one['wanted']}): {miss}", file=sys.stderr)
    print(f"{sum(one['runs'] for one in found)} runs of {len(found)} pairs: {failed} failed, {len(missed)} figures missed",
          file=sys.stderr)
    return 1 if failed or not found or (missed and options.strict) else 0
