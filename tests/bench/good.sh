#!/bin/bash
# good.sh [N]: N good releases (default 20) of the demo's fleet, each by itself and watched to the end (GOOD_WATCH,
# 60s), with every layer on: says what was found, where nothing should be, and ends with 1 then. About two and a half
# minutes a release. By hand:
# abs_top_srcdir=... abs_top_builddir=... bash tests/bench/good.sh
set -euo pipefail
n=${1:-20}
footplate=${FOOTPLATE:-${abs_top_builddir:?}/footplate}
fleet=${abs_top_srcdir:?}/demo/fleet
dir=$(mktemp -d /tmp/fpgood.XXXXXX)
export FLEET_BIN=$abs_top_builddir/demo FLEET_MONITORS=yes FLEET_PROMETHEUS=yes FLEET_WATCH=${GOOD_WATCH:-60s}
export NO_PROXY='*' no_proxy='*'
command -v prometheus >/dev/null || { echo "prometheus is not installed" >&2; exit 1; }

finish() { bash "$fleet" down "$dir" >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap finish EXIT
trap 'exit 1' HUP INT TERM

fp() { timeout 300 "$footplate" -c "$dir/config" "$@" </dev/null; }
field() { fp status shop-web --json 2>/dev/null | jq -r ".[0] | $1"; }

bash "$fleet" up "$dir" 10
bash "$abs_top_srcdir/demo/mkpackages" "$FLEET_BIN/shop" "$dir/packages" --good "$n"
bash "$fleet" load "$dir"
# shellcheck source=/dev/null
. "$dir/env"
# The figures of Prometheus begin with none.
sells()
{
    [ "$(curl -s --max-time 5 -G "$PROM_URL/api/v1/query" --data-urlencode 'query=sum(rate(orders_total[5s])) * 60' |
        jq -r '.data.result[0].value[1] // 0' | cut -d. -f1)" -gt 0 ]
}
for ((k = 0; k < 120; k++)); do sells && break; sleep 0.5; done
sells || { echo "nobody buys within a minute" >&2; exit 1; }
held=0 found=0
for ((i = 1; i <= n; i++)); do
    status=0
    fp start shop-web "1.8.$i" --auto --yes >"$dir/out" 2>&1 || status=$?
    if [ "$status" != 0 ]; then
        held=$((held + 1))
        echo "1.8.$i: ended with $status: $(field '.deployment.brake_text // .deployment.waiting // ""')"
        while [ "$(field .deployment.result)" != success ] && [ "$held" -lt 100 ]; do
            fp continue shop-web --yes --why "a good version" >"$dir/out" 2>&1 || true
            held=$((held + 1))
        done
    fi
    for ((k = 0; k < 1800; k++)); do
        [ "$(field '.watch != null')" = true ] || break
        sleep 1
    done
    anomalies=$(field '[.anomalies[] | "\(.layer): \(.text)"] | join("; ")')
    [ -z "$anomalies" ] || { found=$((found + 1)); echo "1.8.$i: $anomalies"; }
    echo "1.8.$i done after $SECONDS s"
done
echo "$n good releases: $found with an anomaly, $held held up"
jq -c '{requests, failed, orders}' "$dir/load.json"
[ "$found" = 0 ]
