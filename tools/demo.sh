#!/bin/sh
# SPDX-License-Identifier: MIT
# The story of two people on this machine, told by the program itself. Ends with status 0 on Ctrl-C or end of input and
# leaves nothing running. PEERLINK names the program.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
peerlink=${PEERLINK:-$here/build/release/peerlink}
[ -x "$peerlink" ] || { echo "demo: there is no $peerlink: ./run build makes it" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/peerlink-demo.XXXXXX")
mkdir -m 700 "$work/run"
XDG_RUNTIME_DIR=$work/run
XDG_CONFIG_HOME=$work/config
export XDG_RUNTIME_DIR XDG_CONFIG_HOME
unset PEERLINK_HOME PEERLINK_PASSPHRASE_FILE || true
watcher=

alice() { "$peerlink" --home "$work/alice" "$@"; }
bob() { "$peerlink" --home "$work/bob" "$@"; }

finish() {
    trap '' EXIT INT TERM HUP
    [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
    alice down >/dev/null 2>&1 || true
    bob down >/dev/null 2>&1 || true
    rm -rf "$work"
}
# A person who presses Ctrl-C has seen enough: that is no failure.
enough() {
    finish
    printf '\nAll stopped, nothing left behind.\n'
    exit 0
}
failed() {
    status=$?
    finish
    echo "demo: this did not go as told" >&2
    exit "$([ "$status" = 0 ] && echo 1 || echo "$status")"
}
trap failed EXIT
trap enough INT TERM HUP

step=0
say() {
    step=$((step + 1))
    printf '\n%d. %s\n' "$step" "$*"
}
show() { printf '   %s\n' "$*"; }
short() { printf '%.46s... (%d characters)' "$1" "${#1}"; }

printf 'Two people, Alice and Bob, each with a node of their own on this machine. No server.\n'

say "Each makes a profile and starts a node."
alice_id=$(alice init --name Alice </dev/null)
bob_id=$(bob init --name Bob </dev/null)
show "Alice is $alice_id"
show "Bob is   $bob_id"
alice up --detach </dev/null >/dev/null
bob up --detach </dev/null >/dev/null

say "Alice makes an invite link. It is all that Bob needs."
link=$(alice invite --inline)
show "alice\$ peerlink invite"
show "$(short "$link")"

say "Bob opens it, and says hello."
show "bob\$ peerlink add LINK"
show "$(bob add "$link" --as Alice)"
show "bob\$ peerlink send Alice hello --wait delivered"
hello=$(bob send Alice hello --wait delivered --timeout 20)
show "${hello#*  }"
case $hello in *"delivered in "*" ms, directly"*) ;; *) exit 1 ;; esac

say "Alice has it, and knows Bob by the name in his profile."
alice history Bob | sed 's/^/   /'
alice history Bob | grep -q 'Bob: hello'

say "Nobody is in between: both see the same safety number."
alice_safety=$(alice safety Bob)
bob_safety=$(bob safety Alice)
show "Alice: $alice_safety"
show "Bob:   $bob_safety"
[ "$alice_safety" = "$bob_safety" ]

say "Bob's node is killed (SIGKILL). Alice writes to him all the same."
kill -9 "$(cat "$work/bob/lock")"
waiting=$(alice --json send Bob "see you at eight")
seq=$(printf '%s' "$waiting" | sed 's/.*"seq":\([0-9]*\).*/\1/')
event=$(alice --json status | sed 's/.*"last_event":\([0-9]*\).*/\1/')
alice history Bob --limit 1 | sed 's/^/   /'
alice history Bob --limit 1 | grep -q 'waiting on this device'

say "Bob comes back."
mkfifo "$work/events"
alice --json watch --since "$event" >"$work/events" 2>/dev/null &
watcher=$!
bob up --detach </dev/null >/dev/null
# Ends at the event that tells of the delivery; the watch ends with its reader.
timeout 30 grep -m 1 "\"event\":\"state\".*\"seq\":$seq,.*\"state\":\"delivered\"" <"$work/events" >/dev/null
kill "$watcher" 2>/dev/null || true
wait "$watcher" 2>/dev/null || true
watcher=
alice history Bob --limit 1 | sed 's/^/   /'
bob history Alice --limit 1 | sed 's/^/   /'
alice history Bob --limit 1 | grep -q '(delivered)'
bob history Alice --limit 1 | grep -q 'see you at eight'

say "Your turn. Paste these into two other terminals, and talk:"
runtime="XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR"
printf '\n   %s %s --home %s chat Bob\n' "$runtime" "$peerlink" "$work/alice"
printf '   %s %s --home %s chat Alice\n\n' "$runtime" "$peerlink" "$work/bob"
printf 'Ctrl-C here ends it all.\n'
while read -r _; do :; done
enough
