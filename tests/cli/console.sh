#!/bin/bash
# console.sh: the program's full screen in a real terminal (tmux), by keys alone, against an engine that
# plays stories: it opens, shows what changes, acts, stops, and leaves the terminal as it was after
# every kind of end. What the screen looks like is for the tests of ui.
if ! command -v tmux >/dev/null; then
    echo '1..0 # SKIP no tmux'
    exit 0
fi
. "${abs_top_srcdir:?run me by make check}/tests/cli/lib.sh"
export ASAN_OPTIONS=$ASAN_OPTIONS:log_path=$T/asan
server=fps$$
patience_s=30

leave() { tmux -L "$server" kill-server 2>/dev/null; }
why_not()
{
    screen
    cat "$T"/asan.* 2>/dev/null | head -30
}

tm() { tmux -L "$server" -f /dev/null "$@"; }
screen() { tm capture-pane -p 2>/dev/null; }
key() { tm send-keys "$@"; }

shows() { screen | grep -qF -- "$1"; }
until_seen() { wait_until shows "$1"; }

# The border of a pane ends in that column: it was drawn for that width.
is_wide() { screen | grep -q "^┌.\{$(($1 - 2))\}┐$"; }

# The processes of the console: the guard and its child.
consoles() { pgrep -f -- "$program -c $T/config --store $T/store console"; }
none_left() { ! consoles >/dev/null; }
child() { pgrep -P "$(consoles | paste -sd,)" -f -- "$program"; }

# begin ARGUMENTS [VARIABLE=VALUE]: anew with a clean line. What an earlier one has ended with may still be there for
# a moment: each end has its number.
runs=0
begin()
{
    runs=$((runs + 1))
    key C-c
    tm clear-history
    key "clear; ${2:-} $program -c $T/config --store $T/store console $1; echo \"EXIT$runs=\$?\"" Enter
}

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

tm new-session -d -x 120 -y 40 'exec bash --norc --noprofile' || { echo 'Bail out! tmux does not start'; exit 1; }
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
printf 'keys: {history: ""}\n' >"$T/config/footplate.yaml"
fp console shop-web --dump-screen 60x16 --pane history
grep -q '^┌ 4 history' "$T/out"
ok $? 'a pane that no key leads to'
rm "$T/config/footplate.yaml"

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
until_seen "EXIT$runs=0"
ok $? 'q leaves'
screen | grep -q '^release [0-9]* of shop-web runs on: SMOKING, braked; engine '
ok $? 'with a last line for the shell'
wait_until none_left
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
wait_until is_wide 70
ok $? 'a small window is drawn'
tm resize-window -x 50 -y 10
until_seen 'footplate needs 60x16, this is 50x10'
ok $? 'one that is too small says what is needed'
tm resize-window -x 120 -y 40
wait_until is_wide 120
ok $? 'and it comes back'
kill -TERM "$(child)"
until_seen "EXIT$runs="
ok $? 'SIGTERM ends it'
key 'clear; stty -a | grep -c " echo "' Enter
wait_until sh -c "tmux -L $server capture-pane -p | grep -qx 1"
ok $? 'and the terminal is as it was'
begin ''
until_seen '1 cluster'
kill -9 "$(child)"
until_seen "EXIT$runs="
ok $? 'so does kill -9'
key 'clear; stty -a | grep -c " echo "' Enter
wait_until sh -c "tmux -L $server capture-pane -p | grep -qx 1"
ok $? 'and the terminal is as it was, for the guard holds its modes'

# ---- what is refused ------------------------------------------------------------------------------------------

begin '' TERM=dumb
until_seen "EXIT$runs=2"
ok $? 'no screen on TERM=dumb'
printf 'keys: {zoom: q}\n' >"$T/config/footplate.yaml"
begin ''
until_seen "EXIT$runs=2"
ok $? 'a key that two commands would have is an error'
until_seen 'footplate.yaml:1:14: '
ok $? 'with its place'
printf 'keys: {zoom: F, quit: Q}\ntheme: light\nborders: ascii\n' >"$T/config/footplate.yaml"
begin ''
until_seen '1 cluster'
key Q
until_seen "EXIT$runs=0"
ok $? 'keys of footplate.yaml count'
fp help keys
grep -q '^F  *zoom ' "$T/out"
ok $? 'and help keys says them'

# ---- a terminal that is gone --------------------------------------------------------------------------------------

begin ''
until_seen '1 cluster'
tm kill-server
wait_until none_left
ok $? 'a console whose terminal is gone ends'
[ -z "$(cat "$T"/asan.* 2>/dev/null)" ]
ok $? 'and no sanitizer has anything to say'
echo "1..$number"
