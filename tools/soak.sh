#!/bin/sh
# SPDX-License-Identifier: MIT
# For a night: 100,000 seeds, every fuzz target for ten minutes, the kill test again and again.
set -eu
cd "$(dirname "$0")/.."
seeds=${PLK_SOAK_SEEDS:-100000}
fuzz_s=${PLK_SOAK_FUZZ_S:-600}
kills=${PLK_SOAK_KILL_RUNS:-10}

echo "soak: seeds 1..$seeds"
./run seeds "1..$seeds"
echo "soak: fuzz targets, $fuzz_s s each"
./run fuzz "$fuzz_s"
run=0
while [ "$run" -lt "$kills" ]; do
    run=$((run + 1))
    echo "soak: kill test $run of $kills"
    ./run kill
done
echo "soak: done"
