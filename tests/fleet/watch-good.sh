#!/bin/bash
# A good version: --auto is held only until it is judged, nothing is found, and the watch ends good.
export FLEET_WATCH=20s
. "${abs_top_srcdir:?}/tests/fleet/watching.sh"

watched_fleet 6
fp_is "a release by itself" 0 start $group 1.8.0 --auto --yes
like "it waited to be judged" "$(cat "$T/out")" 'everything that is watched is good'
ok "it is watched" is_watched
is "nothing was found" "$(anomalies)" ""
ok "the watch ends" wait_until 60 is_watched_no_more
is "and nothing was found in it" "$(anomalies)" ""
is "the history has its verdict" "$(fp_raw history $group --json | jq -r ".[0].watch.verdict")" good
done_testing
