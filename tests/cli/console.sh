#!/bin/bash
# console.sh: the program's full screen in a real terminal (tmux), by keys alone, against an engine that
# plays stories: it opens, shows what changes, acts, stops, and leaves the terminal as it was after
# every kind of end. What the screen looks like is for the tests of ui.
set -u
export LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME FOOTPLATE_DRIVER TMUX TMUX_PANE SSH_CONNECTION NO_COLOR
program=${abs_top_builddir:?run me by make check}/tests/cli/footplate-scripted
if ! command -v tmux >/dev/null; then
    echo '1..0 # SKIP no tmux'
    exit 0
fi
T=$(mktemp -d /tmp/fps.XXXXXX) || exit 99
export STORY=$T/story HOME=$T/home ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}:log_path=$T/asan
server=fps$$
mkdir -p "$STORY" "$HOME" "$T/config/groups.d"

cleanup()
{
    local pid
    trap - EXIT HUP INT TERM
    tmux -L "$server" kill-server 2>/dev/null
    if [ -s "$STORY/engine.pid" ]; then
        pid=$(cat "$STORY/engine.pid")
        if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$T"; then kill -9 "$pid"; fi
    fi
    rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

number=0
ok()
{
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
        return
    fi
    echo "not ok $number - $2"
    screen | sed 's/^/#   /'
    cat "$T"/asan.* 2>/dev/null | head -30 | sed 's/^/#   /'
}

tm() { tmux -L "$server" -f /dev/null "$@"; }
screen() { tm capture-pane -p 2>/dev/null; }
key() { tm send-keys "$@"; }

# until_seen TEXT, until_gone TEXT: on the screen, at most 30 s
until_seen()
{
    local i
    for ((i = 0; i < 600; i++)); do
        screen | grep -qF -- "$1" && return 0
        sleep 0.05
    done
    return 1
}
# until_true COMMAND...: at most 30 s
until_true()
{
    local i
    for ((i = 0; i < 600; i++)); do
        "$@" 2>/dev/null && return 0
        sleep 0.05
    done
    return 1
}
fp() { timeout 60 "$program" -c "$T/config" --store "$T/store" "$@" >"$T/out" 2>"$T/err" </dev/null; }

# The processes of the console: the guard and its child.
consoles() { pgrep -f -- "$program -c $T/config --store $T/store console"; }
none_left() { ! consoles >/dev/null; }
# The newest of them is the child.
child() { consoles | tail -1; }

# Begin anew with a clean line; $1: more arguments
begin()
{
    key C-c
    tm clear-history
    key "clear; $program -c $T/config --store $T/store console $1; echo \"EXIT=\$?\"" Enter
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
mkdir -p "$T/packages"
cat >"$STORY/story-start" <<'END'
open RELEASE
verdict done the release begins
status SMOKING
target 0 INSTALL_RUNNING
END
cat >"$STORY/story-interrupt" <<'END'
brake operator: ann pressed X
verdict done braked
END

tm new-session -d -x 120 -y 40 'exec bash --norc --noprofile' || { echo '1..0 # SKIP no tmux'; exit 0; }
key "PS1='% '; export STORY=$STORY HOME=$HOME LC_ALL=C.UTF-8" Enter

# ---- once, as text ------------------------------------------------------------------------------------

fp start shop-web 1.1.0 --yes --detach
ok $? 'a release begins'
fp --dump-screen 80x24
ok $? '--dump-screen'
[ "$(wc -l <"$T/out")" = 24 ]
ok $? 'prints as many lines as the screen has'
grep -q shop-web "$T/out"
ok $? 'with the group on it'
LC_ALL=C fp --dump-screen 80x24
! LC_ALL=C grep -q '[^ -~]' "$T/out"
ok $? 'in ASCII where the locale is'
fp console shop-web --dump-screen 120x40 --pane nothing
[ $? = 2 ]
ok $? 'a pane that is none'

# ---- open, see, act, leave ------------------------------------------------------------------------------

begin shop-web
until_seen '1 cluster'
ok $? 'the console opens'
until_seen 'smok'
ok $? 'and shows what is under way'
key X
until_seen 'braked'
ok $? 'X brakes, and the screen says so'
key q
until_seen 'EXIT=0'
ok $? 'q leaves'
screen | grep -q '^release [0-9]* of shop-web runs on: SMOKING, braked; engine '
ok $? 'with a last line for the shell'
until_true none_left
ok $? 'and nothing is left behind'

# ---- the terminal and its ends ------------------------------------------------------------------------------

begin ''
until_seen '1 cluster'
key C-z
until_seen 'Stopped'
ok $? 'Ctrl-Z gives the shell back'
key 'stty -a | grep -o " echo " ; fg' Enter
until_seen '1 cluster'
ok $? 'and fg the console'
tm resize-window -x 70 -y 18
until_seen 'shop-web'
ok $? 'a small window is drawn'
tm resize-window -x 50 -y 10
until_seen '60'
ok $? 'one that is too small says what is needed'
tm resize-window -x 120 -y 40
until_seen '1 cluster'
ok $? 'and it comes back'
kill -TERM "$(child)"
until_seen 'EXIT='
ok $? 'SIGTERM ends it'
key 'clear; stty -a | grep -c " echo "' Enter
until_true sh -c "tmux -L $server capture-pane -p | grep -qx 1"
ok $? 'and the terminal is as it was'
begin ''
until_seen '1 cluster'
kill -9 "$(child)"
until_seen 'EXIT='
ok $? 'so does kill -9'
key 'clear; stty -a | grep -c " echo "' Enter
until_true sh -c "tmux -L $server capture-pane -p | grep -qx 1"
ok $? 'and the terminal is as it was, for the guard holds its modes'

# ---- what is refused ------------------------------------------------------------------------------------------

key "clear; TERM=dumb $program -c $T/config --store $T/store console; echo \"EXIT=\$?\"" Enter
until_seen 'EXIT=2'
ok $? 'no screen on TERM=dumb'
printf 'keys: {zoom: q}\n' >"$T/config/footplate.yaml"
begin ''
until_seen 'EXIT=2'
ok $? 'a key that two commands would have is an error'
until_seen 'footplate.yaml:1:14: '
ok $? 'with its place'
printf 'keys: {zoom: F, quit: Q}\ntheme: light\nborders: ascii\n' >"$T/config/footplate.yaml"
begin ''
until_seen '1 cluster'
key Q
until_seen 'EXIT=0'
ok $? 'keys of footplate.yaml count'
fp help keys
grep -q '^F  *zoom ' "$T/out"
ok $? 'and help keys says them'

# ---- a terminal that is gone --------------------------------------------------------------------------------------

begin ''
until_seen '1 cluster'
tm kill-server
until_true none_left
ok $? 'a console whose terminal is gone ends'
[ -z "$(cat "$T"/asan.* 2>/dev/null)" ]
ok $? 'and no sanitizer has anything to say'
echo "1..$number"
