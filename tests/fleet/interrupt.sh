#!/bin/bash
# Interrupt in INSTALL on two instances: brake, continue; and again: brake, end, rollback.
export FLEET_MAX_OUT=34%
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

two_install() { [ "$(count_in INSTALL_RUNNING)" = 2 ]; }
is_braked() { [ "$(field .deployment.braked)" = true ]; }

# interrupt: the two are held until the brake is there, however long that takes; interrupt follows them to their end
interrupt()
{
    { wait_until 120 is_braked; count_in INSTALL_RUNNING >"$T/held"; let_go; } &
    fp interrupt $group
    wait $!
}

fleet_up 6
load_start
new_version 2.0.0 start_waits_while=hold
new_version 2.0.1 start_waits_while=hold

hold 127.0.1.2 127.0.1.3
fp_is "start in the background" 0 start $group 2.0.0 --auto --yes --detach
ok "two are in INSTALL" wait_until 60 two_install
interrupt
is "interrupt brakes" "$code" 12
is "while both are at it" "$(cat "$T/held")" 2
is "status says braked" "$(field .deployment.braked)" true
like "by whom" "$(field '.deployment | .brake_reason')" operator
ok "the two end their step" wait_until 60 none_runs
is "both have done it" "$(count_in INSTALL_SUCCESS)" 2
is "the buttons are Interrupt and Continue" "$(field '.deployment.buttons | map(ascii_downcase) | sort | join(" ")')" "continue interrupt"
fp_is "status ends with 12" 12 status $group
before=$(field '[.deployment.batches[].targets[].status] | join(" ")')
sleep 1.5 # nothing may happen: there is nothing to wait for
is "no new step begins" "$(field '[.deployment.batches[].targets[].status] | join(" ")')" "$before"
fp_is "continue goes on to the end" 0 continue $group --yes
is "every current names it" "$(currents)" "2.0.0=6"
is "every service was started once" "$(starts 2.0.0)" "$(ones)"

hold 127.0.1.2 127.0.1.3
fp_is "another release" 0 start $group 2.0.1 --auto --yes --detach
ok "two are in INSTALL again" wait_until 60 two_install
interrupt
is "interrupt brakes again" "$code" 12
fp_is "a second interrupt ends it" 13 interrupt $group --yes
is "it is INTERRUPTED" "$(field .deployment.status)" INTERRUPTED
is "two are in the ledger" "$(field '.ledger | length')" 2
is "HAProxy agrees on who is out" "$(set_in_haproxy)" "$(ledger_of)"
fp_is "status ends with 20" 20 status $group

fp_is "rollback takes them in" 0 rollback $group --yes
is "everything is at 2.0.0" "$(currents)" "2.0.0=6"
is "the ledger is empty" "$(ledger_of)" ""
is "nobody is out" "$(out_of_haproxy)" ""
at_most "never more than 2 of 6 were out before the rollback, 3 in it" "$(max_out)" 3
load_stop
is "not one request failed" "$(load_count .failed)" 0
done_testing
