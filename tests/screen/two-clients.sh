#!/bin/bash
# Two tmux clients of 200x60 and 80x24 on one session, taking turns: every change of hands is another size. A dialog
# is armed anew after it, nothing is pressed on a picture that is gone, nothing is lost; with `window-size smallest`
# the size stands still.
. "${abs_top_srcdir:?}/tests/screen/small.sh"
command -v tmux >/dev/null || skip_all "tmux is not installed"

tm() { tmux -S "$T/tmux" -f "$T/tmux.conf" "$@"; }
cat >"$T/tmux.conf" <<E
set -g status off
set -g escape-time 10
set -g default-terminal screen-256color
set -g window-size latest
E
on_cleanup="tm kill-server 2>/dev/null; $on_cleanup"
size_now() { tm display-message -p -t main '#{window_width}x#{window_height}'; }
size_is() { [ "$(size_now)" = "$1" ]; }

small_up 3
fp_is "a release, up to its wait" 10 start "$group" 1.0.0 --yes
before=$(n_actions)
tm new-session -d -s main -x 200 -y 60 "exec '$footplate' -c '$F/config' --driver both console"
for client in large:200x60 small:80x24; do
    term_new "${client%:*}" -s "${client#*:}" -T xterm-256color tmux -S "$T/tmux" attach -t main
    order "${client%:*}" run
done
term_shows "the large one" large 30 'K +Continue'
order small send 2
ok "the small one has the keyboard: 80x24" wait_until 30 size_is 80x24
term_shows "the small one" small 30 'K +Continue'
order large send 2
ok "the large one: 200x60" wait_until 30 size_is 200x60

# ---- a dialog that changes hands ------------------------------------------------------------------------------

quiet large
opens large K '─ Continue ─'
term_shows "a dialog, opened at 200x60" large 30 'Y.*any other key: no'
order small send Y
ok "Y of the other makes it 80x24" wait_until 30 size_is 80x24
quiet small
is "that Y did nothing" "$(n_actions)" "$before"
term_shows "the dialog is still there, and armed anew" small 30 'Y.*any other key: no'
order small send Y
ok "the second Y is pressed on what it says" wait_until 60 has_action "^continue $group .* both done"
is "once" "$(n_actions)" $((before + 1))
term_shows "baked" small 30 'K +Continue +roll'

# ---- turns, a dialog open all the while --------------------------------------------------------------------------

before=$(n_actions)
quiet small
opens small K '─ Continue ─'
term_shows "a dialog, opened at 80x24" small 30 'Y.*any other key: no'
for turn in 1 2 3 4; do
    order large send '\x0c'
    wait_until 30 size_is 200x60 || fail "turn $turn: 200x60" "$(size_now)"
    order small send Y
    wait_until 30 size_is 80x24 || fail "turn $turn: 80x24" "$(size_now)"
    order small watch 0.1
    order large send Y
    wait_until 30 size_is 200x60 || fail "turn $turn: 200x60" "$(size_now)"
    order large watch 0.1
done
is "eight times Y on a picture that is gone: nothing acted" "$(n_actions)" "$before"
term_shows "the dialog is there, armed anew" large 30 'Y.*any other key: no'
order large send '\e'
term_hides "Esc closes it" large 30 'any other key: no'
term_shows "nothing is lost: the screen" large 30 'K +Continue +roll'
term_shows "nothing is lost: who drives" large 30 'both'

# ---- the advice ------------------------------------------------------------------------------------------------------

tm set -g window-size smallest
ok "window-size smallest: 80x24" wait_until 30 size_is 80x24
order large send 2
order large watch 0.5
is "whoever presses" "$(size_now)" 80x24
order small send 3
order small watch 0.5
is "window-size smallest: still" "$(size_now)" 80x24
quiet large
order small watch 0.1
opens large K '─ Continue ─'
term_shows "and a dialog of the one" small 30 'Y.*any other key: no'
order small send Y
ok "is answered by the other at once" wait_until 60 has_action "^continue $group .* both done"
ok "and the release ends" wait_until 60 status_is SUCCESS
order large send q
ok "and q ends it for both" told large "exit 0" gone 30
done_testing
