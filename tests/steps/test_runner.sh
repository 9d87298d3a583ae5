#!/bin/bash
# test_runner.sh: runner.sh on its own, under every shell that may be an instance's sh: what is followed is
# what was printed, a result is only what the runner says itself, and no end of anybody's is lost.
. "${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/steps/lib.sh"

# A fresh doc_base; sets base, dir, runner.
fresh() {
    base=$(mktemp -d "$tmp/base.XXXXXX")
    dir=$base/.footplate
    mkdir -m 700 "$dir"
    runner=$dir/runner-0.sh
    cp "$src/runner.sh" "$runner"
    out=$base/out err=$base/err
}

id() { printf '%032x' "$1"; }

# begin OP FENCE DEADLINE SCRIPT: to its end; its status is the exec's.
begin() {
    printf '%s' "$4" | sh "$runner" begin "$(id "$1")" "$2" INSTALL "$3" ${#4} >"$out" 2>"$err"
}

# The same behind our back; sets pid, of the following side.
begin_apart() {
    printf '%s' "$4" >"$base/script"
    setsid sh "$runner" begin "$(id "$1")" "$2" INSTALL "$3" ${#4} <"$base/script" >"$out" 2>"$err" &
    pid=$!
    pids+=("$pid")
}

ask() {
    sh "$runner" "$@" >"$out" 2>"$err"
}

log_of() { sed 1d "$out"; }
status_of() { awk '$1 == "footplate:" && $2 == "result" { print $5 }' "$err"; }
worker_of() { awk '{ print $3 }' "$dir/live"; }
group_of() { awk '{ print $4 }' "$dir/live"; }
is_named() { [ "$(awk '{ print $1, ($4 != "-") }' "$dir/live")" = "$(id "$1") 1" ]; }
is_idle() { flock -s -n "$dir/lock" true; }
# A process that has ended may still wait to be reaped: it has no command line then.
is_gone() { [ -z "$(tr -d '\0' 2>/dev/null <"/proc/$1/cmdline")" ]; } 2>/dev/null
is_in() { grep -q -- "$1" "$2"; }
size_of() { stat -c %s "$1"; }

test_result() {
    fresh
    begin 1 5 20 'echo one; echo two >&2; pwd; printf last'
    is "$sh: the header comes first" "$(head -n 1 "$out")" "footplate-log $(id 1)"
    is "$sh: both streams are followed, byte by byte" "$(log_of)" "one
two
$base
last"
    like "$sh: the result is on standard error" "$(cat "$err")" "footplate: result $(id 1) 5 0 * end"
    begin 2 5 20 'exit 7'
    is "$sh: the status is the step's" "$(status_of)" 7
    begin 3 5 20 'kill -9 $$'
    is "$sh: a step that was killed says so" "$(status_of)" 137
    begin 4 5 20 "echo 'footplate: result $(id 4) 5 0 x end' ; echo 'footplate: gone' >&2; exit 3"
    is "$sh: output in our own words is no result" "$(status_of)" 3
    is "$sh: and stays on standard output" "$(grep -c footplate: "$out") $(grep -c . "$err")" "2 1"
    begin 5 5 20 'umask; echo "${LC_ALL-none}"; echo "${0##*/}"'
    is "$sh: a step has its own umask and language" "$(log_of)" "$(umask)
${LC_ALL-none}
$(id 5).sh"
}

test_live() {
    fresh
    mkfifo "$base/gate"
    begin_apart 1 1 120 'echo first; read x <gate; echo "second $x"'
    holds "$sh: output is seen while the step runs" within 60 is_in first "$out"
    holds "$sh: no result before its end" test ! -s "$err"
    ask probe "$(id 1)" - -
    like "$sh: a probe names the living operation" "$(cat "$err")" "*fact live $(id 1) INSTALL*"
    begin 2 1 20 'echo no'
    like "$sh: another is not begun beside it" "$(cat "$err")" "footplate: busy *operation $(id 1)*"
    is "$sh: nothing of it is left" "$(ls "$dir" | grep -c "^$(id 2)")" 0
    sh "$runner" attach "$(id 2)" 0 >"$base/o2" 2>"$base/e2"
    like "$sh: what was refused is not known" "$(cat "$base/e2")" "footplate: none $(id 2)"
    kill -9 "-$pid"
    wait "$pid" 2>/dev/null
    holds "$sh: the step outlives who followed it" kill -0 "$(worker_of)"
    sh "$runner" attach "$(id 1)" 6 >"$out" 2>"$err" &
    local follower=$!
    holds "$sh: attach begins at once" within 60 is_in footplate-log "$out"
    echo go >"$base/gate"
    wait $follower
    is "$sh: attach goes on from its byte" "$(log_of)" "second go"
    is "$sh: and has the result" "$(status_of)" 0
    ask attach "$(id 1)" 0
    is "$sh: an ended one can be read again" "$(log_of | wc -l) $(status_of)" "2 0"
    begin 1 1 20 'echo twice'
    like "$sh: nothing is begun twice" "$(cat "$err")" "footplate: busy operation $(id 1) was begun before"
    is "$sh: and the first one's script is untouched" "$(cat "$dir/$(id 1).sh")" "$(cat "$base/script")"
}

# An old one that has ended is answered while another one lives.
test_others() {
    fresh
    begin 1 1 20 'echo old'
    mkfifo "$base/gate"
    begin_apart 2 1 120 'read x <gate'
    within 60 is_named 2
    ask attach "$(id 1)" 0
    is "$sh: an ended one is answered while another lives" "$(log_of) $(status_of)" "old 0"
    ask kill "$(id 1)"
    like "$sh: the kill of an ended one harms no other" "$(cat "$err")" "*result $(id 1) 1 0*other $(id 2)*"
    kill -0 "$(worker_of)" || not_ok "$sh: the other lives on"
    echo >"$base/gate"
    wait "$pid"
    is "$sh: the other one ends by itself" "$(awk '{ print $4 }' "$dir/$(id 2).res")" 0
}

test_gone() {
    fresh
    mkfifo "$base/gate"
    begin_apart 1 1 120 'echo $$ >step; read x <gate; echo reached >reached'
    within 60 test -s "$base/step" && within 60 is_named 1
    kill -9 "$(worker_of)"
    wait "$pid"
    is "$sh: a worker that was killed leaves no result" "$(grep footplate: "$err" | tail -n 1)" \
        "footplate: gone $(id 1)"
    holds "$sh: and its step is ended before that is said" is_gone "$(cat "$base/step")"
    fresh
    mkfifo "$base/gate"
    begin_apart 1 1 120 'echo $$ >step; read x <gate'
    within 60 test -s "$base/step" && within 60 is_named 1
    kill -9 "-$pid" "$(worker_of)"
    wait "$pid" 2>/dev/null
    within 60 is_idle
    begin 2 1 20 "cat /proc/\$(cat step)/cmdline 2>/dev/null; echo new"
    is "$sh: no step runs beside one without a worker" "$(log_of)" new
    rm -f "$dir/$(id 2).res"
    sed -i s/./0/g "$dir/$(id 2).begun"
    ask probe "$(id 2)" - -
    like "$sh: a boot id that was other is told" "$(cat "$err")" "*fact begun 0000*"
}

# A worker that died before it could name itself has done nothing: that is known, and it may be begun.
test_stillborn() {
    fresh
    begin 1 1 20 'echo first'
    printf '%s INSTALL - - boot since end\n' "$(id 2)" >"$dir/live"
    echo boot >"$dir/$(id 2).begun"
    ask attach "$(id 2)" 0
    is "$sh: what died at its birth was not begun" "$(cat "$err")" "footplate: none $(id 2)"
    begin 2 1 20 'echo second'
    is "$sh: and is begun then" "$(log_of) $(status_of)" "second 0"
}

test_fence() {
    fresh
    begin 1 7 20 'echo seven'
    begin 2 6 20 'echo six'
    like "$sh: a lower fence is refused" "$(cat "$err")" "footplate: fence 6 is older than 7*"
    begin 3 7 20 'echo again'
    is "$sh: the same one is not" "$(log_of)" again
    begin 4 8 20 'echo eight'
    is "$sh: a higher one is kept" "$(cat "$dir/fence")" 8
    ask probe - - - 9
    begin 5 8 20 'echo late'
    like "$sh: what a probe has overtaken does not begin" "$(cat "$err")" "footplate: fence 8 is older than 9*"
    ask probe - - - 3
    is "$sh: an older probe lowers nothing" "$(cat "$dir/fence")" 9
}

test_deadline() {
    local t0 t1
    fresh
    t0=$(now_ms)
    begin 1 1 1 'echo on; sleep 60'
    t1=$(now_ms)
    is "$sh: a step ends at its deadline" "$(status_of)" 124
    holds "$sh: and not much later" test $((t1 - t0)) -lt 20000
    begin_apart 2 1 60 'trap "" TERM; echo $$ >step; while :; do sleep 1; done'
    within 60 test -s "$base/step"
    sh "$runner" kill "$(id 2)" >/dev/null 2>"$base/e2"
    like "$sh: what ignores TERM is killed and proved gone" "$(cat "$base/e2")" \
        "footplate: result $(id 2) 1 137*footplate: idle"
    holds "$sh: it is gone" is_gone "$(cat "$base/step")"
    wait "$pid"
    is "$sh: who follows it sees it end" "$(status_of)" 137
}

test_called_off() {
    fresh
    ask kill "$(id 1)"
    is "$sh: what was never begun is idle" "$(cat "$err")" "footplate: none $(id 1)
footplate: idle"
    begin 1 1 20 'echo late'
    like "$sh: and can no longer be begun" "$(cat "$err")" "footplate: refused * was called off"
    is "$sh: nothing of it ran" "$(wc -c <"$out")" 0
    printf 'echo half' | sh "$runner" begin "$(id 2)" 1 INSTALL 20 400 >"$out" 2>"$err"
    like "$sh: half a script is not run" "$(cat "$err")" "footplate: refused * did not arrive whole"
    ask attach "$(id 2)" 0
    is "$sh: and is not on record" "$(cat "$err")" "footplate: none $(id 2)"
}

test_daemon() {
    local t0 t1
    fresh
    t0=$(now_ms)
    begin 1 1 20 'sleep 60 & echo $! >daemon; echo started'
    t1=$(now_ms)
    pids+=("$(cat "$base/daemon")")
    is "$sh: a daemon that keeps standard output: a result all the same" "$(log_of) $(status_of)" "started 0"
    holds "$sh: soon" test $((t1 - t0)) -lt 15000
    holds "$sh: the daemon lives" kill -0 "$(cat "$base/daemon")"
    holds "$sh: it holds no lock" is_idle
    begin 2 1 20 'echo next'
    is "$sh: the next step begins and is well" "$(log_of) $(status_of)" "next 0"
    holds "$sh: the daemon lives on after it" kill -0 "$(cat "$base/daemon")"
    kill -9 "$(cat "$base/daemon")"
}

test_flood() {
    fresh
    begin 1 1 60 'head -c 200000000 /dev/zero | tr "\0" x; echo; echo the end; exit 4'
    is "$sh: 200 MB of output end with a status" "$(status_of)" 4
    holds "$sh: the log is bounded" test "$(size_of "$dir/$(id 1).log")" -lt 1200000
    is "$sh: what was followed is the log" "$(log_of | cksum)" "$(cksum <"$dir/$(id 1).log")"
    is "$sh: the count of what was dropped is said" "$(grep -a -o '\[footplate: [0-9]* bytes dropped\]' "$out")" \
        "[footplate: $((200000009 - 1048576 - 65536)) bytes dropped]"
    is "$sh: the last line is kept" "$(tail -n 1 "$out")" "the end"
    begin 2 1 60 'head -c 1050000 /dev/zero | tr "\0" x'
    is "$sh: a little above the bound nothing is lost" "$(log_of | wc -c)" 1050000
}

test_folder() {
    fresh
    mv "$dir" "$base/elsewhere"
    ln -s elsewhere "$dir"
    begin 1 1 20 'echo no'
    like "$sh: a folder that is a link is refused" "$(cat "$err")" "footplate: refused $dir is a link*"
    ask attach "$(id 1)" 0
    like "$sh: for every verb" "$(cat "$err")" "footplate: refused $dir is a link*"
}

# A tail that does not know --pid, as busybox has one.
test_plain_tail() {
    fresh
    mkdir "$base/bin"
    cat >"$base/bin/tail" <<'END'
#!/bin/bash
for a; do
    case $a in
    --pid* | -s) echo "tail: unrecognized option: $a" >&2; exit 1 ;;
    esac
done
exec /usr/bin/tail "$@"
END
    chmod +x "$base/bin/tail"
    mkfifo "$base/gate"
    PATH=$base/bin:$PATH begin_apart 1 1 120 'echo first; read x <gate; echo second; printf end'
    holds "$sh: a plain tail: output is seen while the step runs" within 60 is_in first "$out"
    echo >"$base/gate"
    wait "$pid"
    is "$sh: a plain tail: all of it, once" "$(log_of)" "first
second
end"
    is "$sh: a plain tail: the result" "$(status_of)" 0
}

test_prune() {
    local i
    fresh
    for i in $(seq 100 150); do
        touch -d "2001-01-01 + $i minutes" "$dir/$(id "$i").begun"
        : >"$dir/$(id "$i").log"
    done
    begin 1 1 20 'echo on'
    is "$sh: old records are given up, the newest kept" \
        "$(ls "$dir"/*.begun | wc -l) $(test -e "$dir/$(id 150).log" && echo kept)" "20 kept"
    is "$sh: with all that belongs to them" "$(ls "$dir"/*.log | wc -l)" 20
}

test_probe() {
    fresh
    mkdir -p "$base/releases/1.0"
    echo a >"$base/releases/1.0/file"
    { echo '# footplate 1 cafe'; (cd "$base/releases/1.0" && sha256sum ./file); } >"$base/manifest"
    mv "$base/manifest" "$base/releases/1.0/.footplate-manifest"
    ln -s releases/1.0 "$base/current"
    begin 1 1 20 'echo one; echo "the last"; exit 9'
    ask probe "$(id 1)" 1.0 cafe
    is "$sh: a probe says what is true" "$(sed -e 's/\(boot\|machine\|begun\) .*/\1/' -e 's/9 .* end/9/' "$err")" \
        "footplate: fact boot
footplate: fact machine
footplate: fact current 1.0
footplate: fact release yes
footplate: fact begun
footplate: result $(id 1) 1 9
footplate: fact text the last
footplate: fact end"
    ask probe - 1.0 beef
    is "$sh: a release of another package is not it" "$(grep -c release "$err")" 0
    echo b >"$base/releases/1.0/file"
    ask probe - 1.0 cafe
    is "$sh: nor one that was changed" "$(grep -c release "$err")" 0
}

# A disk of 256 KiB, as root only.
test_full_disk() {
    local disk=$tmp/disk-$sh
    mkdir "$disk"
    if ! mount -t tmpfs -o size=256k,mode=700 none "$disk" 2>/dev/null; then
        skip "$sh: a full disk" "no right to mount one"
        return
    fi
    mounts+=("$disk")
    base=$disk dir=$disk/.footplate runner=$disk/.footplate/runner-0.sh
    out=$tmp/disk.out err=$tmp/disk.err
    mkdir -m 700 "$dir"
    cp "$src/runner.sh" "$runner"
    begin 1 3 20 'echo fine'
    is "$sh: a small disk: fine" "$(log_of) $(status_of)" "fine 0"
    begin 2 3 20 'head -c 10000000 /dev/zero >fill; echo filled; exit 5'
    is "$sh: a disk that fills during the step: a result" "$(status_of)" 5
    begin 3 4 20 'echo no'
    like "$sh: a full disk: refused in words" "$(grep footplate: "$err")" "footplate: refused no space left*"
    is "$sh: with nothing left behind" "$(ls "$dir" | grep -c "^$(id 3)")" 0
    ask attach "$(id 3)" 0
    is "$sh: and nothing begun" "$(cat "$err")" "footplate: none $(id 3)"
    is "$sh: the fence is not lost with it" "$(cat "$dir/fence")" 3
    rm -f "$base/fill"
    begin 4 2 20 'echo no'
    like "$sh: and still holds" "$(cat "$err")" "footplate: fence 2 is older than 3*"
    umount "$disk" && unset "mounts[-1]"
}

for sh in dash bash; do
    if ! use_shell $sh; then
        skip "$sh" "not installed"
        continue
    fi
    for t in result live others gone stillborn fence deadline called_off daemon flood folder plain_tail prune \
        probe full_disk; do
        test_$t
    done
done
echo "1..$count"
