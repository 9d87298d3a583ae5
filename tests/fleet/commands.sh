#!/bin/bash
# Commands that do not behave: one that never ends, one that prints 200 MB with the escapes of a terminal.
# The instance fails, or not, with a clear line; the engine stays small; nothing raw reaches a reader.
export FLEET_COMMAND_TIMEOUT=8s
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

left_behind()
{
    local f
    for f in /proc/[0-9]*; do
        if [[ $(readlink "$f/cwd") == "$F/srv/"* ]] && tr '\0' ' ' <"$f/cmdline" | grep -q 'shopctl start'; then
            echo "${f#/proc/}"
        fi
    done 2>/dev/null
}
is_clean() { [ -z "$(left_behind)" ]; }
peak_kb() { local p kb=0 now; for p in $(engines); do now=$(awk '/^VmHWM/ {print $2}' "/proc/$p/status"); [ "${now:-0}" -le "$kb" ] || kb=$now; done; echo "$kb"; }

fleet_up 3
new_version 3.0.0 start_hangs=yes
new_version 3.1.0 start_prints_mb=200
fp_is "the endless command fails" 11 start $group 3.0.0 --yes
is "in install, at the canary" "$(target 127.0.1.1 .status)" INSTALL_FAILURE
like "the reason says how long it was given" "$(target 127.0.1.1 .error)" 'within 8 s'
ok "it is ended on the instance" wait_until 60 is_clean
is "the others are untouched" "$(currents)" "1.0.0=2 3.0.0=1"
fp_is "rollback" 0 rollback $group --yes
is "everything is at 1.0.0" "$(currents)" "1.0.0=3"
is "nobody is out" "$(out_of_haproxy)" ""

edit 's/timeout: 8s/timeout: 60s/'
fp_is "start of the noisy one" 0 start $group 3.1.0 --yes --detach
most=0
for ((i = 0; i < 600; i++)); do
    now=$(peak_kb)
    [ "$now" -le "$most" ] || most=$now
    case $(field .deployment.status) in PENDING | SMOKING) ;; *) break ;; esac
    sleep 0.2
done
note "it ended as $(field .deployment.status): $(target 127.0.1.1 '.error // "-"'); the engine's peak was $most kB"
like "the noisy one comes to an end" "$(field .deployment.status)" '^SMOKE_(SUCCESS|FAILURE)$'
limit=65536
# A sanitizer keeps a shadow and red zones: more is allowed to it.
if grep -q __asan_init "$footplate"; then limit=196608; fi
at_most "the engine's memory is bounded, in kB" "$most" "$limit"
fp logs $group
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$T/out"; then
    fail "no control character reaches a reader of the log"
else
    pass "no control character reaches a reader of the log"
fi
ok "the store has not swallowed it whole" test "$(du -sm "$F/store" | cut -f1)" -lt 100
fp interrupt $group --yes
fp_is "and back" 0 rollback $group --yes --to 1.0.0
is "everything is at 1.0.0 again" "$(currents)" "1.0.0=3"
done_testing
