#!/bin/bash
# What others do to the balancer: a reload that forgets, another person's maint, and no balancer at all.
export FLEET_MAX_OUT=34%
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

is_set() { [ "$(set_in_haproxy)" = "$1" ]; }
test_back() { ask_haproxy "show info" >/dev/null 2>&1; }
test_gone() { ! test_back; }
balancer_brake() { [ "$(field '.deployment | (.braked | tostring) + " " + (.brake_reason // "")')" = "true balancer" ]; }
admin_of() { ask_haproxy 'show servers state shop' | awk -v h="$1" '$5 == h {print $7}'; }

fleet_up 6
# A reload while the canary stands out: its drain is asserted again.
fp_is "the canary waits out of traffic" 10 start $group 1.1.0 --yes
is "it is drained" "$(set_in_haproxy)" 127.0.1.1
ok "HAProxy is reloaded" haproxy_reload
ok "the forgotten drain is set again" wait_until 60 is_set 127.0.1.1
is "the ledger still names it" "$(ledger_of)" 127.0.1.1
fp status $group
note "after the reload: $code $(field '.deployment | .status + " " + (.brake_reason // "-")')"
if [ "$code" = 12 ]; then fp continue $group --yes; fi
fp_is "bake" 10 continue $group --yes
is "the canary is in" "$(set_in_haproxy)" ""

# Another person takes one out: it is installed and left as it is.
ask_haproxy 'set server shop/web05 state maint' >/dev/null
fp continue $group --yes
is "the release ends" "$code" 0
is "every current names it" "$(currents)" "1.1.0=6"
is "the other's maint is still there" "$(admin_of 127.0.1.5)" 1
is "and marked" "$(target 127.0.1.5 '.status + " " + (.left_by_other | tostring)')" "SUCCESS true"
is "it is no debt of ours" "$(ledger_of)" ""
ask_haproxy 'set server shop/web05 state ready' >/dev/null
ok "the other person takes it in" wait_until 60 is_balanced

# No balancer: brake, no step fails, nothing is set ready on the way.
fp_is "another release waits at the canary" 10 start $group 1.4.0 --yes
kill "$(cut -d' ' -f1 "$F/run/haproxy.pid")"
ok "the balancer is gone" wait_until 60 test_gone
fp continue $group --yes
is "without a balancer it brakes" "$code" 12
ok "because of the balancer" balancer_brake
like "and says which" "$(field '.deployment | .brake_text // .waiting')" 'haproxy\.sock'
is "the target has not failed" "$(field '[.deployment.batches[].targets[] | select(.status | endswith("_FAILURE"))] | length')" 0
is "the canary stays in the ledger" "$(ledger_of)" 127.0.1.1
setsid haproxy -W -f "$F/haproxy.cfg" </dev/null >>"$F/haproxy.log" 2>&1 &
ok "the balancer is back" wait_until 60 test_back
fp continue $group --yes
note "continue: $code $(field .deployment.status)"
for _ in 1 2 3; do
    [ "$(field .deployment.status)" != SUCCESS ] || break
    fp continue $group --yes
done
is "the release ends after all" "$(field .deployment.status)" SUCCESS
is "every current names 1.4.0" "$(currents)" "1.4.0=6"
is "nothing is left set" "$(set_in_haproxy)" ""
is "the ledger is empty" "$(ledger_of)" ""
at_most "never more than 2 of 6 were out, and one by the other" "$(max_out)" 2
done_testing
