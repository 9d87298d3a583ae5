#!/bin/bash
# An instance that is sick before a release is shown as such, and is the first of its batch; the release makes it
# well again.
export FLEET_MAX_OUT=50%
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

health_in() { field ".health[] | select(.host == \"$1\") | .health"; }
all_are_well() { [ "$(field '[.health[] | select(.health == "ok")] | length')" = 6 ]; }
is_sick() { [ "$(health_in "$1")" = sick ]; }
is_well() { [ "$(health_in "$1")" = ok ]; }

fleet_up 6
"$footplate" -c "$F/config" engine >"$T/engine.out" 2>&1 </dev/null &
engine=$!
# shellcheck disable=SC2034
on_cleanup="kill $engine 2>/dev/null"

ok "all are well" wait_until 60 all_are_well
kill -9 "$(cat "$F/srv/127.0.1.6/shop.pid")"
ok "the one that was killed is sick" wait_until 60 is_sick 127.0.1.6
like "and status says what was seen" "$(field '.health[] | select(.host == "127.0.1.6") | .seen')" 'onnect'
five_are_well() { [ "$(field '[.health[] | select(.health == "ok")] | length')" = 5 ]; }
ok "the others are well" wait_until 60 five_are_well

fp_is "start waits after the canary" 10 start $group 1.1.0 --yes
is "the canary is the one that is marked" "$(field '[.deployment.batches[0].targets[].host] | join(" ")')" 127.0.1.1
is "the sick one is the first of the first batch" "$(field '.deployment.batches[1].targets[0].host')" 127.0.1.6
is "the others keep their order" "$(field '[.deployment.batches[1:][].targets[].host] | join(" ")')" \
    "127.0.1.6 127.0.1.2 127.0.1.3 127.0.1.4 127.0.1.5"
fp_is "continue: bake" 10 continue $group --yes
fp_is "continue: roll out" 0 continue $group --yes
is "every current names it" "$(currents)" "1.1.0=6"
is "nobody is out at the end" "$(out_of_haproxy)" ""
ok "it is well again" wait_until 60 is_well 127.0.1.6
ok "with the version that it answers" wait_until 60 eval '[ "$(field ".health[] | select(.host == \"127.0.1.6\") | .version")" = 1.1.0 ]'
kill "$engine"
ok "the engine ends in order" wait "$engine"
done_testing
