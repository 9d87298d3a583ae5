#!/bin/bash
# A version that never becomes healthy stops at the canary, and a rollback brings back what ran before.
export FLEET_STARTUP_TIMEOUT=10s
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

fleet_up 4
load_start
fp_is "the unhealthy one fails" 11 start $group 1.2.0 --yes
is "at the canary" "$(field .deployment.status)" SMOKE_FAILURE
is "in verify" "$(target 127.0.1.1 .status)" VERIFY_FAILURE
line=$(target 127.0.1.1 .error)
is "the reason is one line" "$(printf '%s' "$line" | grep -c '')" 1
like "it says what was expected" "$line" '200'
like "and what was seen" "$line" '503'
like "the command says which instance" "$(cat "$T/out" "$T/err")" '127\.0\.1\.1'
is "the canary is out" "$(out_of_haproxy)" 127.0.1.1
is "the others are untouched" "$(starts 1.2.0)" "1 0 0 0"
is "the buttons are Interrupt and Retry" "$(field '.deployment.buttons | map(ascii_downcase) | sort | join(" ")')" "interrupt retry"
fp_is "status says failure" 11 status $group

# No package can be brought from now on: what comes back is what lies there.
kill "$(cut -d' ' -f1 "$F/run/packages.pid")"
mv "$F/packages" "$F/packages.gone"
before=$(starts 1.0.0)
fp_is "rollback" 0 rollback $group --yes --why "never healthy"
is "everything is at 1.0.0" "$(currents)" "1.0.0=4"
is "it is what answers" "$(health_of 127.0.1.1 | jq -r .version)" 1.0.0
is "only the canary was started anew" "$before -> $(starts 1.0.0)" "1 1 1 1 -> 2 1 1 1"
is "the rollback is a success" "$(field '.deployment | .flavour + " " + .status')" "ROLLBACK SUCCESS"
is "nobody is out" "$(out_of_haproxy)" ""
is "the ledger is empty" "$(ledger_of)" ""
at_most "never more than 1 was out" "$(max_out)" 1
load_stop
is "not one request failed" "$(load_count .failed)" 0
is "the unhealthy version never answered" "$(load_count '.versions["1.2.0"]')" null
done_testing
