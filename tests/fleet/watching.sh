# watching.sh: for the tests of what is watched: a fleet with all five layers, a real Prometheus and buyers, and
# where status --json says what was found. Sourced in the place of lib.sh; skipped where there is no Prometheus.
# The machine is shared with other tests: pages take long enough that waiting for a processor is no difference.
# shellcheck shell=bash
export FLEET_MONITORS=yes FLEET_PROMETHEUS=yes FLEET_BUSY=yes FLEET_WORK_MS=40
export FLEET_BASELINE=${FLEET_BASELINE:-90s} FLEET_WATCH=${FLEET_WATCH:-60s}
# shellcheck source=tests/fleet/lib.sh
. "${abs_top_srcdir:?}/tests/fleet/lib.sh"
command -v prometheus >/dev/null || skip_all "prometheus is not installed"

# layer LAYER: the worst of its verdicts
layer()
{
    field "[.monitors[] | select(.layer == \"$1\" and .due) | .verdict] |
        [\"bad\", \"unknown\", \"warning\", \"good\"] - ([\"bad\", \"unknown\", \"warning\", \"good\"] - .) | .[0]"
}
layer_is() { [ "$(layer "$1")" = "$2" ]; }
# anomaly LAYER JQ: of one that was found in that layer and brakes
anomaly() { field "[.anomalies[] | select(.brakes and .layer == \"$1\")] | .[0] | $2"; }
has_anomaly() { [ "$(anomaly "$1" ".id // 0")" -gt 0 ]; }
anomalies() { field '[.anomalies[] | select(.brakes) | "\(.layer): \(.text)"] | join("; ")'; }
is_braked() { [ "$(field .deployment.braked)" = true ]; }
is_watched() { [ "$(field '.watch != null')" = true ]; }
is_watched_no_more() { [ "$(field .watch)" = null ]; }
sells()
{
    [ "$(curl -s --max-time 20 -G "$PROM_URL/api/v1/query" --data-urlencode 'query=sum(rate(orders_total[5s])) * 60' |
        jq -r '.data.result[0].value[1] // 0' | cut -d. -f1)" -gt "$1" ]
}

# watched_fleet N: with buyers, who have bought for a while.
watched_fleet()
{
    fleet_up "$1"
    load_start --concurrency 32
    wait_until 60 sells 900 || note "nobody buys"
}

# go_on: continue as soon as what is watched has been judged; its exit status is in $code.
may_go_on()
{
    fp continue "$group" --yes
    [ "$code" != 3 ]
}
go_on() { wait_until 90 may_go_on || note "$(cat "$T/err")"; }
