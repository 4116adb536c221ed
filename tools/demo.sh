#!/bin/sh
# SPDX-License-Identifier: MIT
# The story of two people on this machine, told by the program itself. Ends with status 0 on Ctrl-C or end of input and
# leaves nothing running. PEERLINK and PEERLINK_RELAY name the programs.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
peerlink=${PEERLINK:-$here/build/release/peerlink}
relay_program=${PEERLINK_RELAY:-$here/build/release/peerlink-relay}
[ -x "$peerlink" ] || { echo "demo: there is no $peerlink: ./run build makes it" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/peerlink-demo.XXXXXX")
mkdir -m 700 "$work/run"
XDG_RUNTIME_DIR=$work/run
XDG_CONFIG_HOME=$work/config
export XDG_RUNTIME_DIR XDG_CONFIG_HOME
unset PEERLINK_HOME PEERLINK_PASSPHRASE_FILE || true
watcher=
relay=

alice() { "$peerlink" --home "$work/alice" "$@"; }
bob() { "$peerlink" --home "$work/bob" "$@"; }

finish() {
    trap '' EXIT INT TERM HUP
    [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
    alice down >/dev/null 2>&1 || true
    bob down >/dev/null 2>&1 || true
    if [ -n "$relay" ]; then
        kill "$relay" 2>/dev/null || true
        wait "$relay" 2>/dev/null || true
    fi
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

# until_event NAME SINCE PATTERN: comes back when a node's events have one that fits. The watch ends with its reader.
until_event() {
    rm -f "$work/events"
    mkfifo "$work/events"
    "$peerlink" --home "$work/$1" --json watch --since "$2" >"$work/events" 2>/dev/null &
    watcher=$!
    timeout 30 grep -m 1 "$3" <"$work/events" >/dev/null
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    watcher=
}

printf 'Two people, Alice and Bob, each with a node of their own, and a relay, which could be anybody'"'"'s.\n'

say "A relay is started. It prints where it is, and its key."
mkfifo "$work/said"
"$relay_program" --data "$work/relay" --listen 127.0.0.1:0 --metrics off --log error >"$work/said" &
relay=$!
exec 3<"$work/said"
read -r _ address <&3
show "$(short "$address")"

say "Alice and Bob make their profiles. Alice uses the relay, Bob knows of none."
alice_id=$(alice init --name Alice </dev/null)
bob_id=$(bob init --name Bob </dev/null)
show "Alice is $alice_id"
show "Bob is   $bob_id"
alice up --detach --relay "$address" </dev/null >/dev/null
bob up --detach </dev/null >/dev/null

say "Alice makes an invite link. It is all that Bob needs."
link=$(alice invite)
show "alice\$ peerlink invite"
show "$(short "$link")"

say "Bob opens it, and says hello. The relay brings them together; then it is out of the way."
show "bob\$ peerlink add LINK"
show "$(bob add "$link" --as Alice)"
show "bob\$ peerlink send Alice hello --wait delivered"
hello=$(bob send Alice hello --wait delivered --timeout 20)
show "${hello#*  }"
case $hello in *"delivered in "*) ;; *) exit 1 ;; esac

say "Alice has it, and knows Bob by the name in his profile."
alice history Bob | sed 's/^/   /'
alice history Bob | grep -q 'Bob: hello'

say "Nobody is in between: both see the same safety number."
alice_safety=$(alice safety Bob)
bob_safety=$(bob safety Alice)
show "Alice: $alice_safety"
show "Bob:   $bob_safety"
[ "$alice_safety" = "$bob_safety" ]

say "Bob's node is killed (SIGKILL). Alice writes to him all the same, and the relay keeps it for him, sealed."
kill -9 "$(cat "$work/bob/lock")"
waiting=$(alice --json send Bob "see you at eight" --wait stored --timeout 20)
seq=$(printf '%s' "$waiting" | sed 's/.*"seq":\([0-9]*\).*/\1/')
event=$(alice --json status | sed 's/.*"last_event":\([0-9]*\).*/\1/')
alice history Bob --limit 1 | sed 's/^/   /'
alice history Bob --limit 1 | grep -q '(kept for Bob on a relay)'

say "Alice goes. Bob comes back, and has it: they were never there at the same time."
alice down
bob up --detach </dev/null >/dev/null
until_event bob 0 '"event":"message".*"text":"see you at eight"'
bob history Alice --limit 1 | sed 's/^/   /'

say "The relay has nothing any more."
tries=0
until relay_status=$("$relay_program" status --data "$work/relay" --json) &&
    printf '%s' "$relay_status" | grep -q '"stored_bytes":0,'; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ]
    sleep 0.1
done
show "0 bytes wait on it"

say "Alice comes back, and is told."
alice up --detach </dev/null >/dev/null
until_event alice "$event" "\"event\":\"state\".*\"seq\":$seq,.*\"state\":\"delivered\""
alice history Bob --limit 1 | sed 's/^/   /'
alice history Bob --limit 1 | grep -q '(delivered)'

say "Your turn. Paste these into two other terminals, and talk:"
runtime="XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR"
printf '\n   %s %s --home %s chat Bob\n' "$runtime" "$peerlink" "$work/alice"
printf '   %s %s --home %s chat Alice\n\n' "$runtime" "$peerlink" "$work/bob"
printf 'or in a browser, each in a window of its own:\n\n'
printf '   %s %s --home %s open\n' "$runtime" "$peerlink" "$work/alice"
printf '   %s %s --home %s open\n\n' "$runtime" "$peerlink" "$work/bob"
printf 'Ctrl-C here ends it all.\n'
while read -r _; do :; done
enough
