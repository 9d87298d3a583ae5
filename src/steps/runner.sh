#!/bin/sh
# runner.sh: runs one step on an instance so that it outlives the connection that asked for it. It lies in
# DOC_BASE/.footplate under a name that holds the hash of its content and is called, by an absolute path, as
#
#   begin OP FENCE STEP DEADLINE_S BYTES
#                                    the step's script of so many bytes on standard input; then follows it
#                                    to its end
#   attach OP OFFSET                 follows what was begun before, from a byte of its log
#   kill OP                          ends its process group and proves it gone; it can no longer be begun
#   probe OP VERSION SHA FENCE       prints what is true of the instance ("-": not asked); raises the fence
#   work OP FENCE STEP DEADLINE_S    the detached half of begin
#
# Standard output is one line "footplate-log OP" and then the log, byte by byte; standard error is ours
# alone, so that no output of a step can be taken for a result. Files of an operation, in this folder:
#
#   lock         held by the living worker; the kernel frees it, a reboot too
#   fence        the highest fencing number seen
#   live         OP STEP WORKER GROUP BOOT SINCE end, of the last worker ("-": not born yet, nor its step)
#   OP.sh OP.log OP.begun OP.tmp -> OP.res    script, output, boot id at the beginning, result
#   OP.keep      held by whoever still keeps output
#   OP.kill      it was called off: a begin that comes late is refused
#
# Everything that a worker writes lies in space that was taken before the step began: a full disk cannot
# swallow a result.
mask=$(umask)
umask 077
dir=${0%/*}
base=${dir%/*}
verb=$1
op=$2
HEAD_BYTES=1048576
TAIL_BYTES=65536
KEEP_OPS=40

say() { printf 'footplate: %s\n' "$*" >&2; }

cd "$dir" || { say "refused cannot enter $dir"; exit 96; }
if [ -L "$dir" ] || [ ! -O "$dir" ]; then
    say "refused $dir is a link or belongs to somebody else"
    exit 96
fi
boot=unknown
[ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id

# 0 when no worker holds the lock within $1 seconds.
wait_idle() {
    [ -e lock ] || return 0
    flock -s -w "$1" 7 7<lock
}

read_live() {
    l_op='' l_step='' l_worker='' l_group='' l_boot='' l_since='' l_end=''
    [ -r live ] && read -r l_op l_step l_worker l_group l_boot l_since l_end <live
    [ "$l_end" = end ] || l_op=''
}

# Does the step of the last worker still run? Its number alone is no proof: numbers are used again.
is_step_alive() {
    read_live
    [ -n "$l_op" ] && [ "$l_boot" = "$boot" ] && [ "$l_group" != - ] || return 1
    { tr '\0' ' ' <"/proc/$l_group/cmdline"; } 2>/dev/null | grep -q "/$l_op\.sh"
}

# A worker that was killed leaves its step behind, whose end nobody can record any more: it is ended
# before anything else is begun, or said to be gone.
end_orphan() {
    for try in 1 2 3 4 5 6 7 8 9 10; do
        is_step_alive || return 0
        kill -KILL "-$l_group" 2>/dev/null
        sleep 0.1
    done
    ! is_step_alive
}

say_result() {
    if [ -e "$op.res" ]; then
        read -r r_mark r_op r_fence r_status r_boot r_end <"$op.res"
        say "result $r_op $r_fence $r_status $r_boot $r_end"
    elif [ ! -e "$op.begun" ]; then
        say "none $op"
    else
        read_live
        if [ "$l_op $l_worker" = "$op -" ]; then
            # It died at its birth, before anything of the step: it may be begun.
            rm -f "$op.begun"
            say "none $op"
            return
        fi
        [ "$l_op" != "$op" ] || end_orphan || return
        say "gone $op"
    fi
}

# Print what the log has grown by since byte $at.
copy_log() {
    size=$(wc -c <"$op.log")
    [ "$size" -gt "$at" ] || return 0
    tail -c +$((at + 1)) "$op.log" | head -c $((size - at))
    at=$size
}

# Print the log from byte $1 on while the worker lives, and the result. A tail that cannot end with a
# process is done without: the log is looked at four times a second then.
follow() {
    at=$1
    printf 'footplate-log %s\n' "$op"
    until wait_idle 0.25; do
        read_live
        if [ -e "$op.res" ] || [ "$l_op" != "$op" ]; then
            break
        elif [ "$l_worker" = - ]; then
            continue
        elif tail --pid=$$ -c 0 /dev/null 2>/dev/null; then
            tail -c +$((at + 1)) -s 0.2 --pid="$l_worker" -f "$op.log"
            wait_idle 30
            say_result
            return
        fi
        copy_log
    done
    tail -c +$((at + 1)) "$op.log" 2>/dev/null
    say_result
}

prune() {
    set -- *.begun
    [ $# -gt $KEEP_OPS ] || return 0
    for f in $(ls -t ./*.begun | tail -n +$((KEEP_OPS / 2))); do
        rm -f "${f%.begun}".*
    done
    find . \( -name '*.kill' -o -name '*.in.*' \) -mtime +7 -exec rm -f {} +
}

# Take the space for all that will be written, and put the operation on record.
reserve() {
    printf '%s\n' "$fence" >fence.new && mv -f fence.new fence &&
        mv -f "$op.in.$$" "$op.sh" && : >"$op.log" && : >"$op.keep" &&
        printf '%4096s' ' ' >"$op.tmp" &&
        printf '%s %s - - %s %s end %400s\n' "$op" "$step" "$boot" "$since" ' ' >live.new &&
        mv -f live.new live && printf '%s\n' "$boot" >"$op.begun"
}

# Refuse, with nothing left behind: status, words.
turn_away() {
    status=$1
    shift
    rm -f "$op.in.$$"
    say "$*"
    exit "$status"
}

begin() {
    fence=$2 step=$3 deadline=$4 bytes=$5
    since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    cat >"$op.in.$$" || turn_away 96 "refused no space left on this instance for the step's script"
    [ "$(wc -c <"$op.in.$$")" -eq "$bytes" ] ||
        turn_away 96 "refused the step's script did not arrive whole"
    exec 9>>lock
    if ! flock -w 2 9; then
        read_live
        turn_away 94 "busy a runner lives: pid $l_worker, $l_step, operation $l_op, since $l_since"
    fi
    seen=0
    [ -r fence ] && read -r seen <fence
    [ "$fence" -ge "${seen:-0}" ] ||
        turn_away 95 "fence $fence is older than $seen: another engine drives this instance"
    [ ! -e "$op.begun" ] || turn_away 94 "busy operation $op was begun before"
    [ ! -e "$op.kill" ] || turn_away 96 "refused operation $op was called off"
    end_orphan || turn_away 94 "busy a step lives without its runner: group $l_group, $l_step"
    prune
    if ! reserve 2>/dev/null; then
        rm -f "$op.sh" "$op.log" "$op.keep" "$op.tmp" "$op.begun" fence.new live.new
        turn_away 96 "refused no space left on this instance for a runner's record"
    fi
    (umask "$mask" && exec setsid sh "$0" work "$op" "$fence" "$step" "$deadline") \
        </dev/null >/dev/null 2>&1 &
    exec 9>&-
    follow 0
}

# Keep the first and the last part of what comes in; what is between is counted. Whatever fails here, the
# pipe is read to its end: a step must not die of it.
keep_output() {
    stdbuf -o0 head -c $HEAD_BYTES >"$op.log" || cat >/dev/null
    head -c 1 >"$op.more"
    if [ -s "$op.more" ]; then
        { cat "$op.more"; LC_ALL=C dd bs=65536 2>"$op.count"; } | tail -c $TAIL_BYTES >"$op.tail"
        dropped=$(awk '/bytes/ { print $1 }' "$op.count")
        dropped=$((${dropped:-0} + 1 - TAIL_BYTES))
        [ $dropped -le 0 ] || printf '\n[footplate: %s bytes dropped]\n' "$dropped" >>"$op.log"
        cat "$op.tail" >>"$op.log"
    fi
    rm -f "$op.more" "$op.count" "$op.tail"
    cat >/dev/null
}

name_us() {
    printf '%s %s %s %s %s %s end ' "$op" "$step" $$ "$1" "$boot" "$since" 1<>live
}

# The step itself holds neither lock: a daemon that it starts may live on, and may keep its standard
# output, without holding anybody up.
work() {
    fence=$2 step=$3 deadline=$4
    since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    name_us -
    rm -f pipe
    mkfifo pipe || exit 1
    exec 8>"$op.keep"
    flock 8
    (exec 9>&-; keep_output) <pipe >/dev/null 2>&1 &
    exec 8>&-
    (exec 9>&-; umask "$mask"; cd "$base" && exec timeout -k 5 "$deadline" sh "$dir/$op.sh") \
        >pipe 2>&1 &
    group=$!
    name_us $group
    wait $group
    status=$?
    flock -s -w 1 8 8<"$op.keep"
    printf 'footplate-result %s %s %s %s end ' "$op" "$fence" "$status" "$boot" 1<>"$op.tmp"
    mv -f "$op.tmp" "$op.res"
}

# 0 when the operation has ended or its process group is known; 1 when another one holds the lock. A begin
# that holds it has not looked for OP.kill yet, or names itself next.
find_group() {
    for try in 1 2 3 4 5; do
        wait_idle 0.3 && return 0
        read_live
        [ "$l_op" = "$op" ] && [ "$l_group" != - ] && return 0
    done
    [ "$l_op" = "$op" ]
}

kill_op() {
    : >"$op.kill"
    if ! find_group; then
        say_result
        say "other $l_op"
        return
    fi
    if ! wait_idle 0; then
        kill -TERM "-$l_group" 2>/dev/null
        wait_idle 3 || kill -KILL "-$l_group" 2>/dev/null
        wait_idle 3 || kill -KILL "-$l_worker" 2>/dev/null
    fi
    if wait_idle 3 && { read_live; [ "$l_op" != "$op" ] || end_orphan; }; then
        say_result
        say "idle"
    else
        say "alive $l_worker"
    fi
}

# Is the release whole and of this package?
is_release() {
    m=$base/releases/$1/.footplate-manifest
    [ -f "$m" ] && [ ! -L "$base/releases/$1" ] && read -r mark <"$m" || return 1
    [ "$2" = - ] || [ "$mark" = "# footplate 1 $2" ] || return 1
    (cd "$base/releases/$1" && sha256sum --status -c .footplate-manifest) 2>/dev/null
}

# What an older engine has sent and what is still on its way shall not begin any more: a "not begun" that is
# said to the newer one must stay true. A begin that has read the fence before this holds the lock by now.
raise_fence() {
    seen=0
    [ -r fence ] && read -r seen <fence
    [ "$1" != - ] && [ "$1" -gt "${seen:-0}" ] || return 0
    exec 6>>fence.lock
    flock -w 2 6
    seen=0
    [ -r fence ] && read -r seen <fence
    if [ "$1" -gt "${seen:-0}" ]; then
        printf '%s\n' "$1" >"fence.up.$$" && mv -f "fence.up.$$" fence || rm -f "fence.up.$$"
    fi
    exec 6>&-
}

probe() {
    version=$2 sha=${3:--}
    raise_fence "${4:--}"
    # Who lives is looked at first: where nobody does, nothing that is read behind it moves any more.
    live=
    if ! wait_idle 0 || is_step_alive; then
        read_live
        live="${l_op:--} ${l_step:--}"
    fi
    machine=-
    [ -r /etc/machine-id ] && read -r machine </etc/machine-id
    current=$(readlink "$base/current" 2>/dev/null)
    current=${current%/}
    current=${current##*/}
    say "fact boot ${boot:--}"
    say "fact machine ${machine:--}"
    say "fact current ${current:--}"
    [ -z "$live" ] || say "fact live $live"
    if [ "$version" != - ] && is_release "$version" "$sha"; then
        say "fact release yes"
    fi
    if [ "$op" != - ] && [ -e "$op.begun" ]; then
        read -r b_boot <"$op.begun"
        say "fact begun $b_boot"
        [ -e "$op.res" ] && say_result
        say "fact text $(tail -c 400 "$op.log" 2>/dev/null | tail -n 1 | LC_ALL=C tr -c ' -~\n' '?')"
    fi
    say "fact end"
}

case $verb in
begin) begin "$2" "$3" "$4" "$5" "$6" ;;
attach)
    if [ -e "$op.begun" ]; then
        follow "$3"
    else
        say "none $op"
    fi
    ;;
kill) kill_op ;;
probe) probe "$2" "$3" "$4" "$5" ;;
work) work "$2" "$3" "$4" "$5" ;;
*) say "refused unknown verb"; exit 96 ;;
esac
exit 0
