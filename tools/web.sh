#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the page, apps/web/dist, from its locked packages; no package's own script is run. Does nothing if nothing has changed.
#
#   tools/web.sh [check]     check: the types as well
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
web=$here/apps/web
npm=$here/tools/npm.sh

say() { printf '%s\n' "web: $*" >&2; }

# packages FOLDER [OPTION]...: what its lock file names, if that is not there already.
packages() {
    folder=$1
    shift
    want=$({ cat "$folder/package-lock.json"; echo "$*"; } | sha256sum | cut -c1-32)
    if [ -f "$folder/node_modules/.peerlink" ] && [ "$(cat "$folder/node_modules/.peerlink")" = "$want" ]; then return 0; fi
    say "fetching the packages that $(basename "$folder") is built with ..."
    (cd "$folder" && "$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error "$@" >&2)
    printf '%s\n' "$want" >"$folder/node_modules/.peerlink"
}

built() {
    [ -f "$web/dist/index.html" ] && [ -z "$(find "$web/src" "$web/messages" "$web/public" "$web/project.inlang/settings.json" "$web/index.html" \
        "$web/vite.config.ts" "$web/svelte.config.js" "$web/package-lock.json" -newer "$web/dist/index.html" -type f | head -n 1)" ]
}

case ${1:-} in
check)
    packages "$web"
    # A build writes what the texts' functions are.
    "$here/tools/web.sh"
    cd "$web"
    node node_modules/svelte-check/bin/svelte-check --fail-on-warnings
    ;;
ui) packages "$here/tests/ui" ;;
'')
    built && exit 0
    # Packages of a check are good for a build as well.
    [ -d "$web/node_modules/svelte-check" ] || packages "$web" --omit=dev
    cd "$web"
    say "building the page ..."
    node node_modules/vite/bin/vite.js build --logLevel warn >&2
    # The C build looks at the file's time, not at what is in it.
    touch dist/index.html
    ;;
*)
    say "what is $1?"
    exit 2
    ;;
esac
