#!/bin/bash
# The terminal after every kind of death of the console, a stop, a storm of sizes, a killed tmux server, and a
# terminal that is not read: usable, not in a spin, and the brake works meanwhile.
small_start="until [ -e \$FOOTPLATE_DOC_BASE/../../../go ]; do echo a line of its own; sleep 0.05; done"
. "${abs_top_srcdir:?}/tests/screen/small.sh"

# A shell with modes of its own that says how the console ended. Its answer is read before the console begins.
cat >"$T/shell" <<E
stty -ixon erase '^H' intr '^P'
echo ready
read -r _
'$footplate' -c '$F/config' console
echo "ended with \$?"
read -r _
E

small_up 3
fp_is "a release, so that there is a store" 10 start "$group" 1.0.0 --yes

begin()
{
    term_new "$1" -s 80x24 sh "$T/shell"
    order "$1" run
    told "$1" yes shows 30 ready
    before=$(tell "$1" modes)
    order "$1" send '\r'
    told "$1" yes shows 30 "$group"
}
guard_of() { pgrep -P "$(tell "$1" pid)" | head -n 1; }
child_of() { pgrep -P "$1" | head -n 1; }

is_gone() { [ -z "$(ps -o pid= -p "$1,$2")" ]; }

# after DESCRIPTION NAME HOW
after()
{
    if told "$2" yes shows 30 'ended with'; then
        pass "$1: the shell goes on"
    else
        fail "$1: the shell goes on" "$(picture "$2")"
    fi
    is "$1: screen left, cursor shown, no paste mode" "$(tell "$2" state)" "alternate 0 cursor 1 paste 0"
    is "$1: the modes are as before" "$(tell "$2" modes)" "$before"
    is "$1: nothing came that no console sends" "$(tell "$2" complaint)" ""
    term_end "$2"
}

# ---- deaths ------------------------------------------------------------------------------------------------

for signal in KILL SEGV ABRT TERM HUP INT QUIT; do
    begin "d$signal"
    guard=$(guard_of "d$signal")
    kill -s "$signal" "$(child_of "$guard")"
    after "SIG$signal to the console" "d$signal"
done
for signal in KILL TERM HUP; do
    begin "g$signal"
    guard=$(guard_of "g$signal")
    console=$(child_of "$guard")
    kill -s "$signal" "$guard"
    after "SIG$signal to its guard" "g$signal"
    ok "SIG$signal to its guard: the console is gone too" wait_until 5 is_gone "$console" "$console"
done
begin q
order q send q
after "q" q

# ---- the terminal goes away -----------------------------------------------------------------------------------

begin h
guard=$(guard_of h)
console=$(child_of "$guard")
order h hangup
ok "hung up: console and guard are gone within 5 s" wait_until 5 is_gone "$guard" "$console"
term_end h

if command -v tmux >/dev/null; then
    tmux -S "$T/tmux" -f /dev/null new-session -d -x 80 -y 24 "exec '$footplate' -c '$F/config' console"
    sees() { tmux -S "$T/tmux" capture-pane -p | grep -q "$group"; }
    ok "in tmux: it shows the group" wait_until 30 sees
    guard=$(tmux -S "$T/tmux" list-panes -F '#{pane_pid}')
    console=$(child_of "$guard")
    spent=$(cpu_ms "$console")
    kill -9 "$(tmux -S "$T/tmux" display-message -p '#{pid}')"
    ok "tmux killed: console and guard are gone within 5 s" wait_until 5 is_gone "$guard" "$console"
    note "processor time before: $spent ms"
fi

# ---- Ctrl-Z and fg ----------------------------------------------------------------------------------------------

term_new z -s 80x24 sh -i
order z run
order z send "PS1='\$ '; stty -ixon erase '^H'; cd /; echo re''ady\\r"
told z yes shows 30 '^ready'
before=$(tell z modes)
order z send "'$footplate' -c '$F/config' console\\r"
term_shows "under a shell: it shows the group" z 30 "$group"
order z send '\x1a'
term_shows "Ctrl-Z: the shell has the terminal" z 30 'Stopped|suspended'
is "Ctrl-Z: screen left, cursor shown, no paste mode" "$(tell z state)" "alternate 0 cursor 1 paste 0"
is "Ctrl-Z: the modes are as before" "$(tell z modes)" "$before"
order z size 100x30
order z send 'fg\r'
term_shows "fg: the screen is back, in the new size" z 30 "^.{90,} *[0-9][0-9]:[0-9][0-9] *\$"
like "fg: alternate screen and paste mode are back" "$(tell z state)" "alternate 1 .* paste 1"
order z send q
term_shows "and q leaves it" z 30 'waits; engine'
is "q: the modes are as before" "$(tell z modes)" "$before"
term_end z

# ---- sizes, and a release that goes on --------------------------------------------------------------------------

rm -f "$T/go"
fp_is "bake" 10 continue "$group" --yes
fp_is "a release runs" 0 continue "$group" --yes --detach
before_it=$(n_actions)
begin s
guard=$(guard_of s)
console=$(child_of "$guard")
note "$(tell s storm 4 1000) sizes"
order s send '\x0c'
term_shows "after the storm: the whole screen at its size" s 30 "$group"
term_shows "after the storm: keys work" s 30 'roll'
order s send '?'
term_shows "after the storm: the help opens" s 30 'Help'
order s send '\e'
term_hides "after the storm: and closes" s 30 'Help'
is "nothing acted" "$(n_actions)" "$before_it"

# ---- a terminal that is not read --------------------------------------------------------------------------------

rss_of() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }
order s pause
redraws='\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c'
order s type 40 "$redraws"
first=$(rss_of "$console")
spent=$(cpu_ms "$console")
order s type 200 "$redraws"
order s send X
ok "not read: X brakes all the same" wait_until 60 has_action "^interrupt $group .* done"
order s type 200 "$redraws"
at_most "not read for 10 s: its memory does not grow (KiB)" "$(($(rss_of "$console") - first))" 2048
at_most "not read: no spin (ms of processor time in 8 s)" "$(($(cpu_ms "$console") - spent))" 2000
order s resume
term_shows "read again: it is back, and says that it is braked" s 30 'brake'
is "read again: nothing came that no console sends" "$(tell s complaint)" ""
touch "$T/go"
order s send q
after "q" s
done_testing
