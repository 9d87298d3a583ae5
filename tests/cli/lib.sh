# lib.sh: what the tests of the program share: a folder of their own with one group in it, an engine that
# plays the stories there (scripted_engine.c), TAP, and nothing left behind. Read by bash.
#
# A test says with leave() what else it has to end, and may say with a why_not() of its own what it shows of a failure.
set -u
export LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME FOOTPLATE_DRIVER TMUX TMUX_PANE SSH_CONNECTION NO_COLOR
program=${abs_top_builddir:?run me by make check}/tests/cli/footplate-scripted
T=$(mktemp -d /tmp/fpc.XXXXXX) || exit 99
export STORY=$T/story HOME=$T/home ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
mkdir -p "$STORY" "$HOME" "$T/config/groups.d" "$T/packages"

leave() { :; }
cleanup()
{
    local pid
    trap - EXIT HUP INT TERM
    leave
    if [ -s "$STORY/engine.pid" ]; then
        pid=$(cat "$STORY/engine.pid")
        if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$T"; then kill -9 "$pid"; fi
    fi
    rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ok STATUS DESCRIPTION; in_short: a few words of why_not that stand in the description too, for a report of one
# line for each test carries them on.
number=0
in_short=
ok()
{
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
        return
    fi
    why_not >"$T/why"
    echo "not ok $number - $2$in_short"
    sed 's/^/#   /' "$T/why"
}

# fp ARGUMENTS...: status in $code, output in $T/out and $T/err
code=0
fp()
{
    timeout 60 "$program" -c "$T/config" --store "$T/store" "$@" >"$T/out" 2>"$T/err" </dev/null
    code=$?
    return "$code"
}

why_not()
{
    in_short=" - exit status $code: $(head -c 300 "$T/err" | LC_ALL=C tr -cs "A-Za-z0-9 .,:;=/_'()<>%+-" ' ' | head -c 140)"
    echo "exit status $code"
    echo "stdout:"; head -c 3000 "$T/out"
    echo "stderr:"; head -c 3000 "$T/err"
}
# What the last fp() came to. out_has() in one line, words_are() wherever a line is broken.
is() { [ "$code" = "$1" ]; ok $? "$2"; }
out_has() { grep -qF -- "$1" "$T/out"; ok $? "$2"; }
out_lacks() { ! grep -qF -- "$1" "$T/out"; ok $? "$2"; }
words_are() { tr -s ' \n' ' ' <"$T/out" | grep -qF -- "$1"; ok $? "$2"; }
err_has() { grep -qF -- "$1" "$T/err"; ok $? "$2"; }
# json FILTER DESCRIPTION: the filter is true for what was printed; json_lines(): for all its lines together
json() { [ "$(jq -r "$1" "$T/out" 2>/dev/null)" = true ]; ok $? "$2"; }
json_lines() { [ "$(jq -rs "$1" "$T/out" 2>/dev/null)" = true ]; ok $? "$2"; }
# usage_is MESSAGE ARGUMENTS...: refused as usage, on one line that says so
usage_is()
{
    local message=$1
    shift
    fp "$@"
    [ "$code" = 2 ] && [ "$(wc -l <"$T/err")" = 1 ] && [ ! -s "$T/out" ] && grep -qF -- "$message" "$T/err"
    ok $? "exit 2: footplate $(printf '%s ' "$@" | head -c 80)"
}

story() { cat >"$STORY/story-$1"; }

# wait_until COMMAND...: until it succeeds, at most $patience_s
patience_s=60
wait_until()
{
    local end=$((SECONDS + patience_s))
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

cat >"$T/config/groups.d/shop.yaml" <<END
group: shop-web
doc_base: $T/srv
port: 8080
health_check_url: http://%h:%p/health
transport: local
instances:
  - host: web[01-04]
package: {name: shop, source: $T/packages, url: "http://127.0.0.1:1/shop-%v.tar.gz"}
commands: {stop: "true", start: "true"}
END
