#!/bin/bash
# watched.sh: what is shown of a group that is watched, of a store whose content is known (fill_watched.c).
. "${abs_top_srcdir:?run me by make check}/tests/cli/lib.sh"
export FOOTPLATE_DRIVER=anna

refill()
{
    rm -rf "$T/store"
    "$abs_top_builddir/tests/cli/fill_watched" "$T/store" shop-web "$@"
}

# ---- status -----------------------------------------------------------------------------------------------

refill
ok $? 'a store in which something is watched'
fp status shop-web
is 0 'status of a group that is watched: 0, as of an idle one'
words_are 'after #1; bad so far' 'the watch'
words_are 'standing still: no engine lives' 'which stands still without an engine'
words_are 'missed 2 min 0 s' 'says what it missed'
grep -q '^  user  *good: home page: time' "$T/out"
ok $? 'a line a layer: what is good'
grep -q '^  application  *unknown: errors, no answer in 20 s' "$T/out"
ok $? 'what is not known'
grep -q '^  system  *unknown: memory (web01:8080), the canary takes no' "$T/out"
ok $? 'what is not judged yet'
grep -q '^  ANOMALY  *business, orders a minute: cusum' "$T/out" && grep -q '99.7% sure' "$T/out"
ok $? 'the anomaly, and how sure'
grep -q '^    suspects  *0\.[0-9]* [0-9:]* deploy-bot: prices pushed' "$T/out"
ok $? 'its likeliest suspect is what came a minute before'
first=$(grep -n 'prices pushed' "$T/out" | cut -d: -f1)
second=$(grep -n 'release #1' "$T/out" | cut -d: -f1)
[ -n "$first" ] && [ -n "$second" ] && [ "$first" -lt "$second" ]
ok $? 'then the release'
words_are 'in question' 'which is marked'
words_are 'footplate rollback shop-web' 'and the way back'
[ "$(wc -L <"$T/out")" -le 80 ]
ok $? 'within 80 columns'

refill
fp status shop-web --json
is 0 'status --json'
json '.[0].watch | .deployment == 1 and .verdict == "bad" and .anomalies == 1 and .missed_s == 120' 'the watch'
json '.[0].watch | .left_s > 600 and .left_s <= 720 and (.until | test("Z$")) and (.began | test("Z$"))' 'how long it lasts'
json '.[0].watch | .extended == false and .extended_s == 0' 'a clock that was set by less than a second is no hand of a person'
json '.[0].health[0] | .health == "ok" and .connect_ms == 1.25 and .tls_ms == null and .first_byte_ms == 9.5 and
    .whole_ms == 10' 'a health answer, and how long its parts took'
json '.[0].monitors | map(.layer) == ["user", "business", "application", "system"]' 'the monitors, by layer'
json '.[0].monitors[0] | .verdict == "good" and .now == 182 and .baseline == 180 and .unit == "ms" and .samples == 60 and
    .method == "limit" and .brakes and .sure == null and .host == null' 'a good one'
json '.[0].monitors[1] | .verdict == "bad" and .sure == 0.997 and .age_s >= 2 and .age_s < 15 and (.since | test("Z$"))' 'a bad one'
json '.[0].monitors[2] | .verdict == "unknown" and .now == null and .age_s == null and .due' 'one that was never heard of'
json '.[0].monitors[3] | .due == false and .host == "web01" and .port == 8080' 'one that is not due'
json '.[0].anomalies | length == 1 and (.[0] | .layer == "business" and .sure == 0.997 and .ended == null and .in_watch and
    .brakes and .accepted_by == null)' 'the anomaly'
json '.[0].anomalies[0].suspects | map(.kind) == ["deploy-bot", "release", "deploy-bot"]' 'its suspects, likeliest first'
json '.[0].anomalies[0].suspects | .[0].score > .[1].score and .[1].score > .[2].score and .[1].release_in_question and
    .[0].source == "deploybot on pts/3"' 'with score, and the release in question marked'
fp status pay-api --json
json '.[0] | .watch == null and .monitors == [] and .anomalies == []' 'of a group that is not watched: nothing'

refill old
fp status shop-web
grep -q '^  user  *unknown: home page: time, not judged for a while' "$T/out"
ok $? 'what was judged a minute ago is unknown, not good'
fp status shop-web --json
json '.[0].monitors | all(.[]; .verdict == "unknown" and .sure == null)' 'as JSON too'
refill over
fp status shop-web
words_are 'layers unknown: judged last at' 'while nobody looks on that is one line'
refill extended
fp status shop-web --json
json '.[0].watch | .extended and .extended_s == 900 and .driver == "bob"' 'a watch that is longer by hand, and by whom'
fp status shop-web
words_are 'extended by 15 min 0 s by bob' 'in words'
refill
fp status shop-web
words_are 'bad so far; missed 2 min 0 s' 'and one that is not'
fp status --short
is 0 'status --short'
grep -q '^shop-web 1.5.0 SUCCESS, watched 1[12] min [0-9]* s, bad: orders a minute' "$T/out"
ok $? 'is one line a group'
[ "$(wc -l <"$T/out")" = 2 ]
ok $? 'and no more'
usage_is '--json says everything' status --short --json

fp history shop-web
words_are 'watched: bad so far' 'history says how the watch stands'
fp history shop-web --json
json '.[0].watch | .verdict == "bad" and .running' 'also as JSON'

# ---- watch ----------------------------------------------------------------------------------------------------

fp watch shop-web
is 0 'watch'
words_are 'after #1; bad so far' 'shows the watch'
words_are 'deploy-bot: prices pushed' 'and what was found in it'
fp watch shop-web --json
json '.watch.verdict == "bad" and (.monitors | length) == 4 and (.anomalies | length) == 1' 'also as JSON'
fp watch pay-api
is 0 'watch of a group without one'
words_are 'none runs' 'says so'
usage_is 'either --extend or --end' watch shop-web --extend 5m --end
usage_is 'is no span' watch shop-web --extend soon
usage_is 'is no span' watch shop-web --extend -5m
usage_is 'at most a day' watch shop-web --extend 2d
usage_is '--why is for' watch shop-web --why x
usage_is 'a word is missing' watch

# ---- timeline -------------------------------------------------------------------------------------------------

refill
fp event add mail-bot 'mail restarted' --at -40m
fp timeline shop-web --width 120
is 0 'timeline'
grep -q '^  orders a minute  *██*  *███*.*▁▁▁ bad  *80 - 100 /min$' "$T/out"
ok $? 'a row a figure: when it fell, and where nobody answered; verdict, lowest and highest'
grep -q '^  release  *\.*PSSS*!!*S*bbb*RRR*\.\.*$' "$T/out"
ok $? "the release's turns as a band, and that it was braked"
words_are 'P pending, S smoking' 'with what its letters mean'
# at LETTER: its column in the row of marks
at() { awk -v l="$1" '/^  events/ { print index(substr($0, 10), l) }' "$T/out"; }
[ "$(at A)" -gt 0 ] && [ "$(at A)" -lt "$(at B)" ] && [ "$(at B)" -lt "$(at C)" ] && [ "$(at C)" -lt "$(at D)" ] &&
    [ "$(at D)" -le "$(at E)" ]
ok $? 'marks on the same axis, in order'
sed -n 's/^  \([A-E]\) [0-9:]*  *\([^ ]*\) .*/\1 \2/p' "$T/out" | tr '\n' ' ' | grep -q '^A mail-bot B release C release D deploy-bot E ANOMALY $'
ok $? 'then what they are: from outside, release, from outside, anomaly'
grep -q '^    1\. 0\.74 [0-9:]* deploy-bot: prices pushed (1 min before' "$T/out" && grep -q '^    2\. 0\.[0-9]* [0-9:]* release #1: ' "$T/out"
ok $? 'and suspects in order: the event a minute before, then the release'
[ "$(wc -L <"$T/out")" -le 120 ]
ok $? 'within the width'
fp timeline shop-web
[ "$code" = 0 ] && [ "$(wc -L <"$T/out")" -le 80 ]
ok $? 'which is 80 without a terminal'
LC_ALL=C fp timeline shop-web
[ "$code" = 0 ] && grep -q '^  orders a minute  *@.*@@@.*\.\.\. [a-z]' "$T/out" && ! LC_ALL=C grep -q '[^ -~]' "$T/out"
ok $? 'in a terminal of ASCII only'
fp timeline shop-web --json --width 60
json '.v == 1 and .slices == 60 and (.lanes | length) == 1 and (.lanes[0] | .layer == "business" and (.mean | length) == 60)' 'as JSON: lanes'
json '.lanes[0].mean | (map(select(. == null)) | length) > 0 and .[-2] == 80 and (map(select(. == 100)) | length) > 30' 'with their figures'
json '.turns | map(.status) | .[0] == "PENDING" and .[-1] == "ROLLING_OUT"' 'turns'
json '.turns | map(select(.braked)) | length == 1' 'the braked one too'
json '.marks | map(.what) == ["event", "release", "release", "event", "anomaly"]' 'marks, in order'
json '.anomalies[0].suspects | .[0].kind == "deploy-bot" and .[1].release_in_question' 'suspects, in order'
fp timeline shop-web --from -5m --until -1m
is 0 'a window in which nothing has happened'
words_are 'nothing has happened' 'says so'
fp timeline pay-api
is 0 'of a group in which nothing is measured'
words_are 'pay restarted' 'what has happened there'
long=$(printf 'é%.0s' {1..2000})
fp event add deploy-bot "$long" --group shop-web --at -14m
fp timeline shop-web --width 100
grep -q 'é\.\.\.' "$T/out" && ! grep -q '\\x' "$T/out" && [ "$(grep -c . "$T/out")" -lt 80 ]
ok $? 'a long text is cut at a whole character'
tr -s ' \n' ' ' <"$T/out" | grep -q 'é[ .]*\.\.\. ([0-9]* min before, same group'
ok $? 'and why it is suspected stands behind it'
[ "$(wc -L <"$T/out")" -le 100 ]
ok $? 'also a word that is longer than a line stays within the width'
fp history -n 0
is 2 'history of none'
usage_is 'no time lies between' timeline shop-web --from -5m --until -10m
usage_is 'is no time' timeline shop-web --from soon
usage_is '--width is 60 to' timeline shop-web --width 20
usage_is '--width is 1 to 400' timeline shop-web --width 500 --json
usage_is 'no group `elsewhere`' timeline elsewhere

args() { [ "$(jq -r "$2" "$STORY/args-$1" 2>/dev/null)" = true ]; ok $? "$3"; }
story watch-extend <<'END'
verdict done watched longer
END
story watch-end <<'END'
verdict done the watch has ended
END
fp watch shop-web --extend 15m --why 'orders are low'
is 0 'watch --extend'
words_are 'watched longer' 'says what came of it'
args watch-extend '.ms == 900000 and .why == "orders are low"' 'and says how long and why to the engine'
fp watch shop-web --end --why 'seen enough'
is 0 'watch --end'
args watch-end '.why == "seen enough"' 'with its reason'
fp watch pay-api --end
is 3 'of a group without a watch: refused'

# ---- going on over what is in doubt ---------------------------------------------------------------------------

end_engine()
{
    local pid
    pid=$(cat "$STORY/engine.pid") || return 0
    kill -9 "$pid" 2>/dev/null
    is_gone() { ! kill -0 "$pid" || [ "$(awk '{print $3}' "/proc/$pid/stat")" = Z ]; }
    wait_until is_gone
}
end_engine
rm -rf "$T/store"
story start <<'END'
open RELEASE
verdict done opened
judged unknown home page: time
log w - the release is held: home page: time
status SMOKE_SUCCESS
END
story continue <<'END'
verdict refused unknown: home page: time; go on with a reason (--why)
END
fp start shop-web 1.1.0 --yes
is 10 'a release that waits'
words_are 'the release is held: home page: time' 'and whose log says what holds it'
fp continue shop-web
is 3 'continue in doubt and without a terminal: as the engine says'
err_has 'go on with a reason (--why)' 'in its words'
story continue <<'END'
verdict done goes on
watch 30
status SUCCESS
END
# ask ANSWER: the answer is typed once the question stands on the screen
ask()
{
    local pid
    rm -f "$T/fifo"
    mkfifo "$T/fifo"
    script -qec "$program -c $T/config --store $T/store continue shop-web" /dev/null <"$T/fifo" >"$T/screen" 2>&1 &
    pid=$!
    exec 7>"$T/fifo"
    wait_until grep -q 'Why go on' "$T/screen"
    printf '%s\n' "$1" >&7
    exec 7>&-
    code=0
    wait $pid || code=$?
    tr -d '\r' <"$T/screen" >"$T/out"
}
rm -f "$STORY/args-continue"
if command -v script >/dev/null; then
    ask ''
    is 3 'on a terminal no reason is no'
    words_are 'in doubt: unknown: home page: time' 'the question says which is in doubt'
    [ ! -e "$STORY/args-continue" ]
    ok $? 'and nothing was sent'
    ask 'orders are fine'
    is 0 'a reason sends it'
else
    fp continue shop-web --why 'orders are fine'
    cat "$T/err" >>"$T/out"
fi
args continue '.why == "orders are fine"' 'the reason goes with it'
words_are 'shop-web is watched until ' 'after success a follower says that a watch runs'

story start <<'END'
open RELEASE
verdict done opened
warned bad load
status SMOKE_SUCCESS
END
story continue <<'END'
verdict done goes on
status SUCCESS
END
fp start shop-web 1.2.0 --yes
is 10 'a release that waits while something warns'
rm -f "$STORY/args-continue"
if command -v script >/dev/null; then
    timeout 60 script -qec "$program -c $T/config --store $T/store continue shop-web" /dev/null \
        </dev/null >"$T/out" 2>&1
    code=$?
else
    fp continue shop-web
fi
is 0 'goes on without a reason'
args continue '.why == null' 'as the engine does'
echo "1..$number"
