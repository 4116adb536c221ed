#!/bin/sh
# SPDX-License-Identifier: MIT
# For a night: 100,000 seeds of the simulator, 10,000 in which stores are rolled back, 10,000 behind NATs; every fuzz target for ten
# minutes; the kill test again and again. It tells how far it is, goes on where it was stopped, and ends with what was found. An argument is
# another range of seeds; "fresh" forgets what was done before.
set -eu
cd "$(dirname "$0")/.."
range=1..100000
dir=${PLK_SOAK_DIR:-build/soak}
piece=${PLK_SOAK_PIECE:-1000}
fuzz_s=${PLK_SOAK_FUZZ_S:-600}
kills=${PLK_SOAK_KILL_RUNS:-10}
sim=${PLK_SOAK_SIM:-build/release/sim}

for argument in "$@"; do
    case $argument in
    fresh) rm -rf "$dir" ;;
    *..*) range=$argument ;;
    *)
        echo "usage: ./run soak [FROM..TO] [fresh]" >&2
        exit 2
        ;;
    esac
done
first=${range%%..*}
last=${range##*..}
if ! [ "$first" -ge 1 ] 2>/dev/null || ! [ "$last" -ge "$first" ] 2>/dev/null; then
    echo "soak: $range is no range of seeds" >&2
    exit 2
fi

# One line for each piece that is done: what, from, to, passed, failed, seconds. The failures themselves are beside it.
log=$dir/log-$range
failures=$dir/failures-$range
child= # what runs at the moment
mkdir -p "$dir"
touch "$log" "$failures"

say() { echo "soak: $*"; }
column() { awk -v what="$1" -v at="$2" '$1 == what { sum += $at } END { print sum + 0 }' "$log"; }
is_done() { awk -v what="$1" -v from="$2" '$1 == what && $2 == from { found = 1 } END { exit !found }' "$log"; }

summary() {
    say "$(column chaos 4) seeds passed, $(column chaos 5) failed; rolled back: $(column rollback 4) passed, $(column rollback 5) failed; behind NATs: $(column nats 4) passed, $(column nats 5) failed"
    say "as on arm64: $(column arm64 4); fuzzing: $(column fuzz 4) rounds passed, $(column fuzz 5) failed; kill test: $(column kill 4) passed, $(column kill 5) failed"
    [ ! -s "$failures" ] || { say "what failed:"; cat "$failures"; }
}

stopped() {
    trap - INT TERM
    [ -z "$child" ] || kill "$child" 2>/dev/null || true
    echo
    summary
    say "stopped; ./run soak $range goes on with what is missing"
    exit 130
}
trap stopped INT TERM

# seeds SCENARIO FROM TO: one piece, unless it was done.
seeds() {
    is_done "$1" "$2" && return 0
    begun=$(date +%s)
    "$sim" --seeds "$2..$3" --scenario "$1" --jobs "$(nproc)" >"$dir/out" 2>&1 &
    child=$!
    wait "$child" || true
    result=$(tail -n 1 "$dir/out")
    passed=${result%% passed*}
    failed=${result##*, }
    failed=${failed%% failed}
    case $passed$failed in
    *[!0-9]* | '')
        say "the simulator itself failed: $result"
        exit 1
        ;;
    esac
    grep -E '^(FAILED|seed [0-9]+ failed)' "$dir/out" | tee -a "$failures" || true
    echo "$1 $2 $3 $passed $failed $(($(date +%s) - begun))" >>"$log"
}

# again WHAT ROUND COMMAND...: one round of something else, unless it was done.
again() {
    what=$1
    round=$2
    shift 2
    is_done "$what" "$round" && return 0
    say "$what, round $round"
    begun=$(date +%s)
    passed=1
    "$@" >"$dir/out" 2>&1 &
    child=$!
    wait "$child" || passed=0
    if [ "$passed" = 0 ]; then
        echo "FAILED $* (the end of what it said: $dir/$what-$round)" | tee -a "$failures"
        tail -n 200 "$dir/out" >"$dir/$what-$round"
    fi
    echo "$what $round $round $passed $((1 - passed)) $(($(date +%s) - begun))" >>"$log"
}

[ ! -s "$log" ] || say "goes on: $(($(column chaos 4) + $(column chaos 5))) of $((last - first + 1)) seeds are done"
at=$first
while [ "$at" -le "$last" ]; do
    to=$((at + piece - 1))
    [ "$to" -le "$last" ] || to=$last
    tenth=$((at + (to - at) / 10))
    seeds chaos "$at" "$to"
    seeds rollback "$at" "$tenth"
    seeds nats "$at" "$tenth"
    spent=$(($(column chaos 6) + $(column rollback 6) + $(column nats 6)))
    left=$((spent * (last - to) / (to - first + 1) / 60))
    say "seeds up to $to of $last, $(wc -l <"$failures") failed, $((spent / 60)) minutes, about $left to go"
    at=$((to + 1))
done
again arm64 1 ./run arm64
[ "$fuzz_s" = 0 ] || again fuzz 1 ./run fuzz "$fuzz_s"
round=0
while [ "$round" -lt "$kills" ]; do
    round=$((round + 1))
    again kill "$round" ./run kill
done
say "done"
summary
[ ! -s "$failures" ]
