#!/bin/bash
# What goes wrong, by keys alone: a version that never becomes healthy, Retry, Rollback; brake and Continue; the
# end. At each stop exactly the buttons that SPEC section 2 names. SCREEN_SIZE is the terminal's.
export FLEET_STARTUP_TIMEOUT=6s
. "${abs_top_srcdir:?}/tests/screen/lib.sh"
size=${SCREEN_SIZE:-80x24}

# start VERSION: form, plan, Y
start()
{
    opens ann N '─ New release ─' || return 1
    wait_until 60 sees ann "$1" || return 1
    press ann "$1"
    press ann Enter
    wait_until 60 sees ann 'Y .*begin.*any other key: no' || return 1
    press ann Y
}

fleet_up 4
load_start
new_version 2.1.0 health=never
new_version 2.2.0 start_waits_while=hold
hold 127.0.1.1
console ann "$size" shop-web
stands "idle" ann 30 'idle' "Start"

ok "start 2.1.0" start 2.1.0
stands "smoking" ann 60 '> (preparing|smoking)' "Interrupt"
stands "the canary failed" ann 60 'x smoke failed' "Interrupt Retry"
shows "says why" ann 30 'VERIFY|verify'
hides "the buttons have been there for a moment" ann 30 '\(new:'
press ann K
shows "K does nothing now" ann 30 'K does nothing now'
confirm "retry" ann T '─ Retry ─'
stands "smoking again" ann 60 '> smoking' "Interrupt"
stands "failed again" ann 60 'x smoke failed' "Interrupt Retry"
confirm "rollback" ann U '─ Rollback ─'
stands "rolled back" ann 90 'last: .*1\.0\.0' "Start"
is "everything runs what ran before" "$(currents)" 1.0.0=4
is "nobody is out" "$(out_of_haproxy)" ""
shows "the history says so" ann 30 'rollback|back'

ok "start 2.2.0" start 2.2.0
stands "smoking" ann 60 '> (preparing|smoking)' "Interrupt"
press ann X
stands "X brakes at once" ann 30 '! braked' "Interrupt Continue"
shows "says who braked" ann 30 'braked'
let_go
ok "the step in flight comes to its end" wait_until 60 none_runs
confirm "lift" ann K '─ Continue ─'
stands "the canary waits" ann 60 '= smoked, waits' "Interrupt Continue"
confirm "end" ann X '─ Interrupt: end ─'
stands "ended" ann 60 'idle' "Start"
is "the canary stays out" "$(out_of_haproxy)" 127.0.1.1
shows "and the screen says so" ann 30 'out of traffic by us|ledger'
confirm "rollback" ann U '─ Rollback ─'
is_all_in() { [ -z "$(out_of_haproxy)" ]; }
ok "all are back" wait_until 60 is_all_in
stands "rolled back" ann 90 'last: \+ .*1\.0\.0' "Start"
press ann q
shows "the console has ended" ann 30 'ended with 0'
load_stop
is "not one request failed" "$(load_count .failed)" 0
done_testing
