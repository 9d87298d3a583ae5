#!/bin/bash
# A version that is slower on the canary only, and healthy: the comparison with the rest of the group finds it
# while the canary bakes, and brakes before anything is rolled out.
. "${abs_top_srcdir:?}/tests/fleet/watching.sh"

watched_fleet 6
# Too little for the figures of the whole group: only who is held against the others stands out.
new_version 1.5.1 work_ms=40 slow_host=127.0.1.1 slow_ms=20
fp_is "start: the canary is well by its health" 10 start $group 1.5.1 --yes
go_on
is "continue: bake" "$code" 10
ok "baking, it brakes" wait_until 120 is_braked
is "because of what is watched" "$(field .deployment.brake_reason)" monitor
is "nobody but the canary runs it" "$(currents)" "1.0.0=5 1.5.1=1"
is "its health is good" "$(field '[.health[] | select(.health != "ok")] | length')" 0
is "the application layer says so" "$(layer application)" bad
like "by the latency" "$(anomaly application .name)" latency
like "compared with the others" "$(anomaly application .text)" 'canary [0-9.]+ ms, others [0-9.]+ ms'
like "it says since when" "$(anomaly application .began)" '^20'
at_most "and how sure" 900 "$(anomaly application '.sure * 1000 | floor')"
fp status $group
is "status says braked" "$code" 12
like "and why" "$(tr -s ' \n' ' ' <"$T/out")" 'BRAKED monitor: application'
fp_is "rollback goes through" 0 rollback $group --yes --why slow
is "everybody runs what ran before" "$(currents)" "1.0.0=6"
done_testing
