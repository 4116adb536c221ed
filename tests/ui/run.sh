#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/ui/run.sh NAME [ARGUMENT]...: one test in a real browser; 77 where something that it needs is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
shift
if ! command -v node >/dev/null; then
    echo "SKIP: there is no node"
    exit 77
fi
exec node "$here/$name.mjs" "$@"
