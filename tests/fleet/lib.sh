# lib.sh: what the tests of the whole program share: TAP, a fleet of their own in a short folder, the built
# footplate on it, and witnesses that footplate knows nothing of (the application's own starts, HAProxy's own
# state, the load generator's counts). Sourced by bash; ends the fleet whatever happens.
# shellcheck shell=bash disable=SC2034

top=${abs_top_srcdir:?run me by make check}
build=${abs_top_builddir:?run me by make check}
export FLEET_BIN=$build/demo
export FLEET_BATCH_INTERVAL=${FLEET_BATCH_INTERVAL:-300ms}
export FLEET_TTL=1800
# What a slow machine needs; a test of a bound sets its own before it reads this.
export FLEET_STARTUP_TIMEOUT=${FLEET_STARTUP_TIMEOUT:-60s} FLEET_COMMAND_TIMEOUT=${FLEET_COMMAND_TIMEOUT:-60s}
export FLEET_DRAIN_TIMEOUT=${FLEET_DRAIN_TIMEOUT:-60s}
export LC_ALL=C.UTF-8 NO_PROXY='*' no_proxy='*'
unset CDPATH DISPLAY SSH_AUTH_SOCK SSH_ASKPASS XDG_STATE_HOME XDG_CONFIG_HOME
# A test's process shall not be slowed down by what a sanitizer keeps back for later.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=8:detect_leaks=1}
PATH=$PATH:/usr/sbin:/sbin
group=shop-web

footplate=${footplate:-$build/footplate}
[ -x "$footplate" ] || footplate=$build/src/cli/footplate

# ---- TAP ---------------------------------------------------------------------------------------------

tests=0 failures=0 is_done=

note() { printf '%s\n' "$@" | sed 's/^/# /'; }

pass() { tests=$((tests + 1)); echo "ok $tests - $1"; }

# One line of safe characters, its middle left out where it is long: what led to an end stands at the end.
one_line()
{
    local line
    line=$(printf '%s' "$1" | LC_ALL=C tr -cs "A-Za-z0-9 .,:;=/_'()<>%+-" ' ' | sed 's/  */ /g; s/^ //; s/ $//')
    [ ${#line} -le 160 ] || line="${line:0:60} ... ${line: -95}"
    printf '%s' "$line"
}

# The reason is in the description too: a report of one line for each test carries it on.
fail()
{
    tests=$((tests + 1))
    failures=$((failures + 1))
    if [ $# -lt 2 ]; then
        echo "not ok $tests - $1"
    else
        echo "not ok $tests - $1 - $(one_line "$2")"
        note "$2"
    fi
}

# ok DESCRIPTION COMMAND...
ok()
{
    local what=$1
    shift
    if "$@" >"$T/ok.out" 2>&1; then
        pass "$what"
    else
        fail "$what" "$* said: $(head -c 2000 "$T/ok.out")"
    fi
}

# is DESCRIPTION GOT WANTED
is()
{
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "got '$2', wanted '$3'"
    fi
}

# like DESCRIPTION GOT EXTENDED-REGEX
like()
{
    if [[ $2 =~ $3 ]]; then
        pass "$1"
    else
        fail "$1" "got '$2', wanted something like '$3'"
    fi
}

# at_most DESCRIPTION GOT LIMIT
at_most()
{
    if [ "$2" -le "$3" ]; then
        pass "$1"
    else
        fail "$1" "got $2, wanted at most $3"
    fi
}

skip_all()
{
    is_done=yes
    echo "1..0 # SKIP $1"
    exit 0
}

done_testing()
{
    is_done=yes
    note "$SECONDS s"
    echo "1..$tests"
    [ "$failures" = 0 ]
    exit
}

# ---- the fleet ---------------------------------------------------------------------------------------

# What helps to see why: after a failure only.
show_state()
{
    note "--- the commands and what they said"
    tail -n 80 "$T/commands.log" 2>/dev/null | cut -c1-400 | sed 's/^/# /'
    note "--- status"
    fp_raw status "$group" --json 2>&1 | jq -c '.[0] | (.deployment.batches[]?.targets[]?), del(.deployment.batches)' 2>&1 |
        head -c 8000 | sed 's/^/# /'
    note "--- the engine's own words"
    find "$F/store" -name '*.log' -exec tail -n 30 {} + 2>/dev/null | sed 's/^/# /'
    note "--- the balancer's changes"
    tail -n 40 "$F/balancer.log" 2>/dev/null | sed 's/^/# /'
    jq -c . "$F/load.json" 2>/dev/null | sed 's/^/# /'
}

cleanup()
{
    local status=$?
    trap - EXIT HUP INT TERM
    if [ -e "$F/env" ]; then
        [ "$failures" = 0 ] && [ -n "$is_done" ] || show_state
        FLEET_GRACE=1 bash "$top/demo/fleet" down "$F" >/dev/null 2>&1 || note "the fleet does not end: $F"
    fi
    [ -z "${on_cleanup:-}" ] || eval "$on_cleanup"
    if [ -n "${FLEET_KEEP:-}" ]; then
        note "kept: $T"
    else
        rm -rf "$T"
    fi
    [ -n "$is_done" ] || echo "Bail out! the test ended early"
    exit "$status"
}

T=$(mktemp -d /tmp/fpf.XXXXXX)
F=$T/f
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# fleet_up N: N instances at 1.0.0, with the sampler on HAProxy.
fleet_up()
{
    [ -x "$footplate" ] || { note "footplate is not built"; exit 1; }
    bash "$top/demo/fleet" up "$F" "$1" >"$T/up.log" 2>&1 || { note "$(cat "$T/up.log")"; exit 1; }
    # shellcheck source=/dev/null
    . "$F/env"
    export FLEET_ID
    wait_until 60 is_balanced || { note "HAProxy does not see all instances"; exit 1; }
    bash "$top/demo/fleet" watch "$F" || exit 1
}

load_start() { bash "$top/demo/fleet" load "$F" "$@" || exit 1; }

# Ends the load generator and waits for its last word.
load_stop()
{
    kill "$(cut -d' ' -f1 "$F/run/load.pid")"
    wait_until 60 load_is_done || note "the load generator does not end"
}
load_is_done() { [ "$(jq .done "$F/load.json")" = true ]; }
load_count() { jq -r "$1" "$F/load.json"; }

# new_version VERSION [KEY=VALUE]...: one more package, see demo/mkpackages
new_version() { bash "$top/demo/mkpackages" "$FLEET_BIN/shop" "$F/packages" "$@"; }

# edit SED-EXPRESSION: the group's configuration
edit() { sed -i "$1" "$F/config/groups.d/$group.yaml"; }

# hold HOST..., let_go: a version with start_waits_while=hold does not start there in between
hold() { local h; for h in "$@"; do touch "$F/srv/$h/hold"; done; }
let_go() { rm -f "$F"/srv/*/hold; }

# ---- footplate ---------------------------------------------------------------------------------------

fp_raw() { timeout -k 5 "${FP_LIMIT:-240}" "$footplate" -c "$F/config" --driver tester "$@" </dev/null; }

# fp COMMAND...: its exit status is in $code, standard output in $T/out, standard error in $T/err
fp()
{
    local from=$SECONDS
    code=0
    fp_raw "$@" >"$T/out" 2>"$T/err" || code=$?
    { echo "\$ footplate $*   -> $code after $((SECONDS - from)) s"; cat "$T/out" "$T/err"; } >>"$T/commands.log"
}

# fp_is DESCRIPTION EXIT-STATUS COMMAND...
fp_is()
{
    local what=$1 wanted=$2
    shift 2
    fp "$@"
    if [ "$code" = "$wanted" ]; then
        pass "$what"
    else
        fail "$what" "footplate $* ended with $code, wanted $wanted: $(tail -n 5 "$T/out" "$T/err")"
    fi
}

# field JQ: of the group in status --json
field() { fp_raw status "$group" --json 2>/dev/null | jq -r ".[0] | $1" 2>/dev/null; }
status_is() { [ "$(field .deployment.status)" = "$1" ]; }
count_in() { field "[.deployment.batches[].targets[] | select(.status == \"$1\")] | length"; }
none_runs() { [ "$(field '[.deployment.batches[].targets[] | select(.status | endswith("_RUNNING"))] | length')" = 0 ]; }
target() { field ".deployment.batches[].targets[] | select(.host == \"$1\") | $2"; }
ledger_of() { field '[.ledger[].host] | sort | join(" ")'; }
batches_of() { field '[.deployment.batches[] | .status] | join(" ")'; }

# The engines of this fleet that live.
engines() { pgrep -f "^[^ ]*footplate .*$F/.* engine( |\$)"; }
n_engines() { engines | grep -c .; }
# A process that dies loses its command line before the kernel closes its files, and may still wait for the disk in
# between: gone is who holds no lock any more either.
no_engine() { [ -z "$(engines)" ] && [ "$(field .engine_alive)" = false ]; }
kill_engine()
{
    local pids
    pids=$(engines)
    # The list is split into words on purpose.
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
    wait_until 60 no_engine || { echo "the engine does not die: $pids"; return 1; }
}

# ---- witnesses ---------------------------------------------------------------------------------------

# wait_until SECONDS COMMAND...
wait_until()
{
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

hosts() { find "$F/srv" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -t. -k4n; }
current_of() { basename "$(readlink "$F/srv/$1/current")"; }
currents() { local h; for h in $(hosts); do current_of "$h"; done | sort | uniq -c | awk '{print $2 "=" $1}' | paste -sd' '; }
# starts_of HOST VERSION: how many times that version was started there
starts_of() { awk -v v="$2" '$2 == v {n++} END {print n + 0}' "$F/srv/$1/starts.log"; }
# starts VERSION: the same for every host, as "1 1 1"
starts() { local h; for h in $(hosts); do starts_of "$h" "$1"; done | paste -sd' '; }
ones() { hosts | sed 's/.*/1/' | paste -sd' '; }
health_of() { curl -s --max-time 20 "http://$1:$APP_PORT/health"; }

ask_haproxy() { "$FLEET_BIN/sample" --socket "$F/haproxy.sock" --ask "$1"; }
# Hosts that HAProxy does not give requests to, whatever the reason.
out_of_haproxy()
{
    ask_haproxy 'show stat' | awk -F, '$1 == "shop" && $2 ~ /^web/ && $18 !~ /^UP/ {sub("web0*", "127.0.1.", $2); print $2}' |
        sort | paste -sd' '
}
# Hosts with a state that somebody has set (drain or maint).
set_in_haproxy()
{
    ask_haproxy 'show servers state shop' | awk '$4 ~ /^web/ && $7 != 0 {print $5}' | sort | paste -sd' '
}
is_balanced() { [ -S "$F/haproxy.sock" ] && ask_haproxy 'show stat' >/dev/null && [ -z "$(out_of_haproxy)" ]; }
max_out() { awk '$1 == "max_out" {print $2}' "$F/balancer"; }
now_out() { awk '$1 == "out" {print $2}' "$F/balancer"; }

# The master takes the configuration again; the states that were set by hand are forgotten.
haproxy_reload()
{
    local before
    before=$(ask_haproxy 'show info' | awk '/^Pid:/ {print $2}')
    kill -USR2 "$(cut -d' ' -f1 "$F/run/haproxy.pid")"
    wait_until 60 haproxy_is_new "$before"
}
haproxy_is_new()
{
    local now
    now=$(ask_haproxy 'show info' 2>/dev/null | awk '/^Pid:/ {print $2}')
    [ -n "$now" ] && [ "$now" != "$1" ]
}
