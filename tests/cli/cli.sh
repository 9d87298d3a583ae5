#!/bin/bash
# cli.sh: the command line against an engine that plays stories (scripted_engine.c): options, exit
# statuses, JSON, following, prompts. No server is asked.
. "${abs_top_srcdir:?run me by make check}/tests/cli/lib.sh"
export FOOTPLATE_DRIVER=anna

# A dead process keeps its locks while one of its threads still waits for the disk.
n_threads() { find "/proc/$1/task" -mindepth 1 -maxdepth 1 2>/dev/null | grep -c .; }
gone()
{
    ! kill -0 "$1" 2>/dev/null ||
        { [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null)" = Z ] && [ "$(n_threads "$1")" -le 1 ]; }
}
end_engine()
{
    local pid
    [ -s "$STORY/engine.pid" ] || return 0
    pid=$(cat "$STORY/engine.pid")
    kill -9 "$pid" 2>/dev/null
    wait_until gone "$pid"
}

# ---- words and options ------------------------------------------------------------------------------

fp
is 2 'without a command: usage'
err_has 'the console wants a terminal' 'and says why'
err_has 'rollback' 'and lists the commands'
NO_COLOR= fp console
is 2 'the console without a terminal'
err_has 'wants a terminal' 'says so in one line'
fp --dump-screen 80x
is 2 'a size that is none'
fp --dump-screen 80x24 status
is 2 'options of the console before another command'
fp console --color sometimes --dump-screen 80x24
is 2 'a colour that is none'
fp console nobody --dump-screen 80x24
is 2 'a group that is none'
fp --version
is 0 '--version'
out_has 'footplate ' 'prints the version'
fp help
is 0 'help'
out_has 'interrupt GROUP' 'lists the commands'
fp help start
is 0 'help start'
out_has '--only-new' 'lists the options'
fp start --help
is 0 'start --help'
for later in approve bad hold unhold; do
    usage_is "\`$later\` is not built in this version" $later shop-web
done
usage_is 'did you mean `status`' statsu
usage_is 'did you mean `start`' strat shop-web 1.1.0
usage_is '`footplate help` lists them' xyzzy
usage_is 'did you mean `--json`' status --jsn
usage_is 'has no option `-q`' status -q
usage_is 'wants a number' continue shop-web --rev two
usage_is 'wants a number' continue shop-web --rev -1
usage_is '--rev wants a value' continue shop-web --rev
usage_is 'takes no value' status --json=yes
usage_is 'a word is missing' start shop-web
usage_is 'too many words' status shop-web shop-api
usage_is 'did you mean `shop-web`' status shop-wep
usage_is 'no group `elsewhere`' history elsewhere
usage_is 'did you mean `shop-web`' start shop-we 1.1.0 --yes
usage_is "has no option" start shop-web -1 --yes
usage_is 'without a terminal say --yes' start shop-web 1.1.0
usage_is 'without a terminal say --yes' rollback shop-web
usage_is 'wants a reason' exclude shop-web web01 --yes
usage_is 'wants a reason' ledger drop shop-web web01 --yes
usage_is 'ledger drop GROUP' ledger shop-web
usage_is 'max_out' start shop-web 1.1.0 --set max_out=900% --yes
usage_is 'at character' logs shop-web --grep '('
usage_is 'is not allowed' start shop-web '1.1.0;reboot' --yes
printf 'gruop: x\n' >"$T/config/groups.d/wrong.yaml"
fp check
is 2 'check of a wrong file'
err_has 'wrong.yaml:1:1' 'names the place'
rm "$T/config/groups.d/wrong.yaml"

# ---- before anything was ever released ------------------------------------------------------------------

fp status
is 0 'status without a store'
err_has 'nothing was ever released' 'says so'
fp status --json
json 'length == 1 and .[0].group == "shop-web" and .[0].deployment == null and .[0].ledger == []' \
    'status --json without a store'
fp history shop-web
is 0 'history without a store'
fp logs shop-web
is 0 'logs without a store'
fp ledger --json
json '. == []' 'ledger --json without a store'
[ ! -e "$T/store" ]
ok $? 'reading makes no store'
fp continue shop-web
is 3 'continue with nothing open is refused'
[ ! -e "$T/store" ]
ok $? 'and starts no engine'

# ---- questions ----------------------------------------------------------------------------------------

cat >"$STORY/answer-plan" <<'END'
{"group": "shop-web", "version": "1.1.0", "from": "1.0.0", "n": 4, "limit": 1, "max_out": 2500,
 "says": "25% of 4: 1 at a time, 3 stay in",
 "batches": [{"index": 0, "canary": true, "instances": [{"host": "web01", "port": 8080, "skip": false}]},
             {"index": 1, "canary": false, "instances": [{"host": "web02", "port": 8080, "skip": true, "why": "already 1.1.0"}]}],
 "steps": [{"step": "INSTALL", "lines": ["stop: true\u001b[31m", "start: true"]}], "warnings": ["a group of four"]}
END
cat >"$STORY/answer-check" <<'END'
{"instances": [{"host": "web01", "port": 8080, "ok": true, "lines": ["local, 1.0.0"]},
               {"host": "web02", "port": 8080, "ok": false, "lines": ["no answer"]}],
 "balancers": [], "versions": [{"version": "1.1.0", "size": 100, "sha256": "00", "bad": false, "running": 0}], "warnings": []}
END
fp plan shop-web 1.1.0
is 0 'plan starts an engine and is answered'
out_has '1 at a time, 3 stay in' 'plan says the counts'
out_has 'already 1.1.0' 'who is skipped'
out_has 'start: true' 'and the commands'
LC_ALL=C grep -q "$(printf '\033')" "$T/out"
[ $? = 1 ]
ok $? 'no escape reaches the terminal'
fp plan shop-web 1.1.0 --json
json '.n == 4' 'plan --json'
echo '{"error": {"code": "refused", "message": "1.1.0 is not on offer"}}' >"$STORY/answer-plan"
fp plan shop-web 1.1.0
is 3 'a plan that is refused'
err_has 'not on offer' 'says why'
fp check
is 3 'check where an instance does not answer'
out_has 'FAIL web02:8080' 'names it'
fp check shop-web --json
json '.[0].ok == false and .[0].instances[0].ok' 'check --json'
has_rules='.[0] | .watch_ms == 1800000 and .rules == [] and .receivers == []'
json "$has_rules" 'a group without rules is watched too'
cp "$T/config/groups.d/shop.yaml" "$T/shop.yaml"
echo 'https://chat.example.com/services/hush-1' >"$T/url"
chmod 644 "$T/url"
cat >>"$T/config/groups.d/shop.yaml" <<END
watch: 5m
monitors: {user: [{url: 'http://shop/', every: 500ms}], system: {on_bad: warn}}
notify:
  - {preset: slack, url_env: FOOTPLATE_TEST_CHAT}
  - {name: other chat, url_env: FOOTPLATE_TEST_OTHER}
  - {name: a file, url_file: $T/url, secret_file: $T/none}
END
export FOOTPLATE_TEST_CHAT=https://chat.example.com/services/hush-2
fp check
out_has 'watched for 5 min after a release, by these rules' 'check says how long a group is watched'
out_has 'every 500 ms: http://shop/' 'and by which rules'
out_has 'every 30 s, warns: load' 'of every layer'
out_has 'ok   slack  ' 'a receiver whose secret is there'
out_has 'miss other chat' 'one whose secret is not'
out_has 'the variable FOOTPLATE_TEST_OTHER is not set here' 'says which'
out_has "others may read the file $T/url" 'a file that others may read'
out_has "the file $T/none cannot be read" 'and one that is not there'
fp check --json
json '.[0].receivers | map(.ok) == [true, false, false]' 'check --json of receivers'
json '.[0].rules | map(.source) == ["request", "system"]' 'and of rules'
grep -q hush "$T/out"
[ $? = 1 ]
ok $? 'no secret is shown'
unset FOOTPLATE_TEST_CHAT
mv "$T/shop.yaml" "$T/config/groups.d/shop.yaml"

# ---- a release ------------------------------------------------------------------------------------------

story start <<'END'
open RELEASE
verdict done deployment opened
log i - brought to 4 instances
target 0 INSTALL_RUNNING
ledger 0
status SMOKING
log i web01 installing
log d web01 a detail
target 0 VERIFY_SUCCESS
version 0 1.1.0
target 1 VERIFY_SUCCESS
version 1 1.1.0
log w web02 slow
waiting you: bake or interrupt
status SMOKE_SUCCESS
END
fp start shop-web 1.1.0 --yes --why 'ticket 7'
is 10 'start follows to the wait: 10'
out_has 'deployment opened' 'prints the verdict'
out_has 'web01:8080' 'the host of a line'
out_has 'installing' 'the text of a line'
out_has 'SMOKE_SUCCESS' 'the status'
out_lacks 'a detail' 'no details'
err_has 'footplate continue shop-web' 'and says how to go on'
fp status shop-web
is 10 'status: 10'
out_has '#1 release 1.0.0 -> 1.1.0' 'names the release'
out_has 'Continue' 'the buttons'
out_has 'bake or interrupt' 'what is waited for'
[ "$(awk '{ if (length($0) > 80) n++ } END { print n + 0 }' "$T/out")" = 0 ]
ok $? 'within 80 columns'
fp status --json
is 10 'status --json: 10'
json '.[0].deployment | .id == 1 and .flavour == "RELEASE" and .version == "1.1.0" and .from == "1.0.0"
      and .status == "SMOKE_SUCCESS" and .braked == false and .brake_reason == null and .result == null
      and .buttons == ["Interrupt", "Continue"] and .ended == null and .driver == "anna"' 'the deployment'
json '.[0].deployment.started | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")' 'times are RFC 3339'
json '.[0].deployment.batches | length == 2 and .[0].canary and .[0].index == 0 and .[0].status == "WAITING"
      and .[1].status == "PENDING" and (.[1].canary | not)' 'the batches'
json '.[0].deployment.batches[0].targets[0] | .host == "web01" and .port == 8080 and .status == "VERIFY_SUCCESS"
      and .version == "1.1.0" and .in_traffic == false and .error == null' 'a target'
json '.[0].versions == {"1.1.0": 2}' 'the versions'
json '.[0].ledger | length == 1 and .[0].host == "web01" and .[0].port == 8080 and .[0].deployment == 1
      and (.[0].since | type == "string")' 'the ledger'
json '.[0] | .watch == null and .rev >= 3' 'watch and rev'
fp ledger
out_has 'web01:8080' 'ledger lists it'
fp ledger --json
json '.[0].group == "shop-web" and .[0].deployment == 1' 'ledger --json'

# ---- refusals ---------------------------------------------------------------------------------------------

story continue <<'END'
verdict refused the release moved on: now BAKE_SUCCESS; look again
END
fp continue shop-web --rev 1
is 3 'refused: 3'
err_has 'moved on' 'and why'
fp interrupt shop-web
is 2 'the end wants --yes without a terminal'
err_has 'web01:8080 on 1.1.0' 'and says what stays behind'
story continue <<'END'
verdict failed the disk is full
END
fp continue shop-web
is 4 'an action that failed: 4'
fp exclude shop-web web09 --why gone --yes
is 2 'exclude of an instance that is not there'
fp exclude shop-web web02:81 --why gone --yes
is 2 'or of another port'
story exclude <<'END'
verdict done web02 is left out
END
fp exclude shop-web web02 --why gone --yes
is 0 'exclude finds the port'
story ledger-drop <<'END'
unledger 0
verdict done written off
END
story markdown <<'END'
log i web03 draining
verdict done out of traffic
END
fp markdown shop-web web03 --yes
is 0 'markdown by hand'
out_has 'draining' 'shows the log while it waits'

# ---- failure, brake, end, loss ----------------------------------------------------------------------------

story continue <<'END'
verdict done bake
status BAKING
target 0 MARKUP_FAILURE web01: the balancer reads it DOWN
summary web01:8080 MARKUP: wanted READY, read DOWN
status BAKE_FAILURE
END
fp continue shop-web
is 11 'a failure: 11'
[ "$(tail -n 1 "$T/err")" = 'footplate: web01:8080 MARKUP: wanted READY, read DOWN' ]
ok $? 'its summary is the last line on stderr'
fp status
is 11 'status: 11'
out_has 'the balancer reads it DOWN' 'with the reason of the target'
fp status --json
json '.[0].deployment | .result == "failure" and .buttons == ["Interrupt", "Retry"]' 'and the buttons'
json '.[0].deployment.batches[0].status == "FAILURE"' 'and the batch'

story retry <<'END'
verdict done try again
target 0 MARKUP_RUNNING
status BAKING
await go
END
rm -f "$STORY/go"
fp retry shop-web --detach
is 0 '--detach does not follow'
is_baking() { fp status --json; json_is '.[0].deployment.status == "BAKING"'; }
json_is() { [ "$(jq -r "$1" "$T/out" 2>/dev/null)" = true ]; }
wait_until is_baking
ok $? 'and the release goes on'
story interrupt <<'END'
brake operator: stopped by anna
verdict done no new step begins
END
: >"$STORY/go"
fp interrupt shop-web
is 12 'a brake asks nothing: 12'
fp status
is 12 'status: 12'
out_has 'BRAKED' 'says braked'
out_has 'stopped by anna' 'by whom'
out_has '1 target in MARKUP' 'what is in flight'
fp status --json
json '.[0].deployment | .braked and .brake_reason == "operator" and .brake_text == "stopped by anna"' 'in JSON'

story continue <<'END'
unbrake
verdict done the brake is lifted
log i web01 back in
target 0 SUCCESS
die
END
fp continue shop-web
is 12 'an engine that dies while it is followed: 12'
err_has 'the engine is gone' 'says so'
fp status
is 12 'status without an engine: 12'
out_has 'engine lost' 'shows the brake'
fp status --json
json '.[0].deployment | .braked and .brake_reason == "engine lost"' 'in JSON'
json '.[0].engine_alive == false' 'and that no engine lives'

story continue <<'END'
unbrake
verdict done the brake is lifted
target 1 SUCCESS
status BAKE_SUCCESS
END
fp continue shop-web
is 10 'continue starts a new engine and goes on'
story continue <<'END'
verdict done roll out
status ROLLING_OUT
target 2 INSTALL_RUNNING
log i web03 Zm9v
await never
END
timeout 60 "$program" -c "$T/config" --store "$T/store" continue shop-web >"$T/out" 2>"$T/err" </dev/null &
follower=$!
is_following() { grep -q Zm9v "$T/out"; }
wait_until is_following
ok $? 'following prints lines as they come'
pkill -INT -P $follower
code=0
wait $follower || code=$?
is 130 'Ctrl-C: 130'
err_has 'the release goes on: footplate logs -f shop-web' 'and says how to follow again'
fp status
is 0 'status of a release that runs: 0'
end_engine
rm -f "$STORY"/never
story interrupt <<'END'
verdict done ending
status INTERRUPTED
END
fp interrupt shop-web --yes
is 13 'the end: 13'
fp status
is 20 'status with a ledger: 20'
fp ledger drop shop-web web01 --why 'gone' --yes
is 0 'ledger drop'
fp status
is 0 'status of an idle group: 0'
fp status --json
json '.[0].deployment | .status == "INTERRUPTED" and .result == "interrupted" and .buttons == ["Start"]' 'it is idle'
json '.[0].deployment.ended | type == "string"' 'with its end'

# ---- a configuration that was broken meanwhile --------------------------------------------------------------

printf 'gruop: x\n' >"$T/config/groups.d/wrong.yaml"
echo "store: $T/store" >"$T/config/footplate.yaml"
code=0
"$program" -c "$T/config" status shop-web --json >"$T/out" 2>"$T/err" </dev/null || code=$?
is 0 'a mistake in the file of another group does not hide the store'
json '.[0].deployment.status == "INTERRUPTED"' 'that footplate.yaml names'
fp start shop-web 9.9.9 --yes
is 2 'but nothing is started on it'
rm "$T/config/groups.d/wrong.yaml" "$T/config/footplate.yaml"

# ---- rollback behind an end, auto, success ------------------------------------------------------------------

story start <<'END'
open RELEASE
verdict done deployment opened
status SMOKE_SUCCESS
status BAKE_SUCCESS
status ROLLING_OUT
status SUCCESS
END
fp start shop-web 1.2.0 --yes --auto
is 0 'with --auto the waits are not the end: 0'
story start <<'END'
open RELEASE
verdict done deployment opened
status SMOKE_FAILURE
END
fp start shop-web 1.3.0 --yes
is 11 'a release that fails'
story rollback <<'END'
log w - the release ends first
status INTERRUPTED
open ROLLBACK
verdict done rollback opened
target 0 SUCCESS
status SUCCESS
END
fp rollback shop-web --yes
is 0 'rollback: 0'
out_has 'the release ends first' 'shows the end that it waits for'
fp history shop-web
is 0 'history'
out_has 'rollback' 'shows the rollback'
fp history --json
json 'length == 4 and .[0].flavour == "ROLLBACK" and .[0].status == "SUCCESS" and .[3].status == "INTERRUPTED"' 'history --json'
json '[.[] | select(.rollback_candidate)] | length <= 1' 'one candidate at most'

# ---- logs -------------------------------------------------------------------------------------------------

fp logs shop-web --deployment 1
is 0 'logs of a release'
out_has 'a detail' 'with details'
fp logs shop-web --deployment 1 --host web02
out_has 'slow' 'of one host'
out_lacks 'installing' 'and no other'
fp logs shop-web --deployment 1 --grep '^inst(all)+ing$'
out_has 'installing' 'that match'
out_lacks 'slow' 'and no others'
fp logs shop-web --deployment 1 --json
jq -s -e 'length > 3 and all(.[]; .time and .level and .group == "shop-web")' "$T/out" >"$T/jq" 2>&1
ok $? 'logs --json: an object a line'
usage_is 'not in the store' logs shop-web --deployment 99
printf 'open RELEASE\nverdict done x\nlog i web01 %s!\nlog i web01 \033]0;title\007\nstatus SMOKE_FAILURE\n' \
    "$(printf 'a%.0s' $(seq 40))" | story start
fp start shop-web 1.4.0 --yes
fp logs shop-web --grep '(a+)+$'
out_has '[not judged]' 'a line that is too expensive is shown'
err_has 'not judged' 'and counted'
fp logs shop-web
out_has '\x1b]0;title' 'control characters are shown, not obeyed'

# ---- prompts on a terminal ----------------------------------------------------------------------------------

story rollback <<'END'
verdict refused no candidate
END
echo '{"to": "1.2.0", "candidates": [], "instances": [{"host": "web01", "port": 8080}]}' >"$STORY/answer-rollback"
# ask ANSWER: the answer is typed once the question stands on the screen
ask()
{
    rm -f "$T/fifo"
    mkfifo "$T/fifo"
    script -qec "$program -c $T/config --store $T/store rollback shop-web" /dev/null <"$T/fifo" >"$T/screen" 2>&1 &
    local pid=$!
    exec 7>"$T/fifo"
    wait_until grep -q 'Type Y' "$T/screen"
    printf '%s\n' "$1" >&7
    exec 7>&-
    code=0
    wait $pid || code=$?
    cp "$T/screen" "$T/out"
}
if command -v script >/dev/null; then
    ask y
    is 3 'a small y is no'
    out_has 'nothing was done' 'and says so'
    out_has 'take 1 instance of shop-web back to 1.2.0' 'the prompt states the consequence'
    ask "$(printf '\003')"
    ! [ "$code" = 0 ] && ! grep -q 'no candidate' "$T/screen"
    ok $? 'Ctrl-C at the prompt sends nothing'
    ask Y
    is 3 'Y sends it (and it is refused)'
    out_has 'no candidate' 'by the engine'
fi

# ---- an engine that cannot start ------------------------------------------------------------------------------

end_engine
code=0
env -u STORY timeout 60 "$program" -c "$T/config" --store "$T/store" retry shop-web >"$T/out" 2>"$T/err" </dev/null || code=$?
is 4 'an engine that cannot start: 4'
err_has 'no STORY' 'and its own words'
echo "1..$number"
