#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles SQLite3 Multiple Ciphers once for all presets, without sanitizers, from the locked npm package that carries its
# source, and prints the folder that then holds include/ and lib/. Progress goes to stderr. The folder's name is a hash of
# all that the result depends on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/peerlink

# One connection per thread, nothing of a message in a temporary or mapped file, deleted content overwritten, the one
# cipher that is used, and fdatasync: without it SQLite calls fsync, which writes a file's times too.
flags='-std=gnu11 -O2 -g -fPIC -w
-DSQLITE_THREADSAFE=2 -DSQLITE_DQS=0 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_TEMP_STORE=3 -DSQLITE_SECURE_DELETE=1
-DHAVE_FDATASYNC=1 -DSQLITE_DEFAULT_SYNCHRONOUS=2 -DSQLITE_DEFAULT_WAL_SYNCHRONOUS=2 -DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_USE_URI=0
-DSQLITE_ENABLE_FTS5=1 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS=1 -DSQLITE_TRACE_SIZE_LIMIT=32
-DSQLITE_OMIT_LOAD_EXTENSION=1 -DSQLITE_OMIT_DEPRECATED=1 -DSQLITE_OMIT_SHARED_CACHE=1
-DHAVE_CIPHER_AES_128_CBC=0 -DHAVE_CIPHER_AES_256_CBC=0 -DHAVE_CIPHER_SQLCIPHER=0 -DHAVE_CIPHER_RC4=0
-DHAVE_CIPHER_ASCON128=0 -DHAVE_CIPHER_AEGIS=0'

say() { printf '%s\n' "sqlite3mc: $*" >&2; }

key=$({ cat "$here/package-lock.json"; printf '%s\n' "$flags"; "$cc" -dumpmachine; "$cc" --version | head -n 1; } |
    sha256sum | cut -c1-16)
out=$cache/sqlite3mc-$key
if [ -f "$out/lib/libsqlite3mc.a" ]; then
    printf '%s\n' "$out"
    exit 0
fi

if ! command -v node >/dev/null; then
    say "node is missing: npm fetches the source (./run deps installs it; -DPLK_SYSTEM_SQLITE=ON builds without encryption)"
    exit 1
fi
mkdir -p "$cache"
# Two builds at once would both be right, but a minute of work is worth a lock where there is one.
if [ -z "${PLK_SQLITE3MC_LOCKED:-}" ] && command -v flock >/dev/null; then
    PLK_SQLITE3MC_LOCKED=1 exec flock "$cache/lock" "$0"
fi

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/package.json" "$here/package-lock.json" "$work/"
say "fetching the source (14 MB) ..."
(cd "$work" && "$here/../npm.sh" ci --ignore-scripts --engine-strict=false --no-audit --no-fund --loglevel=error >&2)
source=$work/node_modules/better-sqlite3-multiple-ciphers/deps/sqlite3
mkdir -p "$work/out/include" "$work/out/lib"
cp "$source/sqlite3.h" "$work/out/include/"
say "compiling, once for all builds (about a minute) ..."
# shellcheck disable=SC2086
"$cc" $flags -c "$source/sqlite3.c" -o "$work/sqlite3.o"
ar rcs "$work/out/lib/libsqlite3mc.a" "$work/sqlite3.o"
rm -rf "$out"
mv "$work/out" "$out"
say "done: $out"
printf '%s\n' "$out"
