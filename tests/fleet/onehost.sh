#!/bin/bash
# A version that fails on one host: its batch ends, its neighbour is done, later batches do not begin; the host
# is cured, and retry touches only what is not good.
export FLEET_STARTUP_TIMEOUT=10s FLEET_MAX_OUT=34%
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

fleet_up 6 # canary .1, then .2 .3, .4 .5, .6
load_start
fp_is "the release fails" 11 start $group 1.3.0 --auto --yes
is "in the roll out" "$(field .deployment.status)" ROLLOUT_FAILURE
is "on that host" "$(target 127.0.1.4 .status)" VERIFY_FAILURE
like "for a reason" "$(target 127.0.1.4 .error)" '503'
is "its neighbour is done" "$(target 127.0.1.5 .status)" SUCCESS
is "the last batch has not begun" "$(target 127.0.1.6 .status) $(current_of 127.0.1.6)" "PENDING 1.0.0"
is "the failed one is out, it alone" "$(out_of_haproxy)" 127.0.1.4
is "and in the ledger" "$(ledger_of)" 127.0.1.4

touch "$F/srv/127.0.1.4/cured"
fp_is "retry" 0 retry $group --yes
is "the release is a success" "$(field .deployment.status)" SUCCESS
is "every current names it" "$(currents)" "1.3.0=6"
is "what was good was not touched" "$(starts 1.3.0 | cut -d' ' -f1-3,5-6)" "1 1 1 1 1"
at_most "the cured one was started once or twice" "$(starts_of 127.0.1.4 1.3.0)" 2
is "nobody is out" "$(out_of_haproxy)" ""
is "the ledger is empty" "$(ledger_of)" ""
at_most "never more than 2 of 6 were out" "$(max_out)" 2
load_stop
is "not one request failed" "$(load_count .failed)" 0
done_testing
