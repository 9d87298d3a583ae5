#!/bin/bash
# A group on which nothing was ever released: what runs there and who is in traffic is on the screen, what
# other people do to it within seconds, and what cannot be asked is unknown.
export FLEET_PAY=2
. "${abs_top_srcdir:?}/tests/screen/lib.sh"

other() { ask_haproxy "set server shop/web02 state $1" >/dev/null; }

fleet_up 4
console ann 120x40 shop-web
shows "the versions that health answers name" ann 60 '1\.0\.0 on 4|1\.0\.0 x4'
shows "of the other group too" ann 60 '2\.0\.0 x2'
shows "all are in traffic" ann 60 '4 in, 0 out'
other maint
shows "maintenance by somebody else" ann 60 '3 in, 1 out'
shows "whose doing it is" ann 60 '127\.0\.1\.2 +o '
other ready
shows "and back" ann 60 '4 in, 0 out'

worker=$(ask_haproxy 'show info' | awk '/^Pid:/ {print $2}')
kill -STOP "$worker"
shows "a balancer that does not answer" ann 60 'unknown 4'
kill -CONT "$worker"
shows "answers again" ann 60 '4 in, 0 out'

press ann q
shows "leaving" ann 60 'ended with 0'
done_testing
