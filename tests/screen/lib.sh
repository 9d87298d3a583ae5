# lib.sh: the console in a real terminal: tmux with a socket and a configuration of its own, driven by keys,
# read by what stands on the screen. Beside it everything of tests/fleet/lib.sh: a real fleet and its witnesses.
# Sourced by bash.
# shellcheck shell=bash disable=SC2034

. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

command -v tmux >/dev/null || skip_all "tmux is not installed"
# What of the outside would change the screen.
unset TMUX TMUX_PANE NO_COLOR COLORTERM LINES COLUMNS SSH_CONNECTION SSH_CLIENT SSH_TTY
export SHELL=/bin/sh

tm() { tmux -S "$T/tmux" -f "$T/tmux.conf" "$@"; }
cat >"$T/tmux.conf" <<E
set -g status off
set -g escape-time 10
set -g default-terminal screen-256color
set -g history-limit 0
E
on_cleanup='tm kill-server 2>/dev/null || true'

# console NAME COLSxROWS [OPTION]...: footplate in a window of its own; its exit status is left on the screen.
# Without a console nothing of a test makes sense: it ends here.
console()
{
    local name=$1 size=$2
    shift 2
    tm new-session -d -s "$name" -x "${size%x*}" -y "${size#*x}" \
        "'$footplate' -c '$F/config' --driver $name console $* ; echo ended with \$? ; exec cat" &&
        tm resize-window -t "$name" -x "${size%x*}" -y "${size#*x}" && return
    fail "tmux starts"
    done_testing
}

resize() { tm resize-window -t "$1" -x "${2%x*}" -y "${2#*x}"; }
console_pid() { tm list-panes -t "$1" -F '#{pane_pid}'; }
press() { local name=$1; shift; tm send-keys -t "$name" -- "$@"; }
see() { tm capture-pane -p -t "$1"; }
sees() { see "$1" | grep -Eq -- "$2"; }
sees_not() { ! sees "$1" "$2"; }

# shows DESCRIPTION NAME SECONDS REGEX: waits until the screen holds it
shows()
{
    if wait_until "$3" sees "$2" "$4"; then
        pass "$1"
    else
        fail "$1" "no /$4/ within $3 s on:
$(see "$2")"
    fi
}

# hides DESCRIPTION NAME SECONDS REGEX: waits until the screen does not hold it
hides()
{
    if wait_until "$3" sees_not "$2" "$4"; then
        pass "$1"
    else
        fail "$1" "/$4/ is still there after $3 s on:
$(see "$2")"
    fi
}

# The buttons of a picture on standard input, in its order.
buttons()
{
    grep -Eo '(^|[^[:alnum:]]) ?[NXKT] +(Start|Interrupt|Continue|Retry)( |$)' |
        grep -Eo 'Start|Interrupt|Continue|Retry' | paste -sd' '
}

# stands_now NAME REGEX "BUTTON [BUTTON]": one picture with both, its top line and its buttons
stands_now()
{
    local picture
    picture=$(see "$1")
    top_seen=${picture%%$'\n'*}
    buttons_seen=$(buttons <<<"$picture")
    [ "$buttons_seen" = "$3" ] && [[ $top_seen =~ $2 ]]
}

# stands DESCRIPTION NAME SECONDS REGEX "BUTTON [BUTTON]": waits until the top line says that state and the buttons
# are these. Right after a key the picture is still the one before: the two together must not be true of that one.
stands()
{
    if wait_until "$3" stands_now "$2" "$4" "$5"; then
        pass "$1: $5"
    else
        fail "$1: $5" "no /$4/, or the buttons are '$buttons_seen', on:
$(see "$2")"
    fi
}

# opens NAME KEY REGEX: presses a key that opens a dialog, until it is there. For a moment after the buttons have
# changed the screen refuses it, as it should. Pressed again only where it was refused: in a dialog that opens late
# the second one would be an answer.
opens()
{
    local tries
    for ((tries = 0; tries < 3; tries++)); do
        wait_until 20 sees_not "$1" '\(new:' || return 1
        press "$1" "$2"
        wait_until 20 sees "$1" "$3|$2 did nothing" && wait_until 1 sees "$1" "$3" && return 0
    done
    return 1
}

# confirm DESCRIPTION NAME KEY REGEX: opens a dialog by its key, waits until its title is there and it is armed, and
# answers Y
confirm()
{
    # What follows rests on it: a test that goes on without its dialog only waits.
    if ! opens "$2" "$3" "$4" || ! wait_until 20 sees "$2" 'Y .*any other key: no'; then
        fail "$1: an armed dialog" "on:
$(see "$2")"
        done_testing
    fi
    pass "$1: an armed dialog"
    press "$2" Y
    hides "$1: it closes" "$2" 20 'any other key: no'
}
