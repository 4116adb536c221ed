#!/bin/sh
# SPDX-License-Identifier: MIT
# The simulator of this tree for arm64, made by Debian's cross compiler and run by qemu's user mode: the same seeds must give the
# same traces as on this machine, byte for byte. tools/arm64.sh WORK SIM [A..B]; SIM is this machine's own.
set -eu
cd "$(dirname "$0")/.."
work=$1
here=$2
range=${3:-1..6}
cc=aarch64-linux-gnu-gcc

say() { echo "arm64: $*"; }

# libsodium for arm64 from the machine's own Debian sources, with lists of apt kept here, so that the machine itself
# never learns of a foreign architecture.
sodium() {
    [ ! -e "$work/root/usr/include/sodium.h" ] || return 0
    say "fetching libsodium for arm64 ..."
    mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/root"
    : >"$work/apt/status"
    apt_arm64() {
        apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
            -o Dir::State::Lists="$work/apt/lists" -o Dir::State::Status="$work/apt/status" \
            -o Dir::Cache="$work/apt" -o Dir::Cache::Archives="$work/apt/archives" "$@"
    }
    apt_arm64 update
    (cd "$work/apt" && apt_arm64 download libsodium-dev)
    dpkg-deb -x "$work"/apt/libsodium-dev_*_arm64.deb "$work/root"
}

compile() {
    say "building ..."
    mkdir -p "$work/objects"
    find src tests/sim -name '*.c' | while read -r file; do
        case $file in tests/*) hosted=-DPLK_HOSTED ;; *) hosted=-ffreestanding ;; esac
        echo "$hosted $file $work/objects/$(echo "$file" | tr / -).o"
    done | xargs -P "$(nproc)" -L 1 sh -c "$cc -std=c11 -O2 -Wall -Werror -D_GNU_SOURCE \"\$0\" -Isrc -Itests -Iinclude \
        -isystem $work/root/usr/include -c \"\$1\" -o \"\$2\""
    # The other programs of the folder have a main of their own.
    mains=$(find tests/sim -name '*_main.c' ! -name sim_main.c | tr / -)
    for main in $mains; do rm -f "$work/objects/$main.o"; done
    $cc -static "$work"/objects/*.o "$work/root/usr/lib/aarch64-linux-gnu/libsodium.a" -pthread -o "$work/sim"
}

# compare SCENARIO RANGE
compare() {
    ours=$("$here" --seeds "$2" --scenario "$1" --jobs "$(nproc)" | grep '^trace hash')
    theirs=$(qemu-aarch64 "$work/sim" --seeds "$2" --scenario "$1" --jobs "$(nproc)" | grep '^trace hash')
    if [ "$ours" != "$theirs" ]; then
        say "arm64 disagrees on seeds $2 of $1: $ours here, $theirs there"
        exit 1
    fi
    say "arm64 agrees on seeds $2 of $1: $ours"
}

sodium
compile
for scenario in chaos rollback relays nats; do compare "$scenario" "$range"; done
