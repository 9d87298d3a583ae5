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
        "'$footplate' -c '$F/config' --driver $name console $* ; echo ended with \$? ; exec cat" || return 1
    tm resize-window -t "$name" -x "${size%x*}" -y "${size#*x}" || { fail "tmux starts"; exit 1; }
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

# The buttons that the screen shows, in its order.
buttons()
{
    see "$1" | grep -Eo '(^|[^[:alnum:]]) ?[NXKT] +(Start|Interrupt|Continue|Retry)( |$)' |
        grep -Eo 'Start|Interrupt|Continue|Retry' | paste -sd' '
}
buttons_are_now()
{
    buttons_seen=$(buttons "$1")
    case $buttons_seen in
    Start | Interrupt | "Interrupt Retry" | "Interrupt Continue") ;;
    # Between two frames tmux may show half of a change: looked at again by who waits.
    *) wrong_buttons=$((wrong_buttons + 1)); return 1 ;;
    esac
    [ "$buttons_seen" = "$2" ]
}
wrong_buttons=0

# buttons_are DESCRIPTION NAME SECONDS "BUTTON [BUTTON]"
buttons_are()
{
    if wait_until "$3" buttons_are_now "$2" "$4"; then
        pass "$1: $4"
    else
        fail "$1: $4" "the buttons are '$buttons_seen' on:
$(see "$2")"
    fi
}

# opens NAME KEY REGEX: presses a key that opens a dialog until it is there: within 0.7 s after the buttons have
# changed the screen refuses it, as it should
opens()
{
    local tries
    for ((tries = 0; tries < 10; tries++)); do
        press "$1" "$2"
        if wait_until 2 sees "$1" "$3"; then
            return 0
        fi
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
    hides "$1: it closes" "$2" 10 'any other key: no'
}
