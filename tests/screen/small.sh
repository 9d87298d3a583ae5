# small.sh: the console on a pty of its own (tests/bench/term.c), and a group whose instances are folders of this
# machine: transport local, no balancer. Engine and steps are the real ones, and quick. Sourced by bash, after
# tests/screen/lib.sh where tmux is wanted too.
# shellcheck shell=bash disable=SC2034

declare -F wait_until >/dev/null || . "${abs_top_srcdir:?}/tests/fleet/lib.sh"
terminal=$build/tests/bench/term
rows=$build/tests/screen/rows
unset TMUX TMUX_PANE NO_COLOR COLORTERM LINES COLUMNS SSH_CONNECTION SSH_CLIENT SSH_TTY
export SHELL=/bin/sh

# ---- the group --------------------------------------------------------------------------------------------

# small_up N: N instances, nothing released. They start when $T/go is there, and are healthy while
# $F/packages/health is.
small_up()
{
    local i v
    port=$("$FLEET_BIN/shop" --free-ports 1)
    mkdir -p "$F/config/groups.d" "$F/packages/app" "$F/srv"
    chmod 700 "$F/config" "$F/config/groups.d"
    echo ok >"$F/packages/health"
    touch "$T/go"
    for v in 1.0.0 1.1.0 1.2.0; do
        echo "$v" >"$F/packages/app/version"
        tar -czf "$F/packages/shop-$v.tar.gz" -C "$F/packages/app" version
    done
    (cd "$F/packages" && sha256sum shop-*.tar.gz >SHA256SUMS)
    {
        cat <<E
group: $group
doc_base: $F/srv/%h
port: $port
health_check_url: "http://127.0.0.1:$port/health"
watch: 0s
transport: local
instances:
E
        for ((i = 1; i <= $1; i++)); do echo "  - host: 127.0.3.$i"; done
        cat <<E
package: {name: shop, source: $F/packages, url: "http://127.0.0.1:$port/shop-%v.tar.gz"}
commands: {stop: ":", start: "${small_start:-until [ -e $T/go ]; do sleep 0.1; done}"}
verify: {successes: 1, interval: 100ms}
deployment: {max_out: 50%, batch_interval: 0s, startup_timeout: ${small_timeout:-5s}}
E
    } >"$F/config/groups.d/$group.yaml"
    echo "store: $F/store" >"$F/config/footplate.yaml"
    chmod 600 "$F/config/footplate.yaml" "$F/config/groups.d/$group.yaml"
    "$FLEET_BIN/shop" --serve "$F/packages" --port "$port" >"$T/http.log" 2>&1 &
    small_pids+=($!)
    wait_until 60 curl -fso /dev/null --noproxy '*' "http://127.0.0.1:$port/health"
}
small_pids=()

small_down()
{
    local pid
    for pid in "${term_pids[@]}" "${small_pids[@]}" $(engines); do kill "$pid" 2>/dev/null; done
    wait_until 20 small_is_gone || kill -9 "${term_pids[@]}" "${small_pids[@]}" 2>/dev/null
}
small_is_gone()
{
    local pid
    for pid in "${term_pids[@]}" "${small_pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || return 1; done
    [ -z "$(engines)" ]
}
on_cleanup="small_down; ${on_cleanup:-}"

actions() { "$rows" actions "$F/store"; }
n_actions() { actions | wc -l; }
has_action() { actions | grep -Eq -- "$1"; }

# ---- terminals --------------------------------------------------------------------------------------------

declare -A term_in term_out term_of
term_pids=()

# term_new NAME [term's OPTION]... COMMAND...: a terminal that waits for orders; `tell NAME run` begins it
term_new()
{
    local name=$1 in out
    shift
    mkfifo "$T/$name.in" "$T/$name.out"
    "$terminal" "$@" <"$T/$name.in" >"$T/$name.out" 2>"$T/$name.err" &
    term_of[$name]=$!
    term_pids+=($!)
    exec {in}>"$T/$name.in" {out}<"$T/$name.out"
    term_in[$name]=$in
    term_out[$name]=$out
}

# tell NAME ORDER...: its answer, on standard output
tell()
{
    local name=$1 said
    shift
    printf '%s\n' "$*" >&"${term_in[$name]}"
    IFS= read -r -t "${TELL_LIMIT:-90}" said <&"${term_out[$name]}" || said="no answer to $*"
    printf '%s\n' "$said"
}
# told NAME ANSWER ORDER...
told() { [ "$(tell "$1" "${@:3}")" = "$2" ]; }
order() { tell "$@" >/dev/null; }
# picture NAME [ORDER]: lines up to one with a point
picture()
{
    local line
    printf '%s\n' "${2:-screen}" >&"${term_in[$1]}"
    while IFS= read -r -t 30 line <&"${term_out[$1]}" && [ "$line" != . ]; do printf '%s\n' "$line"; done
}

# term_end NAME: and all that it runs
term_end()
{
    local in=${term_in[$1]} out=${term_out[$1]}
    exec {in}>&- {out}<&-
    wait "${term_of[$1]}" 2>/dev/null
    rm -f "$T/$1.in" "$T/$1.out"
}

# term_shows DESCRIPTION NAME SECONDS REGEX
term_shows()
{
    if told "$2" yes shows "$3" "$4"; then
        pass "$1"
    else
        fail "$1" "no /$4/ within $3 s on:
$(picture "$2")"
    fi
}
term_hides()
{
    if told "$2" yes hides "$3" "$4"; then
        pass "$1"
    else
        fail "$1" "/$4/ is still there after $3 s on:
$(picture "$2")"
    fi
}

# opens NAME KEY REGEX: presses a key, once more where it was refused, as it is for a moment after the buttons have
# changed; REGEX is what only then is there. In a dialog that opens late a second key would be an answer.
opens()
{
    order "$1" send "$2"
    told "$1" yes shows 30 "$3|[NXKTU] did nothing" && told "$1" yes shows 1 "$3" && return
    order "$1" watch 1
    order "$1" send "$2"
    told "$1" yes shows 30 "$3" && return
    fail "$2 opens /$3/" "$(picture "$1")"
    return 1
}

# quiet NAME: until nothing was drawn for a moment, so that what a key has brought is there
quiet() { order "$1" quiet 700 20000; }

# term_console NAME COLSxROWS [term's OPTION]...: a console there, begun
term_console()
{
    local name=$1 size=$2
    shift 2
    term_new "$name" -s "$size" "$@" "$footplate" -c "$F/config" --driver "$name" console
    order "$name" run
}

# The console itself, below its guard.
console_of() { pgrep -P "$(tell "$1" pid)" | head -n 1; }

# cpu_ms PID: processor time of all its threads
cpu_ms() { cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{n += $1} END {printf "%d\n", n / 1000000}'; }
