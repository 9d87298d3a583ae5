#!/bin/bash
# kill -9 of the engine at ten random moments of some releases: each ends as it should, nothing is done twice,
# nobody is forgotten, and never are too many out. FLEET_SEED repeats a run, FLEET_KILLS changes their number.
export FLEET_MAX_OUT=34%
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

seed=${FLEET_SEED:-$RANDOM}
kills=${FLEET_KILLS:-10}
note "FLEET_SEED=$seed FLEET_KILLS=$kills"
RANDOM=$seed
killed=0

# Kill at a moment that nobody chose, within the first second of what goes on.
kill_once()
{
    sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
    [ -n "$(engines)" ] && ! status_is SUCCESS || return 0
    kill_engine || return 1
    killed=$((killed + 1))
    fp status $group
    echo "killed in $(field .deployment.status): $(field '[.deployment.batches[].targets[].status] | join(" ")')"
    # It may have been the last moment of the release.
    [ "$code" = 12 ] || [ "$(field .deployment.status)" = SUCCESS ] || { echo "then status ended with $code"; return 1; }
}

# carry_on: kill, continue, until there were enough kills and the release has ended; what happened goes to standard output.
carry_on()
{
    local tries state
    for ((tries = 0; tries < 80; tries++)); do
        if [ "$killed" -lt "$kills" ]; then
            kill_once || return 1
        fi
        state=$(field .deployment.status)
        case $state in
        SUCCESS) return 0 ;;
        *FAILURE | INTERRUPTED) echo "ended as $state"; return 1 ;;
        esac
        if [ "$killed" -lt "$kills" ]; then fp continue $group --yes --detach; else fp continue $group --yes; fi
        case $code in
        0 | 3 | 10 | 12) ;;
        *) echo "continue ended with $code"; return 1 ;;
        esac
    done
    echo "it does not end"
    return 1
}

fleet_up 6
load_start
for ((n = 1; killed < kills && n <= 40; n++)); do
    version=2.$n.0
    new_version $version start_takes=1
    fp_is "start $version" 0 start $group $version --auto --yes --detach
    ok "$version ends as it should" carry_on
    note "$(cat "$T/ok.out")"
    is "$version: success" "$(field .deployment.status)" SUCCESS
    is "$version: every current names it" "$(currents)" "$version=6"
    is "$version: every service was started once" "$(starts $version)" "$(ones)"
    is "$version: the ledger is empty" "$(ledger_of)" ""
    is "$version: nobody is out" "$(out_of_haproxy)" ""
done
ok "there were $kills kills" test "$killed" -ge "$kills"
at_most "never more than 2 of 6 were out" "$(max_out)" 2
load_stop
is "not one request failed" "$(load_count .failed)" 0
done_testing
