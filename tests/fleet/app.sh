#!/bin/bash
# The application, the load generator and Prometheus themselves, without footplate: what is wrong with a version
# shows in its figures as it was made to, and nowhere else. What these do not show no watch could find.
# shellcheck disable=SC2034
footplate=/bin/true
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"

shop=$FLEET_BIN/shop
mapfile -t ports < <("$shop" --free-ports 2)
port=${ports[0]} load_port=${ports[1]}
declare -A pid
on_cleanup='kill "${pid[@]}" 2>/dev/null'

# begin_shop HOST KEY=VALUE...
begin_shop()
{
    local host=$1
    shift
    mkdir -p "$T/$host"
    printf '%s\n' "$@" >"$T/$host/shop.conf"
    "$shop" --host "$host" --port "$port" --conf "$T/$host/shop.conf" --doc-base "$T/$host" 2>"$T/$host/err" &
    pid[$host]=$!
    wait_until 60 curl -so "$T/health" --max-time 20 "http://$host:$port/health" || note "no shop on $host"
}
end_shop()
{
    kill "${pid[$1]}"
    wait "${pid[$1]}" || note "shop on $1 ended with $?"
    unset "pid[$1]"
}

# get HOST PATH [N]: N answers (1), their statuses in a line
get()
{
    local i urls=()
    for ((i = 0; i < ${3:-1}; i++)); do urls+=(-o "$T/body" "http://$1:$port$2"); done
    curl -s --max-time 60 -w '%{http_code}\n' "${urls[@]}" | sort | uniq -c | awk '{print $2 "x" $1}' | paste -sd' '
}

metrics() { curl -s --max-time 20 "http://$1:$port/metrics"; }
# metric HOST NAME: the one sample whose name and labels begin so
metric() { metrics "$1" | awk -v n="$2" 'index($0, n) == 1 {print $NF}'; }
is_over() { [ "$(printf '%.0f' "$(metric "$1" "$2")")" -gt "$3" ]; }

# Names, labels and numbers as the format wants them, and each family with its two lines before it.
is_well_formed()
{
    awk '
    /^# HELP / { help[$3] = 1; next }
    /^# TYPE / { if (!help[$3] || $4 !~ /^(counter|gauge|histogram)$/) { print; bad = 1 }; type[$3] = $4; next }
    !/^[a-z_:][a-z0-9_:]*(\{([a-z_][a-z0-9_]*="([^"\\]|\\["\\n])*",?)+\})? [0-9]+(\.[0-9]+)?$/ { print; bad = 1; next }
    {
        name = $0; sub(/[{ ].*/, "", name)
        family = name; sub(/_(bucket|sum|count)$/, "", family)
        if (!(name in type) && type[family] != "histogram") { print; bad = 1 }
        if ($0 in seen) { print; bad = 1 }
        seen[$0] = 1
    }
    END { exit bad || NR < 20 }' "$1"
}
# Buckets only grow, and the last is the count.
is_cumulative()
{
    awk -v n="$2" '
    index($0, n "_bucket") == 1 { if ($NF < last) bad = 1; last = $NF; buckets++ }
    index($0, n "_count") == 1 { count = $NF }
    END { exit bad || buckets < 10 || count != last }' "$1"
}

# ---- a good version counts what it did ---------------------------------------------------------------

begin_shop 127.0.1.1 version=1.0.0
is "pages are answered" "$(get 127.0.1.1 / 20)" 200x20
is "orders too" "$(get 127.0.1.1 /buy 5)" 200x5
get 127.0.1.1 /health 3 >/dev/null
is "both are requests, health is none" "$(metric 127.0.1.1 'http_requests_total{code="200"')" 25
is "none has failed" "$(metric 127.0.1.1 'http_requests_total{code="500"')" 0
is "every order is recorded" "$(metric 127.0.1.1 orders_total)" 5
metrics 127.0.1.1 >"$T/page"
ok "the page is well formed" is_well_formed "$T/page"
if command -v promtool >/dev/null; then
    ok "Prometheus' own tool says so" promtool check metrics <"$T/page"
fi
ok "the histogram is one" is_cumulative "$T/page" http_request_seconds
is "and has every request" "$(metric 127.0.1.1 http_request_seconds_count)" 25
is "the version is a label" "$(metric 127.0.1.1 'build_info{version="1.0.0"}')" 1
at_most "the start is no older than the process" "$(($(date +%s) - $(metric 127.0.1.1 process_start_time | cut -d. -f1)))" "$SECONDS"
at_most "its memory is small" "$(metric 127.0.1.1 process_resident)" 8000000
end_shop 127.0.1.1
begin_shop 127.0.1.1 'version=a"b\c' 'error_rate=100'
is "errors are answered" "$(get 127.0.1.1 /buy 4)" 500x4
is "and counted" "$(metric 127.0.1.1 'http_requests_total{code="500"')" 4
is "and are no orders" "$(metric 127.0.1.1 orders_total)" 0
is "and in its log" "$(grep -c ' ERROR ' "$T/127.0.1.1/app.log")" 4
metrics 127.0.1.1 >"$T/page"
ok "a version with a quote does not break the page" is_well_formed "$T/page"
end_shop 127.0.1.1

# ---- slow on one host --------------------------------------------------------------------------------

for host in 127.0.1.1 127.0.1.2; do
    begin_shop $host version=1.5.0 slow_host=127.0.1.2 slow_ms=3000
    get $host / >/dev/null
    metrics $host >"$T/page-$host"
done
is "the other host is quick" "$(metric 127.0.1.1 'http_request_seconds_bucket{version="1.5.0",le="2.5"}')" 1
is "the host is slow" "$(metric 127.0.1.2 'http_request_seconds_bucket{version="1.5.0",le="2.5"}')" 0
ok "by what was said" is_over 127.0.1.2 http_request_seconds_sum 2
ok "its health is quick" curl -sf --max-time 2.9 -o "$T/health" "http://127.0.1.2:$port/health"
is "and good" "$(jq -r .status "$T/health")" ok
end_shop 127.0.1.1
end_shop 127.0.1.2

# ---- orders that are lost ----------------------------------------------------------------------------

begin_shop 127.0.1.1 version=1.6.0 lose_orders=50
is "the buyers are told nothing" "$(get 127.0.1.1 /buy 200)" 200x200
lost=$((200 - $(metric 127.0.1.1 orders_total)))
at_most "half of the orders is lost: not more" "$lost" 130
at_most "and not less" 70 "$lost"
is "every one of them is a good request" "$(metric 127.0.1.1 'http_requests_total{code="200"')" 200
end_shop 127.0.1.1

# All of them in the end: of the next 20 not one is recorded.
loses_all()
{
    local before
    before=$(metric 127.0.1.1 orders_total)
    get 127.0.1.1 /buy 20 >/dev/null
    [ "$(metric 127.0.1.1 orders_total)" = "$before" ]
}
begin_shop 127.0.1.1 version=1.6.0 lose_orders=100 lose_over=4
get 127.0.1.1 /buy 20 >/dev/null
ok "not at once" is_over 127.0.1.1 orders_total 0
ok "but more and more" wait_until 60 loses_all
end_shop 127.0.1.1

# ---- memory ------------------------------------------------------------------------------------------

resident_kib() { awk '/^VmRSS:/ {print $2}' "/proc/${pid[$1]}/status"; }
begin_shop 127.0.1.1 version=1.7.0 leak_kib_per_s=16384 leak_most_mib=32
ok "memory grows" wait_until 60 is_over 127.0.1.1 process_resident $((32 * 1048576))
shown=$(($(metric 127.0.1.1 process_resident) / 1024)) seen=$(resident_kib 127.0.1.1)
at_most "the kernel counts the same" $((shown > seen ? shown - seen : seen - shown)) 1024
is_older() { is_over 127.0.1.1 process_uptime 4; }
ok "it grows no more" wait_until 60 is_older
at_most "than it was told to" "$(metric 127.0.1.1 process_resident)" $((40 * 1048576))
is "its health is good" "$(curl -s --max-time 20 "http://127.0.1.1:$port/health" | jq -r .status)" ok
end_shop 127.0.1.1

# ---- the buyers' own figures -------------------------------------------------------------------------

client() { curl -s --max-time 20 "http://127.0.0.1:$load_port/metrics"; }
has_bought() { [ "$(client | awk '$1 == "shop_client_orders_total" {print $2}')" -gt "$1" ]; }
begin_shop 127.0.1.1 version=1.0.0 work_ms=2
"$FLEET_BIN/load" --url "http://127.0.1.1:$port/" --out "$T/load.json" --orders 50 --metrics "$load_port" --quiet &
pid[load]=$!
ok "the load generator buys" wait_until 60 has_bought 50
client >"$T/page"
ok "its page is well formed" is_well_formed "$T/page"
ok "its histogram is one" is_cumulative "$T/page" shop_client_request_seconds
end_shop load
is "no order of a good version is lost" "$(metric 127.0.1.1 orders_total)" "$(jq .orders "$T/load.json")"
asked=$(jq .requests "$T/load.json") bought=$(jq .orders "$T/load.json")
at_most "about half of the requests are orders" $((bought * 100 / asked)) 65
at_most "no less" 35 $((bought * 100 / asked))
is "nothing failed" "$(jq .failed "$T/load.json")" 0
end_shop 127.0.1.1

# ---- Prometheus --------------------------------------------------------------------------------------

if ! command -v prometheus >/dev/null; then
    note "prometheus is not installed: not tried"
    done_testing
fi
query() { curl -s --max-time 20 -G "$PROM_URL/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1]'; }
gives() { [ "$(query "$1")" = "$2" ]; }
export FLEET_PROMETHEUS=yes
fleet_up 3
load_start
ok "Prometheus asks every instance and the load generator" wait_until 60 gives 'count(up == 1)' 4
ok "it can tell how many orders a minute" wait_until 60 gives 'sum(rate(orders_total{group="shop-web"}[10s])) > bool 0' 1
ok "and what the buyers say" wait_until 60 gives 'sum(rate(shop_client_orders_total[10s])) > bool 0' 1
load_stop
ok "it has every order" wait_until 60 gives 'sum(orders_total)' "$(load_count .orders)"
kill -9 "$(cat "$F/srv/127.0.1.2/shop.pid")"
ok "an instance that is gone is seen" wait_until 60 gives "up{instance=\"127.0.1.2:$APP_PORT\"}" 0
bash "$top/demo/fleet" down "$F" >/dev/null
is "nothing is left running" "$(pgrep -fc "$F/" || true)" 0
done_testing
