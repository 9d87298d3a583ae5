#!/bin/sh
# runner.sh: runs one step on an instance so that it outlives the connection that asked for it. It lies in
# DOC_BASE/.footplate under a name that holds the hash of its content and is called as
#
#   begin OP FENCE STEP DEADLINE_S   the step's script on standard input; then follows it to its end
#   attach OP OFFSET                 follows what was begun before, from a byte of its log
#   kill OP                          ends its process group and proves it gone
#   probe OP VERSION                 prints what is true of the instance ("-": not asked)
#   work OP FENCE STEP DEADLINE_S    the detached half of begin
#
# Standard output is one line "footplate-log OP" and then the log, byte by byte; standard error is ours
# alone, so that no output of a step can be taken for a result. Files of an operation, in this folder:
#
#   lock         held by the living worker; the kernel frees it, a reboot too
#   fence        the highest fencing number seen
#   live         OP STEP WORKER GROUP BOOT SINCE of the last worker
#   OP.sh OP.log OP.begun OP.tmp -> OP.res    script, output, boot id at the beginning, result
#   OP.keep      held by whoever still keeps output
#
# A result is written into space that was taken before the step began, then renamed: a full disk cannot
# swallow it.
umask 077
LC_ALL=C
export LC_ALL
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
    l_op= l_step= l_worker= l_group= l_boot= l_since=
    [ -r live ] && read -r l_op l_step l_worker l_group l_boot l_since <live
}

say_result() {
    if [ -e "$op.res" ]; then
        read -r r_mark r_op r_fence r_status r_boot r_size <"$op.res"
        say "result $r_op $r_fence $r_status $r_boot $r_size"
    elif [ -e "$op.begun" ]; then
        say "gone $op"
    else
        say "none $op"
    fi
}

# Print the log from byte $1 on while the worker lives, and the result.
follow() {
    printf 'footplate-log %s\n' "$op"
    until wait_idle 0.25; do
        read_live
        # Not yet named: the worker is just being born. Named: its end ends tail.
        [ "$l_op" = "$op" ] || continue
        tail -c +$(($1 + 1)) -s 0.2 --pid="$l_worker" -f "$op.log"
        wait_idle 30
        say_result
        return
    done
    tail -c +$(($1 + 1)) "$op.log" 2>/dev/null
    say_result
}

prune() {
    set -- *.res
    [ $# -gt $KEEP_OPS ] || return 0
    for f in $(ls -t ./*.res | tail -n +$((KEEP_OPS / 2))); do
        f=${f%.res}
        rm -f "$f.res" "$f.keep" "$f.sh" "$f.log" "$f.begun" "$f.tmp"
    done
}

begin() {
    fence=$2 step=$3 deadline=$4
    if ! cat >"$op.sh"; then
        say "refused no space left on this instance for the step's script"
        exit 96
    fi
    exec 9>>lock
    if ! flock -w 2 9; then
        read_live
        say "busy a runner lives: pid $l_worker, $l_step, operation $l_op, since $l_since"
        exit 94
    fi
    seen=0
    [ -r fence ] && read -r seen <fence
    if [ "$fence" -lt "${seen:-0}" ]; then
        say "fence $fence is older than $seen: another engine drives this instance"
        exit 95
    fi
    if [ -e "$op.begun" ]; then
        say "busy operation $op was begun before"
        exit 94
    fi
    if ! { printf '%s\n' "$fence" >fence && printf '%4096s' ' ' >"$op.tmp" &&
        printf '%s\n' "$boot" >"$op.begun" && : >"$op.log"; } 2>/dev/null; then
        rm -f "$op.begun"
        say "refused no space left on this instance for a runner's record"
        exit 96
    fi
    prune
    setsid sh "$0" work "$op" "$fence" "$step" "$deadline" </dev/null >/dev/null 2>&1 7>&- &
    exec 9>&-
    follow 0
}

# Keep the first and the last part of what comes in; what is between is counted.
keep_output() {
    stdbuf -o0 head -c $HEAD_BYTES >"$op.log" || cat >/dev/null
    head -c 1 >"$op.more"
    if [ -s "$op.more" ]; then
        dd bs=65536 2>"$op.count" | tail -c $TAIL_BYTES >"$op.tail"
        read -r dropped rest <<END
$(awk '/bytes/ { print $1 }' "$op.count")
END
        dropped=$((${dropped:-0} + 1 - TAIL_BYTES))
        [ $dropped -gt 0 ] || dropped=0
        printf '\n[footplate: %s bytes dropped]\n' "$dropped" >>"$op.log"
        cat "$op.tail" >>"$op.log"
    fi
    rm -f "$op.more" "$op.count" "$op.tail"
}

# The step itself holds neither lock: a daemon that it starts may live on, and may keep its standard
# output, without holding anybody up.
work() {
    fence=$2 step=$3 deadline=$4
    rm -f pipe
    mkfifo pipe || exit 1
    exec 8>"$op.keep"
    flock 8
    (exec 9>&-; keep_output) <pipe &
    exec 8>&-
    (cd "$base" && exec timeout -k 5 "$deadline" sh "$dir/$op.sh" >"$dir/pipe" 2>&1 8>&- 9>&-) &
    group=$!
    printf '%s %s %s %s %s %s\n' "$op" "$step" $$ $group "$boot" "$(date +%Y-%m-%dT%H:%M:%SZ -u)" >live
    wait $group
    status=$?
    flock -s -w 1 8 8<"$op.keep"
    printf 'footplate-result %s %s %s %s end ' "$op" "$fence" "$status" "$boot" 1<>"$op.tmp"
    mv -f "$op.tmp" "$op.res"
}

kill_op() {
    if wait_idle 0; then
        say_result
        say "idle"
        return
    fi
    read_live
    if [ "$l_op" != "$op" ]; then
        say "other $l_op"
        return
    fi
    kill -TERM "-$l_group" 2>/dev/null
    wait_idle 3 || kill -KILL "-$l_group" 2>/dev/null
    wait_idle 3 || kill -KILL "-$l_worker" 2>/dev/null
    if wait_idle 3; then
        say_result
        say "idle"
    else
        say "alive $l_worker"
    fi
}

probe() {
    version=$2
    machine=-
    [ -r /etc/machine-id ] && read -r machine </etc/machine-id
    current=$(readlink "$base/current" 2>/dev/null)
    current=${current##*/}
    say "fact boot ${boot:--}"
    say "fact machine ${machine:--}"
    say "fact current ${current:--}"
    if ! wait_idle 0; then
        read_live
        say "fact live $l_op $l_step"
    fi
    if [ "$version" != - ] && [ -f "$base/releases/$version/.footplate-manifest" ] &&
        [ ! -L "$base/releases/$version" ] &&
        (cd "$base/releases/$version" && sha256sum --status -c .footplate-manifest) 2>/dev/null; then
        say "fact release yes"
    fi
    if [ "$op" != - ] && [ -e "$op.begun" ]; then
        read -r b_boot <"$op.begun"
        say "fact begun $b_boot"
        [ -e "$op.res" ] && say_result
        say "fact text $(tail -c 400 "$op.log" 2>/dev/null | tail -n 1 | tr -c ' -~' '?')"
    fi
    say "fact end"
}

case $verb in
begin) begin "$2" "$3" "$4" "$5" ;;
attach)
    if [ -e "$op.begun" ]; then
        follow "$3"
    else
        say "none $op"
    fi
    ;;
kill) kill_op ;;
probe) probe "$2" "$3" ;;
work) work "$2" "$3" "$4" "$5" ;;
*) say "refused unknown verb"; exit 96 ;;
esac
exit 0
