#!/bin/bash
# Every key string of the terminals in use, whole and in pieces with pauses, into the whole console, directly and
# through tmux: no dialog opens, nothing acts. (tests/ui/test_keys_terminfo plays all entries to the decoder.)
. "${abs_top_srcdir:?}/tests/screen/small.sh"
command -v infocmp >/dev/null || skip_all "infocmp is not installed"
entries="xterm xterm-256color screen tmux-256color linux rxvt-unicode putty vt220 vt100 konsole st"
shares=6

# The strings of the keys, in term's own escapes. Enter of the keypad is Enter, which opens an instance.
strings()
{
    local e
    for e in $entries; do infocmp -1x "$e" 2>/dev/null; done | tr -d ',' |
        awk -F= '/^\tk[A-Za-z0-9]+=/ && !/^\tk(mous|ent)=/ { sub(/^[^=]*=/, ""); print }' |
        sed 's/\\E/\\e/g; s/\^\[/\\e/g; s/\^?/\\x7f/g; s/\\177/\\x7f/g; s/\^H/\\x08/g' |
        grep '^\\e..' | sort -u
}
strings >"$T/strings"
n=$(wc -l <"$T/strings")
note "$n strings of: $entries"
ok "there are many" [ "$n" -ge 100 ]

# What a key string may never bring: a dialog, a prompt, an end.
dialogs='any other key|a moment: read|New release +─|─ (Help|Continue|Retry|Rollback|Interrupt: end|New release|instance) ─|type to find'

# play NAME GAP FILE: each string byte by byte
play()
{
    local line
    while IFS= read -r line; do
        if [ "$2" = 0 ]; then
            order "$1" send "$line"
            order "$1" watch 0.02
        else
            order "$1" type "$2" "$line"
        fi
    done <"$3"
}

# torn NAME GAP FILE: in two pieces, behind the first byte, which the console remembers for a second
torn()
{
    local line
    while IFS= read -r line; do
        order "$1" tear "$2" 1000 "$line"
        order "$1" watch 0.02
    done <"$3"
}

# judge NAME WORDS
judge()
{
    order "$1" watch 0.5
    is "$2: no dialog opened" "$(picture "$1" ever)" ""
    is "$2: the console is there" "$(tell "$1" gone 0)" "no"
}

tmux_config()
{
    printf 'set -g status off\nset -g escape-time 10\nset -g default-terminal screen-256color\n' >"$T/tmux.conf"
}

small_up 3
fp_is "a release, up to its wait" 10 start "$group" 1.0.0 --yes
before=$(n_actions)
split -n "l/$shares" -d -a 1 "$T/strings" "$T/share"
has_tmux=$(command -v tmux || true)
[ -z "$has_tmux" ] || tmux_config
for ((i = 0; i < shares; i++)); do
    term_console "d$i" 80x24
    [ -z "$has_tmux" ] && continue
    term_new "t$i" -s 80x24 -T xterm-256color tmux -S "$T/tmux$i" -f "$T/tmux.conf" \
        new-session "exec '$footplate' -c '$F/config' --driver t$i console"
    order "t$i" run
done
for name in "${!term_of[@]}"; do
    term_shows "$name is there" "$name" 30 'K +Continue'
    order "$name" watch 1
    order "$name" never "$dialogs"
done

# Waiting costs nothing: each share is played by a process of its own, directly and through tmux at once.
players=()
for ((i = 0; i < shares; i++)); do
    { play "d$i" 0 "$T/share$i"; play "d$i" 60 "$T/share$i"; torn "d$i" 250 "$T/share$i"; } &
    players+=($!)
    [ -z "$has_tmux" ] && continue
    { play "t$i" 0 "$T/share$i"; play "t$i" 60 "$T/share$i"; torn "t$i" 250 "$T/share$i"; } &
    players+=($!)
done
wait "${players[@]}"
for ((i = 0; i < shares; i++)); do
    judge "d$i" "share $i"
    [ -z "$has_tmux" ] || judge "t$i" "share $i through tmux"
done
is "nothing acted" "$(n_actions)" "$before"

# And it would have been seen: K opens a dialog.
order d0 send K
order d0 watch 1
like "a key that is one does open a dialog" "$(picture d0 ever)" "pull the canary"
[ -z "$has_tmux" ] || for ((i = 0; i < shares; i++)); do tmux -S "$T/tmux$i" kill-server; done
done_testing
