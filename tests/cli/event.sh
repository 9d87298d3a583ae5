#!/bin/bash
# event.sh: the record of what happened, written and read without an engine.
. "${abs_top_srcdir:?run me by make check}/tests/cli/lib.sh"
export FOOTPLATE_DRIVER=anna

followers=
leave() { for pid in $followers; do kill -9 "$pid" 2>/dev/null; done; }

fp event list
is 0 'a list before there is a store'
out_has 'no event' 'says that there is none'
fp event list --json
[ "$code" = 0 ] && [ ! -s "$T/out" ]
ok $? 'and as JSON no line'

# ---- what is refused ------------------------------------------------------------------------------------

usage_is 'a word is missing' event
usage_is 'not `event ad`' event ad
usage_is 'it is `event add KIND TEXT`' event add deploy-bot
usage_is 'too many words' event add deploy-bot two words
usage_is 'own: release, action, brake' event add release 'x'
usage_is 'own: release, action, brake' event add anomaly 'x'
usage_is 'own: release, action, brake' event add release 'SMOKE_SUCCESS'
usage_is 'is no kind' event add 'Deploy Bot' 'x'
usage_is 'is no kind' event add "$(printf 'k%.0s' {1..33})" 'x'
usage_is 'text of the event is empty' event add deploy-bot ' '
usage_is 'longer than 4096 bytes' event add deploy-bot "$(printf 'x%.0s' {1..4097})"
usage_is 'has not come yet' event add deploy-bot x --at 2999-01-01T00:00:00Z
usage_is 'is no time' event add deploy-bot x --at yesterday
usage_is 'is no time' event add deploy-bot x --at 2026-02-30T00:00:00Z
usage_is 'is no time' event list --since -5x
usage_is 'no group `elsewhere` in the configuration; there is shop-web' event add deploy-bot x --group elsewhere
usage_is 'no group ``' event add deploy-bot x --group ''
usage_is 'is no time' event add deploy-bot x --at 99:99
usage_is 'is no time' event add deploy-bot x --at -5
usage_is 'is no time' event add deploy-bot x --at 2026-11-22T06:51:09
usage_is 'wants a number from 1 on' event list -n 0
usage_is 'wants a number from 1 on' event list --limit -3
usage_is 'wants a number' event list --deployment x
usage_is 'either --follow' event list -f --until -5m
usage_is 'did you mean `shop-web`' event list shop-wep
usage_is 'is no port' event add deploy-bot x --host web01:99999
usage_is 'is no name of a host' event add deploy-bot x --host 'web 01'
usage_is '--kind is for `event list`' event add deploy-bot x --kind y
usage_is '--at is for `event add`' event list --at -5m
usage_is '--until lies before --since' event list --since -5m --until -10m
[ ! -e "$T/store" ]
ok $? 'and makes no store'

# ---- written and read -----------------------------------------------------------------------------------

fp event add deploy-bot 'config pushed' --group shop-web --at -5m
is 0 'an event of a group that the store does not know yet'
out_has 'event 1 is on record' 'says its number'
fp event add dba $'index on orders\e[31m' --json
json_lines '.[0] | .v == 1 and .id == 2 and .kind == "dba" and .group == null and .source == "anna"' 'an event of no group, as JSON'
json_lines '.[0].text == "index on orders\\x1b[31m"' 'what is not printable is written out'
fp event add deploy-bot 'restarted by hand' --group shop-web --host web01:8080 --at -2d
fp event list
[ "$code" = 0 ] && [ "$(wc -l <"$T/out")" = 3 ]
ok $? 'a list of all'
[ "$(awk '{ print $NF }' "$T/out" | sort -u)" = '(anna)' ] && tail -n 1 "$T/out" | grep -q 'index on orders'
ok $? 'the newest last, with whose they are'
out_has 'web01:8080' 'the instance is named'
fp event list shop-web --json
json_lines 'map(.id) == [3, 1, 2]' 'of a group: its own and those of no group, in the order of time'
json_lines 'map(select(.id == 3)) | .[0] | .host == "web01" and .port == 8080 and .told > .time' 'one that is told late says so'
json_lines 'all(.[]; .time | test("^[0-9-]+T[0-9:]+\\.[0-9]{3}Z$"))' 'times are RFC 3339'
fp event list --kind deploy-bot --since -1h --json
json_lines 'map(.id) == [1]' 'by kind and time'
fp event list --kind deploy-bot --kind dba --json
json_lines 'map(.id) == [3, 1, 2]' 'of two kinds'
fp event list --host web01 --json
json_lines 'map(.id) == [3]' 'by host'
fp event list --grep 'INDEX ON' --json
json_lines 'map(.id) == [2]' 'by text, without regard to case'
fp event list --until -1m -n 1 --json
json_lines 'map(.id) == [1]' 'the newest before a moment'
fp event list --deployment 7 --json
[ "$code" = 0 ] && [ ! -s "$T/out" ]
ok $? 'of a release that has none'

fp event add leap 'second' --at 2016-12-31T23:59:60Z --json
json_lines '.[0].time == "2017-01-01T00:00:00.000Z"' 'a leap second is taken as the next one'
hostile=$'a\nb\e]0;t\a\xe2\x80\xae\xff'
fp --driver $'an\e[1mn' event add hostile "$hostile" --json
is 0 'bytes of every kind as text'
json_lines '.[0].text == "a\\nb\\x1b]0;t\\x07\\u{202E}\\xff"' 'are written out, in one line of valid JSON'
fp event list --kind hostile
[ "$(wc -l <"$T/out")" = 1 ] && ! LC_ALL=C grep -q '[^ -~]' "$T/out"
ok $? 'and in one printable line of text'
head -c 100000 /dev/zero | tr '\0' a >"$T/long"
fp event add hostile "$(cat "$T/long")"
is 2 'a text of 100 kB'
out=$("$program" -c "$T/config" --store "$T/store" event list --json 2>&1 >/dev/full)
[ $? = 4 ] && [ "$(wc -l <<<"$out")" = 1 ] && grep -q 'cannot write what is to be printed: No space' <<<"$out"
ok $? 'a full disk is said, and a failure'
"$program" -c "$T/config" --store "$T/store" event list --json 2>"$T/err" | head -n 1 | jq -e .id >/dev/null
[ "${PIPESTATUS[*]:1}" = '0 0' ] && [ ! -s "$T/err" ]
ok $? 'a pipe that is closed early is nothing to speak of'

# ---- following ----------------------------------------------------------------------------------------------

"$program" -c "$T/config" --store "$T/store" event list -f --kind deploy-bot --json >"$T/followed" 2>&1 </dev/null &
followers=$!
has_lines() { [ "$(grep -c . "$T/followed")" = "$1" ]; }
wait_until has_lines 2
ok $? 'following begins with what is there'
fp event add other 'not of this kind'
fp event add deploy-bot 'told late' --at -3d
wait_until has_lines 3
ok $? 'and goes on with what is written'
[ "$(tail -n 1 "$T/followed" | jq -r .text)" = 'told late' ]
ok $? 'also with what happened long before'
kill -INT "$followers"
wait "$followers"
[ $? = 0 ]
ok $? 'Ctrl-C is its end, and no failure'
followers=
echo "1..$number"
