#!/bin/bash
# kill -9 of the engine at ten random moments of two releases: each ends as it should, nothing is done twice,
# nobody is forgotten, and never are too many out. FLEET_SEED repeats a run, FLEET_KILLS changes their number.
export FLEET_MAX_OUT=34%
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

seed=${FLEET_SEED:-$RANDOM}
kills=${FLEET_KILLS:-10}
note "FLEET_SEED=$seed FLEET_KILLS=$kills"
RANDOM=$seed
killed=0

# carry_on VERSION: kill, look, continue, until that release has ended.
carry_on()
{
    local kills_here=0 tries
    for ((tries = 0; tries < 60; tries++)); do
        case $(field '.deployment | if .braked then "braked" else .status end') in
        SUCCESS) return 0 ;;
        *FAILURE | INTERRUPTED) note "$1: $(field .deployment.status)"; return 1 ;;
        esac
        if [ "$kills_here" -lt $(((kills + 1) / 2)) ]; then
            sleep "$((RANDOM % 3)).$((RANDOM % 10))" # the moment is the point: any will do
            if [ -n "$(engines)" ]; then
                kill_engine
                kills_here=$((kills_here + 1))
                killed=$((killed + 1))
                fp status $group
                # It may have been the last moment of the release.
                [ "$code" = 12 ] || [ "$(field .deployment.status)" = SUCCESS ] ||
                    { note "status ended with $code after a kill"; return 1; }
                note "killed in $(field .deployment.status): $(field '[.deployment.batches[].targets[].status] | join(" ")')"
            fi
            fp continue $group --yes --detach
        else
            fp continue $group --yes
        fi
        case $code in
        0 | 3 | 10 | 12) ;;
        *) note "continue ended with $code"; return 1 ;;
        esac
    done
    return 1
}

fleet_up 6
load_start
for version in 2.1.0 2.2.0; do
    new_version $version start_takes=0.4
    fp_is "start $version" 0 start $group $version --auto --yes --detach
    ok "$version ends as it should" carry_on $version
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
