#!/bin/bash
# Instances that cannot be had: a changed host key, a refused key, an sshd that accepts and says nothing, a full
# disk. Each is named with its reason while nothing is out of traffic; the others go on without them. And an
# archive that is not what its sum says.
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

fleet_up 7

# .4: another host key than the one known
ssh-keygen -q -t ed25519 -N '' -f "$T/other"
sed -i "/^127\.0\.1\.4,/s| .*| $(cut -d' ' -f1,2 "$T/other.pub")|" "$F/known_hosts"
# .5: our key is refused
printf 'Match LocalAddress 127.0.1.5\n    AuthorizedKeysFile none\n' >>"$F/sshd_config"
kill -HUP "$(cut -d' ' -f1 "$F/run/sshd.pid")"
# .6: something listens, and never speaks
port=$("$FLEET_BIN/shop" --free-ports 1)
"$FLEET_BIN/shop" --serve "$T" --host 127.0.1.6 --port "$port" </dev/null >>"$T/mute.log" 2>&1 &
sed -i "1i Host 127.0.1.6\n  Port $port\n" "$F/ssh_config"
# .3: no room left; a file system of its own needs root
full=
if [ "$(id -u)" = 0 ] && cp -a "$F/srv/127.0.1.3" "$T/full" && mount -t tmpfs -o size=320k,mode=755 none "$F/srv/127.0.1.3" 2>"$T/mount"; then
    on_cleanup="umount -l '$F/srv/127.0.1.3'"
    cp -a "$T/full/." "$F/srv/127.0.1.3/"
    cat /dev/zero >"$F/srv/127.0.1.3/filler" 2>"$T/filled"
    full=127.0.1.3
fi
refuses() { ! ssh -F "$F/ssh_config" "$1" true 2>/dev/null; }
listens() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }
ok "sshd has read its configuration" wait_until 60 refuses 127.0.1.5
ok "sshd is there" wait_until 60 ssh -F "$F/ssh_config" 127.0.1.1 true
ok "the mute server is there" wait_until 60 listens 127.0.1.6 "$port"

began=$SECONDS
fp_is "the release stands in PENDING, braked" 12 start $group 1.1.0 --yes
is "nothing has begun" "$(field .deployment.status)" PENDING
at_most "within the deadlines" $((SECONDS - began)) 90
like "the changed host key is named" "$(target 127.0.1.4 .error)" 'HOST KEY HAS CHANGED'
like "the refused key is named" "$(target 127.0.1.5 .error)" 'the server refuses .* with the key'
like "the mute server is named" "$(target 127.0.1.6 .error)" 'banner|answer|within|timed out|did not'
if [ -n "$full" ]; then
    like "the full disk is named" "$(target $full .error)" '[Nn]o space'
else
    pass "the full disk is named # SKIP a file system of its own needs root"
fi
for h in 127.0.1.1 127.0.1.2 127.0.1.7; do
    ok "the package is there on $h" test -x "$F/srv/$h/releases/1.1.0/bin/shop"
done
is "nobody is out" "$(out_of_haproxy)" ""
is "everything is at 1.0.0" "$(currents)" "1.0.0=7"
refused=$(grep -c 'Connection from\|Failed\|refused' "$F/sshd.log")
note "sshd has $refused lines about it"

left="127.0.1.4 127.0.1.5 127.0.1.6 $full"
for h in $left; do
    fp exclude $group "$h" --why "cannot be had" --yes
    is "$h is excluded" "$(target "$h" .status)" EXCLUDED
done
fp_is "continue: the canary" 10 continue $group --yes
fp_is "continue: bake" 10 continue $group --yes
fp_is "continue: roll out" 0 continue $group --yes
for h in 127.0.1.1 127.0.1.2 127.0.1.7; do
    is "$h has it" "$(current_of "$h")" 1.1.0
done
for h in $left; do
    is "$h is behind" "$(current_of "$h")" 1.0.0
done
at_most "never more than 1 was out" "$(max_out)" 1

sed -i '1,3d' "$F/ssh_config"
sed -i '/^Match/,$d' "$F/sshd_config"
kill -HUP "$(cut -d' ' -f1 "$F/run/sshd.pid")"
sed -i "/^127\.0\.1\.4,/s| .*| $(cut -d' ' -f1,2 "$F/host_ed25519.pub")|" "$F/known_hosts"
[ -z "$full" ] || rm -f "$F/srv/$full/filler"

fp start $group 1.4.1 --yes
is "the damaged archive stands in PENDING, braked" "$code $(field .deployment.status)" "12 PENDING"
like "because of its sum" "$(target 127.0.1.1 .error)" '[Ss][Hh][Aa]-?256|digest|sum'
ok "no release was made of it" test ! -e "$F/srv/127.0.1.1/releases/1.4.1"
is "nobody is out because of it" "$(out_of_haproxy)" ""
fp_is "interrupt ends it" 13 interrupt $group --yes
is "the ledger is empty" "$(ledger_of)" ""
done_testing
