#!/bin/sh
# SPDX-License-Identifier: MIT
# The page can be built with Debian 12's own nodejs, 18, whichever is installed here: that one is unpacked beside it, fetches the locked
# packages with an npm that it can run, and builds; the same files come out as lie in apps/web/dist. Needs apt-get, and Debian 12's lists.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
# Debian's node looks for parts of itself in /usr/share/nodejs. That name is written anew within it: this one is as long.
share=$(mktemp -d /tmp/plkXXXXXXXXX)
work=$(mktemp -d)
trap 'rm -rf "$share" "$work"' EXIT
trap 'exit 1' HUP INT TERM

debian() {
    cd "$work"
    version=$(apt-cache madison nodejs | awk '$3 ~ /^18\./ { print $3; exit }')
    [ -n "$version" ] || { echo "nodejs18.sh: there is no nodejs 18 in apt's lists (Debian 12's; apt-get update)" >&2; exit 1; }
    # All of it that is not in /usr/lib here anyway.
    apt-get -qq -o APT::Sandbox::User=root download "nodejs=$version" "libnode108=$version" libuv1 libc-ares2 libnghttp2-14 libbrotli1 libicu72 libssl3 \
        node-acorn node-cjs-module-lexer node-undici node-busboy node-xtend
    for package in ./*.deb; do dpkg -x "$package" "$work/root"; done
    lib=$(dirname "$(find "$work/root/usr/lib" -name 'libnode.so.108')")
    cp -r "$work/root/usr/share/nodejs/." "$share"
    sed -i "s#/usr/share/nodejs/#$share/#g" "$lib/libnode.so.108"
    mkdir "$work/bin"
    printf '#!/bin/sh\nexport LD_LIBRARY_PATH="%s"\nexec "%s/root/usr/bin/node" "$@"\n' "$lib" "$work" >"$work/bin/node"
    # And no npm that is for newer ones: tools/npm.sh has its own, 9, then.
    printf '#!/bin/sh\nexit 1\n' >"$work/bin/npm"
    chmod +x "$work/bin/node" "$work/bin/npm"
    PATH=$work/bin:$PATH
}

case $(node --version 2>/dev/null || true) in
v18.*) ;;
*) debian ;;
esac
tree=$work/tree
mkdir -p "$tree/apps"
cp -r "$root/tools" "$tree/tools"
(cd "$root/apps" && tar -cf - --exclude=node_modules --exclude=dist --exclude=.paraglide web) | (cd "$tree/apps" && tar -xf -)
"$tree/tools/web.sh"
diff -r "$root/apps/web/dist" "$tree/apps/web/dist"
echo "nodejs $(node --version) and npm $("$tree/tools/npm.sh" --version) build the page, and the same files come out"
