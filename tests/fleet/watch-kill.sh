#!/bin/bash
# The engine is killed during the watch: the next one goes on with the rest of it and says what was missed; an
# instance that dies after that is found, and the watch remembers it.
export FLEET_WATCH=90s
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

is_watched() { [ "$(field '.watch != null')" = true ]; }
is_watched_no_more() { [ "$(field .watch)" = null ]; }
left() { echo $(($(date -d "$(field .watch.until)" +%s) - $(date +%s))); }
events() { fp_raw event list "$@" --json | jq -r .text; }
engine_events() { events --kind engine; }
is_taken_up() { events $group --kind watch | grep -q 'taken up again'; }
has_anomaly() { [ "$(field '.anomalies | length')" -gt 0 ]; }
anomaly() { field ".anomalies[0] | $1"; }

fleet_up 3
fp_is "a release by itself" 0 start $group 1.1.0 --auto --yes
ok "it is watched" is_watched
ok "the engine is killed" kill_engine
killed=$SECONDS
before=$(left)
ok "the watch stands" is_watched
ok "a while is missed" wait_until 10 eval '[ $((SECONDS - killed)) -ge 6 ]'
"$footplate" -c "$F/config" engine >"$T/engine.out" 2>&1 </dev/null &
engine=$!
# shellcheck disable=SC2034
on_cleanup="kill $engine 2>/dev/null"
ok "the next engine takes it up" wait_until 30 is_taken_up
like "and says what was missed" "$(events $group --kind watch)" \
    'taken up again; missed [0-9:]*-[0-9:]* \([0-9]* s\), [0-9]* min [0-9]* s left'
ok "the rest of it is ahead" eval "[ $(left) -ge $((before - 6)) ] && [ $(left) -le 95 ]"
is "the loss stands between what began" \
    "$(engine_events | grep -v '^ended' | tail -3 | cut -d: -f1 | paste -sd' ')" "began lost began"
like "with who it was" "$(engine_events)" 'lost: pid [0-9]* on .*; last heard of at [0-9:]*'

is "nothing is wrong yet" "$(field '.anomalies | length')" 0
kill -9 "$(cat "$F/srv/127.0.1.3/shop.pid")"
ok "what goes wrong after that is found" wait_until 60 has_anomaly
is "where" "$(anomaly '"\(.layer) \(.host)"')" "application 127.0.1.3"
like "and since when" "$(anomaly .text)" 'sick since [0-9:]*'
like "it is an event, with the way back" "$(events $group --kind anomaly --host 127.0.1.3)" 'rollback is offered'
fp_is "the watch is ended" 0 watch $group --end
ok "it is over" wait_until 30 is_watched_no_more
is "and is remembered as bad" "$(fp_raw history $group --json | jq -r '.[0].watch.verdict')" bad
kill "$engine"
ok "the engine ends in order" wait "$engine"
like "which is on record" "$(engine_events | tail -1)" '^ended: pid [0-9]* on .*: it was asked to'
done_testing
