#!/bin/bash
# A version that loses more and more orders passes every health check, and is found by the business figure during
# the roll out or the watch. Then Prometheus ends: no figure is no good figure.
export FLEET_WATCH=120s
. "${abs_top_srcdir:?}/tests/fleet/watching.sh"

watched_fleet 6
new_version 1.6.1 work_ms=40 lose_orders=80 lose_over=30
fp_is "start: the canary is well" 10 start $group 1.6.1 --yes
go_on
is "continue: bake" "$code" 10
go_on
note "the roll out ended with $code"
like "continue: roll out, or a brake in it" "$code" '^(0|12)$'
ok "it is found" wait_until 120 has_anomaly business
is "its health is good" "$(field '[.health[] | select(.health != "ok")] | length')" 0
is "the business layer says so" "$(layer business)" bad
like "the figure is named" "$(anomaly business .name)" orders
like "and what it was" "$(anomaly business .text)" 'baseline 1[0-9]{3}'
like "it says since when" "$(anomaly business .began)" '^20'
at_most "and how sure" 900 "$(anomaly business '.sure * 1000 | floor')"
fp_is "rollback goes through" 0 rollback $group --yes --why "orders fell"
is "everybody runs what ran before" "$(currents)" "1.0.0=6"

kill "$(cut -d' ' -f1 "$F/run/prometheus.pid")"
ok "without Prometheus the business is unknown" wait_until 120 layer_is business unknown
done_testing
