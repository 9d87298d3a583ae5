#!/bin/bash
# A version that leaks memory: well in every way until the watch, and found there.
export FLEET_WATCH=90s
. "${abs_top_srcdir:?}/tests/fleet/watching.sh"

watched_fleet 4
new_version 1.7.1 work_ms=40 leak_kib_per_s=1024
fp_is "start: the canary is well" 10 start $group 1.7.1 --yes
go_on
is "continue: bake" "$code" 10
go_on
is "continue: roll out, a success" "$code" 0
ok "it is watched" is_watched
is "nothing was found" "$(anomalies)" ""
ok "the leak is found" wait_until 120 has_anomaly system
ok "in the watch" is_watched
is "the system layer says so" "$(layer system)" bad
like "by the process' memory" "$(anomaly system .name)" process
like "that grows" "$(anomaly system .text)" 'grows [0-9]+ KiB a minute'
like "on an instance" "$(anomaly system .host)" '^127\.0\.1\.[1-4]$'
like "it says since when" "$(anomaly system .began)" '^20'
at_most "and how sure" 900 "$(anomaly system '.sure * 1000 | floor')"
is "its health is good" "$(field '[.health[] | select(.health != "ok")] | length')" 0
fp_is "rollback goes through" 0 rollback $group --yes --why "it leaks"
is "everybody runs what ran before" "$(currents)" "1.0.0=4"
done_testing
