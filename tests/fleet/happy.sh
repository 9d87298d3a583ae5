#!/bin/bash
# A release that goes well: ten instances under load, by command line, canary first. Nobody notices.
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

fleet_up 10
load_start

fp_is "plan shows what would be done" 0 plan $group 1.1.0
like "the plan names the package's version" "$(cat "$T/out")" '1\.1\.0'
is "plan touches nothing" "$(currents)" "1.0.0=10"
is "nothing is open" "$(field .deployment.status)" null

fp_is "start: the canary, then it waits" 10 start $group 1.1.0 --yes
is "the canary is verified" "$(field .deployment.status)" SMOKE_SUCCESS
is "and out of traffic" "$(out_of_haproxy)" 127.0.1.1
is "and in the ledger" "$(ledger_of)" 127.0.1.1
is "only the canary has changed" "$(currents)" "1.0.0=9 1.1.0=1"
is "the buttons are Interrupt and Continue" "$(field '.deployment.buttons | map(ascii_downcase) | sort | join(" ")')" "continue interrupt"
fp status $group
is "status says that it waits" "$code" 10

fp_is "continue: bake" 10 continue $group --yes
is "the canary is in traffic" "$(field .deployment.status)" BAKE_SUCCESS
is "nobody is out" "$(out_of_haproxy)" ""
is "the ledger is empty" "$(ledger_of)" ""

fp_is "continue: roll out" 0 continue $group --yes
is "the release is a success" "$(field .deployment.status)" SUCCESS
is "every current names it" "$(currents)" "1.1.0=10"
is "every service was started once" "$(starts 1.1.0)" "$(ones)"
is "nobody is out at the end" "$(out_of_haproxy)" ""
is "nothing is left set in the balancer" "$(set_in_haproxy)" ""
is "the ledger is empty at the end" "$(ledger_of)" ""
at_most "never more than 2 of 10 were out" "$(max_out)" 2
fp_is "status says that all is well" 0 status $group
fp_is "the history is there" 0 history $group
like "and names the release" "$(cat "$T/out")" '1\.1\.0'

load_stop
note "load: $(jq -c 'del(.first_failures)' "$F/load.json")"
is "not one request failed" "$(load_count .failed)" 0
ok "both versions have answered" test "$(load_count '.versions | length')" = 2
ok "the load was one" test "$(load_count .requests)" -gt 500
wait_until 60 no_engine
ok "the engine leaves when there is nothing to do" no_engine
done_testing
