#!/bin/bash
# What goes wrong, by keys alone: a version that never becomes healthy, Retry, Rollback; brake and Continue; the
# end. At each stop exactly the buttons that SPEC section 2 names. SCREEN_SIZE is the terminal's.
export FLEET_STARTUP_TIMEOUT=4s
. "${abs_top_srcdir:?}/tests/screen/lib.sh"
size=${SCREEN_SIZE:-80x24}

# start VERSION: form, plan, Y
start()
{
    opens ann N '─ New release ─' || return 1
    wait_until 20 sees ann "$1" || return 1
    press ann "$1"
    press ann Enter
    wait_until 20 sees ann 'Y .*begin.*any other key: no' || return 1
    press ann Y
}

fleet_up 4
load_start
new_version 2.1.0 health=never
new_version 2.2.0 start_takes=2
console ann "$size" shop-web
buttons_are "idle" ann 30 "Start"

ok "start 2.1.0" start 2.1.0
buttons_are "smoking" ann 20 "Interrupt"
buttons_are "the canary failed" ann 60 "Interrupt Retry"
shows "says why" ann 10 'VERIFY|verify'
press ann K
shows "K does nothing now" ann 5 'K did nothing'
confirm "retry" ann T '─ Retry ─'
buttons_are "smoking again" ann 20 "Interrupt"
buttons_are "failed again" ann 60 "Interrupt Retry"
confirm "rollback" ann U '─ Rollback ─'
buttons_are "rolled back" ann 90 "Start"
is "everything runs what ran before" "$(currents)" 1.0.0=4
is "nobody is out" "$(out_of_haproxy)" ""
shows "the history says so" ann 10 'rollback|back'

ok "start 2.2.0" start 2.2.0
buttons_are "smoking" ann 20 "Interrupt"
press ann X
buttons_are "X brakes at once" ann 10 "Interrupt Continue"
shows "says who braked" ann 10 'braked'
wait_until 30 sees_not ann 'in flight'
confirm "lift" ann K '─ Continue ─'
buttons_are "the canary waits" ann 60 "Interrupt Continue"
confirm "end" ann X '─ Interrupt: end ─'
buttons_are "ended" ann 30 "Start"
is "the canary stays out" "$(out_of_haproxy)" 127.0.1.1
shows "and the screen says so" ann 10 'out of traffic by us|ledger'
confirm "rollback" ann U '─ Rollback ─'
is_all_in() { [ -z "$(out_of_haproxy)" ]; }
ok "all are back" wait_until 60 is_all_in
buttons_are "rolled back" ann 30 "Start"
press ann q
shows "the console has ended" ann 10 'ended with 0'
load_stop
is "not one request failed" "$(load_count .failed)" 0
done_testing
