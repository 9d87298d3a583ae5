#!/bin/bash
# console.sh: what the console costs: bytes to the terminal, time from a key to the cell, processor time, time to
# the first screen of a large store, beside htop and btop in the same run. Figures, no timed test: compare what one
# run says. BENCH_LINES and BENCH_RELEASES make the large store larger (10000000 and 100000 are what the aims mean);
# BENCH_STORE keeps it for the next run.
# shellcheck disable=SC2034
. "${abs_top_srcdir:?}/tests/screen/small.sh"
TELL_LIMIT=400
churn=$build/tests/bench/churn
bigstore=$build/tests/bench/bigstore
lines=${BENCH_LINES:-500000}
releases=${BENCH_RELEASES:-10000}
size=120x40

row() { printf '%-58s %14s   %s\n' "$1" "$2" "${3:-}"; }
divide() { awk -v a="$1" -v b="$2" -v f="${3:-%.1f}" 'BEGIN { printf f, b ? a / b : 0 }'; }

# rest NAME SECONDS: bytes a second, nothing pressed
rest()
{
    local bytes reads seconds
    order "$1" mark
    order "$1" watch "$2"
    read -r bytes reads seconds <<<"$(tell "$1" count)"
    echo "$(divide "$bytes" "$seconds") B/s, $(divide "$reads" "$seconds" %.2f) writes/s"
}

# cpu NAME PID SECONDS: per cent of a core
cpu()
{
    local before
    before=$(cpu_ms "$2")
    order "$1" watch "$3"
    divide $((100 * ($(cpu_ms "$2") - before))) $((1000 * $3)) %.2f
}

# one_key NAME TEXT: bytes and writes of a cursor key; counted by strace where it may
one_key()
{
    local first changed last bytes reads writes=
    read -r first changed last bytes reads <<<"$(tell "$1" key 400 -1 "$2")"
    if [ -n "${3:-}" ] && strace -o /dev/null true 2>/dev/null; then
        strace -qq -y -e trace=write,writev -o "$T/strace" -p "$3" 2>/dev/null &
        local tracer=$!
        # Until it holds the console, what is written is not seen.
        for ((k = 0; k < 200; k++)); do
            grep -q "^TracerPid:[[:space:]]*$tracer\$" "/proc/$3/status" && break
            sleep 0.05
        done
        order "$1" key 400 -1 "$2"
        kill "$tracer"
        wait "$tracer" 2>/dev/null
        writes=", $(grep -c '/dev/pts/' "$T/strace") write(s)"
    fi
    echo "$bytes bytes in $reads read(s)$writes"
}

# first_paint WORDS NAME AIM COMMAND...
first_paint()
{
    local words=$1 name=$2 aim=$3
    shift 3
    term_new "$name" -s $size -T screen-256color "$@"
    order "$name" run
    order "$name" shows 10 .
    order "$name" quiet 700 8000
    row "$words" "$(tell "$name" count | cut -d' ' -f1) B" "$aim"
}

others()
{
    local name
    for name in htop btop; do
        if ! command -v "$name" >/dev/null; then
            row "$name" "not installed"
            continue
        fi
        first_paint "$name: first paint" "$name" "" "$name"
        row "$name: at rest (its own pace)" "$(rest "$name" 10)"
        row "$name: a cursor key" "$(one_key "$name" '\e[B')"
        row "$name: processor time" "$(cpu "$name" "$(tell "$name" pid)" 10) %"
        term_end "$name"
    done
}

end_held() { exec {held}>&-; wait "$holder"; }
# holds DIR COMMAND...: beside the rest, until end_held
holds()
{
    mkfifo "$T/held"
    "$@" <"$T/held" >"$T/held.out" &
    holder=$!
    exec {held}>"$T/held"
    rm "$T/held"
}

# A console on a store that a churn of so many changes a second keeps moving.
on_churn() # NAME PER_SECOND STORE
{
    holds "$churn" "$T/$3" shop-web "$2"
    term_new "$1" -s $size -T screen-256color "$footplate" --store "$T/$3" -c "$F/config" console shop-web
    order "$1" run
    order "$1" shows 20 shop-web
    order "$1" quiet 700 3000
}

# ---- a small group, its engine and poller ------------------------------------------------------------------

# The first release is quick; the second, once $T/talk is there, says ten lines a second.
small_start="i=0; while [ -e $T/talk ]; do i=\$((i+1)); echo line \$i of what the start command says, as long as such lines are; sleep 0.1; done"
small_timeout=60s
small_up 10
fp start "$group" 1.0.0 --auto --yes
printf '\n%s\n' "The console, $size, screen-256color"
printf '%-58s %14s   %s\n' "" "" "aim"
first_paint "first paint" ann "8192 B" "$footplate" -c "$F/config" console
console=$(console_of ann)
row "idle, answers of 10 polled instances change: bytes" "$(rest ann 20)"
row "a cursor key" "$(order ann send 2; order ann quiet 700 3000; one_key ann '\e[B' "$console")" "300 B, 1 write"
row "idle: processor time of the console" "$(cpu ann "$console" 20) %" "0.5 %"
engine=$(engines)
row "idle: processor time of the engine with its poller" "$(cpu ann "$engine" 20) %"

touch "$T/talk"
fp start "$group" 1.1.0 --yes --detach
order ann shows 20 'line [0-9]'
row "a release with 10 log lines a second" "$(rest ann 15)" "1700 B/s"
row "the same: processor time of the console" "$(cpu ann "$console" 5) %"
rm "$T/talk"
order ann send X
order ann quiet 500 2000
term_end ann

# ---- 1,000 instances that change ----------------------------------------------------------------------------

"$bigstore" "$T/few" 80 20000 10
on_churn four 4 few
row "four changed cells a second: bytes" "$(rest four 20)" "60 B/s"
term_end four
end_held
# Nothing is fresh there any more: what is stale says so once, then all is still.
on_churn still 0 few
order still watch 20
row "store at rest: bytes" "$(rest still 20)" "2 B/s"
row "store at rest: processor time of the console" "$(cpu still "$(console_of still)" 20) %" "0.5 %"
term_end still
end_held
"$bigstore" "$T/many" 80 20000 1000
on_churn many 5000 many
order many send 2
order many quiet 300 2000
row "5,000 changes a second: bytes" "$(rest many 5)"
console=$(console_of many)
before=$(cpu_ms "$console")
read -r n lost median p99 most <<<"$(tell many keys 300 40 46 '\e[B' '\e[A')"
row "key to changed cell meanwhile: median" "$(divide "$median" 1000 %.2f) ms" "of $n keys, $lost lost"
row "key to changed cell meanwhile: p99" "$(divide "$p99" 1000 %.2f) ms" "16 ms"
row "key to changed cell meanwhile: largest" "$(divide "$most" 1000 %.2f) ms"
row "processor time of the console meanwhile" "$(cpu many "$console" 10) %"
term_end many
end_held
row "changes really written" "$(awk '{ printf "%d/s", $1 / $2 }' "$T/held.out")"

# ---- beside others ---------------------------------------------------------------------------------------------

others

# ---- a long past -----------------------------------------------------------------------------------------------

big=${BENCH_STORE:-$T/big}
[ -e "$big/footplate.db" ] || "$bigstore" "$big" "$releases" "$lines"
holds "$rows" hold "$big"
for name in cold1 cold2 cold3; do
    term_new "$name" -s $size -T screen-256color "$footplate" --store "$big" -c "$F/config" console shop-web
    read -r byte whole bytes <<<"$(tell "$name" first 60 '[0-9] +1\.[0-9]+\.[0-9]+.*number [0-9]|number [0-9]+ in')"
    row "first screen, $releases releases, $lines lines" "$whole ms" "100 ms (first byte after $byte ms)"
    order "$name" quiet 500 3000
    term_end "$name"
done
end_held
is_done=yes
