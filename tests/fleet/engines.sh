#!/bin/bash
# Two engines started at once: one drives, the other says so and leaves. And one is stopped for a while.
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

is_running() { local state; state=$(awk '{sub(/.*\) /, ""); print $1}' "/proc/$1/stat" 2>/dev/null) && [ "${state:-Z}" != Z ]; }
# Not their number: it is 1 as well before the second one has begun.
one_left() { ! is_running "$a" || ! is_running "$b"; }
is_driven() { [ "$(field .engine_alive)" = true ]; }
test_install() { [ "$(target 127.0.1.1 .status)" = INSTALL_RUNNING ]; }

fleet_up 4
new_version 2.3.0 start_takes=1
fp_is "start" 0 start $group 2.3.0 --auto --yes --detach
ok "it is under way" wait_until 60 status_is SMOKING
ok "the engine is killed" kill_engine

"$footplate" -c "$F/config" engine >"$T/a.log" 2>&1 </dev/null &
a=$!
"$footplate" -c "$F/config" engine >"$T/b.log" 2>&1 </dev/null &
b=$!
ok "one leaves" wait_until 60 one_left
ok "the other drives" wait_until 60 is_driven
sleep 0.5 # it shall stay
is "one stays" "$(n_engines)" 1
if is_running "$a"; then loser=$b said=$T/b.log; else loser=$a said=$T/a.log; fi
wait "$loser"
is "the other could not be done" "$?" 4
ok "and says why" test -s "$said"
note "$(cat "$said")"
fp continue $group --yes
is "the release goes on to the end" "$code" 0
is "every service was started once" "$(starts 2.3.0)" "$(ones)"
is "every current names it" "$(currents)" "2.3.0=4"
at_most "never more than 1 was out" "$(max_out)" 1

# SIGTERM lets a step in flight end, and brakes.
new_version 2.3.1 start_waits_while=hold
hold 127.0.1.1
fp_is "another release" 0 start $group 2.3.1 --auto --yes --detach
ok "the canary is in INSTALL" wait_until 60 test_install
engine=$(engines)
kill -TERM "$engine"
sleep 0.5 # it shall not leave
ok "the engine stays as long as its step runs" is_running "$engine"
let_go
ok "the engine leaves" wait_until 60 no_engine
is "no step was cut: the canary has installed" "$(target 127.0.1.1 .status)" INSTALL_SUCCESS
fp_is "status says braked" 12 status $group
fp_is "continue goes on" 0 continue $group --yes
is "every service was started once again" "$(starts 2.3.1)" "$(ones)"
done_testing
