#!/bin/sh
# SPDX-License-Identifier: MIT
# npm, whichever way there is one: its own, if it is installed and not too old; else the one file that npm is, from the registry,
# of a pinned version and hash, run by node. Debian's package of it brings hundreds of others along.
#
#   tools/npm.sh ARGUMENT...
set -eu
least=9
version=9.9.4
hash=sha512-NzcQiLpqDuLhavdyJ2J3tGJ/ni/ebcqHVFZkv1C4/6lblraUPbPgCJ4Vhb4oa3FFhRa2Yj9gA58jGH/ztKueNQ==
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/peerlink

if command -v npm >/dev/null; then
    there=$(npm --version 2>/dev/null | sed 's/\..*//')
    if [ "${there:-0}" -ge "$least" ]; then exec npm "$@"; fi
fi
if ! command -v node >/dev/null; then
    echo "npm.sh: there is no node (./run deps installs it)" >&2
    exit 1
fi

own=$cache/npm-$version
if [ ! -f "$own/package/bin/npm-cli.js" ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/npm.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    echo "npm.sh: fetching npm $version (3 MB) ..." >&2
    # What does not have the hash is not unpacked.
    node - "${npm_config_registry:-https://registry.npmjs.org}" "$version" "$hash" "$work/npm.tgz" <<'NODE'
const [registry, version, hash, to] = process.argv.slice(2);
const url = `${registry.replace(/\/+$/, '')}/npm/-/npm-${version}.tgz`;
const get = require(url.startsWith('http:') ? 'http' : 'https').get;
const fail = (why) => { console.error(`npm.sh: ${url}: ${why}`); process.exit(1); };
get(url, (answer) => {
    if (answer.statusCode !== 200) fail(`answers ${answer.statusCode}`);
    const parts = [];
    answer.on('data', (part) => parts.push(part)).on('end', () => {
        const all = Buffer.concat(parts);
        const sum = 'sha512-' + require('crypto').createHash('sha512').update(all).digest('base64');
        if (sum !== hash) fail(`is not what it was: ${sum}`);
        require('fs').writeFileSync(to, all);
    });
}).on('error', (error) => fail(error.message));
NODE
    mkdir "$work/npm"
    tar -xzf "$work/npm.tgz" -C "$work/npm"
    rm -rf "$own"
    mv "$work/npm" "$own" 2>/dev/null || [ -f "$own/package/bin/npm-cli.js" ]
    rm -rf "$work"
    trap - EXIT
fi
# node of nodejs.org and others; Debian's trusts the system's certificates anyway.
exec node "$own/package/bin/npm-cli.js" "$@"
