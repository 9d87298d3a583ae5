#!/bin/bash
# The witnesses themselves, without footplate: a careful change by hand costs no request, a careless one is
# seen by all of them. What they do not see here they would not see in the other tests.
footplate=/bin/true
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

on() { local h=$1; shift; ssh -F "$F/ssh_config" "$h" "cd $F/srv/$h && FOOTPLATE_HOST=$h FOOTPLATE_PORT=$APP_PORT; export FOOTPLATE_HOST FOOTPLATE_PORT; $*"; }
is_out() { [ "$(out_of_haproxy)" = "$1" ]; }
is_counted() { [ "$(max_out)" -ge "$1" ]; }
has_failed() { [ "$(load_count .failed)" -gt 0 ]; }
answers() { [ "$(load_count ".versions[\"$1\"] // 0")" -gt 0 ]; }
# It has its pid a moment before it answers.
says() { [ "$(health_of "$1" | jq -r "$2" 2>/dev/null)" = "$3" ]; }
has_asked() { [ "$(load_count .requests)" -gt "$1" ]; }

fleet_up 3
load_start
ask_haproxy 'set server shop/web02 state drain' >/dev/null
ok "a drained instance is out" wait_until 60 is_out 127.0.1.2
is "and set" "$(set_in_haproxy)" 127.0.1.2
mkdir "$F/srv/127.0.1.2/releases/1.1.0"
tar -xzf "$F/packages/shop-1.1.0.tar.gz" -C "$F/srv/127.0.1.2/releases/1.1.0"
ok "stop, link, start by hand" on 127.0.1.2 'current/bin/shopctl stop && ln -sfn releases/1.1.0 current && current/bin/shopctl start'
is "current says so" "$(current_of 127.0.1.2)" 1.1.0
is "it was started once" "$(starts 1.1.0)" "0 1 0"
ok "health says so" wait_until 60 says 127.0.1.2 '.version + " " + .status' "1.1.0 ok"
ask_haproxy 'set server shop/web02 state ready' >/dev/null
ok "it comes back" wait_until 60 is_out ""
ok "and answers" wait_until 60 answers 1.1.0
is "no request has failed" "$(load_count .failed)" 0
ok "one was out at a time" is_counted 1
at_most "and no more" "$(max_out)" 1

kill -9 "$(cat "$F/srv/127.0.1.1/shop.pid")"
ok "a killed instance costs requests" wait_until 60 has_failed
ok "and the balancer takes it out" wait_until 60 is_out 127.0.1.1
on 127.0.1.1 'current/bin/shopctl start' >/dev/null
ok "until it is started again" wait_until 60 is_out ""
is "which is on record" "$(starts 1.0.0)" "2 1 1"

before=$(load_count .failed)
asked=$(load_count .requests)
ok "HAProxy is reloaded" haproxy_reload
ok "the load goes on" wait_until 60 has_asked $((asked + 100))
is "a reload costs nothing" "$(load_count .failed)" "$before"

# What each version is for.
for v in 1.2.0 1.3.0; do
    mkdir "$F/srv/127.0.1.3/releases/$v"
    tar -xzf "$F/packages/shop-$v.tar.gz" -C "$F/srv/127.0.1.3/releases/$v"
done
sed -i 's/127.0.1.4/127.0.1.3/' "$F/srv/127.0.1.3/releases/1.3.0/shop.conf"
on 127.0.1.3 'current/bin/shopctl stop; ln -sfn releases/1.2.0 current; current/bin/shopctl start' >/dev/null
ok "1.2.0 is never healthy" wait_until 60 says 127.0.1.3 .status "no database"
on 127.0.1.3 'current/bin/shopctl stop; ln -sfn releases/1.3.0 current; current/bin/shopctl start' >/dev/null
ok "1.3.0 refuses a host" wait_until 60 says 127.0.1.3 .status "no licence for this host"
touch "$F/srv/127.0.1.3/cured"
is "until it is cured" "$(health_of 127.0.1.3 | jq -r .status)" ok
ok "the damaged archive is damaged" test "$(cd "$F/packages" && sha256sum -c SHA256SUMS 2>/dev/null | grep -c FAILED)" = 1

load_stop
ok "the load generator wrote its last word" load_is_done
bash "$top/demo/fleet" down "$F" >/dev/null
is "nothing is left running" "$(pgrep -fc "$F/" || true)" 0
done_testing
