#!/bin/bash
# A whole release by keys alone: idle, form, plan, canary, bake, roll out, success; at each stop exactly the
# buttons that SPEC section 2 names. SCREEN_SIZE is the terminal's.
export FLEET_PAY=2
. "${abs_top_srcdir:?}/tests/screen/lib.sh"
size=${SCREEN_SIZE:-80x24}

fleet_up 4
load_start
new_version 2.1.0 start_waits_while=hold
hold 127.0.1.1
console ann "$size" shop-web

shows "idle: the group" ann 30 'shop-web'
shows "idle: the other group" ann 30 'pay-api'
stands "idle" ann 30 'idle' "Start"
press ann X
shows "X does nothing when nothing is open" ann 30 '[Nn]othing|no release|does nothing'

opens ann N '─ New release ─'
shows "the form" ann 30 'New release'
shows "with the versions on offer" ann 30 '2\.1\.0'
press ann 2 . 1 . 0
press ann Enter
shows "the plan: sentence" ann 30 'Release 2\.1\.0 to 4 instances of shop-web'
shows "the plan: batches" ann 30 'canary'
shows "armed" ann 30 'Y .*begin.*any other key: no'
press ann Y
stands "smoking" ann 60 '> (preparing|smoking)' "Interrupt"
let_go
stands "the canary waits" ann 60 '= smoked, waits' "Interrupt Continue"
shows "says what it waits for" ann 30 '[Ww]ait'
is "the canary is out of traffic" "$(out_of_haproxy)" 127.0.1.1
hold 127.0.1.2

# An engine that does not answer yet: the buttons are still those of before, and the screen says why.
engine=$(engines)
kill -STOP "$engine"
confirm "bake" ann K '─ Continue ─'
shows "until the engine answers, it says so" ann 30 'sent, not answered yet'
ok "the picture is the one before" stands_now ann '= smoked, waits' "Interrupt Continue"
kill -CONT "$engine"
stands "baked" ann 60 '= baked, waits' "Interrupt Continue"
is "the canary takes traffic" "$(out_of_haproxy)" ""
confirm "roll out" ann K '─ Continue ─'
stands "rolling out" ann 60 '> rolling out' "Interrupt"
let_go
stands "success" ann 120 '\+ success' "Start"
is "every current names it" "$(currents)" "2.0.0=2 2.1.0=4"
shows "the versions that run" ann 30 '2\.1\.0'
is "nobody is out" "$(out_of_haproxy)" ""
at_most "never more than 1 of 4 was out" "$(max_out)" 1

press ann q
shows "leaving says that nothing runs on" ann 30 'ended with 0'
load_stop
is "not one request failed" "$(load_count .failed)" 0
done_testing
