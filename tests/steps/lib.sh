# lib.sh: what the shell tests of this room share: TAP, shells to run under, a bounded wait, cleaning up.
# shellcheck shell=bash
src=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/src/steps
tmp=$(mktemp -d "${TMPDIR:-/tmp}/footplate-steps.XXXXXX")
count=0
pids=()
mounts=()

cleanup() {
    local live pid
    for live in "$tmp"/*/.footplate/live; do
        [ -r "$live" ] || continue
        read -r _ _ worker group _ <"$live"
        for pid in "$worker" "$group"; do
            case $pid in
            '' | - | *[!0-9]*) ;;
            *) tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "$tmp" && kill -9 "-$pid" ;;
            esac
        done
    done 2>/dev/null
    for pid in "${pids[@]}"; do
        kill -9 "$pid" 2>/dev/null
    done
    for live in "${mounts[@]}"; do
        umount -l "$live"
    done
    rm -rf "$tmp"
}
trap cleanup EXIT

ok() { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() {
    count=$((count + 1))
    echo "not ok $count - $1"
    shift
    printf '%s\n' "$@" | sed 's/^/# /'
}
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }

# is NAME GOT WANTED
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got: $2" "wanted: $3"; fi
}

# like NAME TEXT PATTERN (a shell pattern)
like() {
    # shellcheck disable=SC2254
    case $2 in
    $3) ok "$1" ;;
    *) not_ok "$1" "got: $2" "wanted like: $3" ;;
    esac
}

# holds NAME COMMAND...
holds() {
    local name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name" "does not hold: $*"; fi
}

# Until COMMAND holds, SECONDS at most.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -le "$end" ] || return 1
        sleep 0.02
    done 2>/dev/null
}

# Milliseconds of a clock that only counts.
now_ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

# Put shell $1 where the scripts look for sh. Fails where there is no such shell.
use_shell() {
    local path
    path=$(command -v "$1") || return 1
    mkdir -p "$tmp/bin-$1"
    ln -sf "$path" "$tmp/bin-$1/sh"
    PATH=$tmp/bin-$1:$plain_path
}
plain_path=$PATH
