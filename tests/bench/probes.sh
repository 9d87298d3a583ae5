#!/bin/bash
# probes.sh: what probes of web servers cost and how late they are: ours, a bare loop of libcurl and the blackbox
# exporter of Prometheus on the same URLs, one behind the other. Figures, no timed test: compare what one run says.
# BENCH_URLS (1000) of them, BENCH_SECONDS (10) each.
set -euo pipefail
probes=${abs_top_builddir:-.}/tests/bench/probes
urls=${BENCH_URLS:-1000}
seconds=${BENCH_SECONDS:-10}
dir=$(mktemp -d "${TMPDIR:-/tmp}/fpprobes.XXXXXX")
exporter=

finish()
{
    [ -z "$exporter" ] || kill "$exporter" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT

free_port()
{
    local p=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do p=$((p + 1)); done
    echo "$p"
}

printf '%d URLs on the loopback; cpu is of what sends, not of who answers\n' "$urls"
printf '%-22s %8s %6s %10s %12s %8s %8s %8s %8s\n' 'as many as go' probes failed 'probes/s' 'cpu ms/1000' 'core %' \
    'late p50' 'p99' 'max ms'
"$probes" flood bare "$urls" "$seconds"
"$probes" flood ours "$urls" "$seconds"
blackbox=$(command -v prometheus-blackbox-exporter || command -v blackbox_exporter || true)
if [ -n "$blackbox" ]; then
    port=$(free_port 29115)
    cat >"$dir/blackbox.yml" <<'E'
modules:
  http_2xx:
    prober: http
    timeout: 10s
    http: {preferred_ip_protocol: ip4, no_follow_redirects: true}
E
    "$blackbox" --config.file="$dir/blackbox.yml" --web.listen-address="127.0.0.1:$port" --log.level=error \
        >"$dir/blackbox.log" 2>&1 &
    exporter=$!
    for ((i = 0; i < 200; i++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.05
    done
    "$probes" flood "http://127.0.0.1:$port/probe?module=http_2xx&target=" "$urls" "$seconds" "$exporter"
    kill "$exporter"
    exporter=
else
    echo 'blackbox exporter: not installed'
fi
printf 'each once a second\n'
"$probes" paced bare "$urls" "$seconds"
"$probes" paced ours "$urls" "$seconds"
"$probes" paced monitor "$urls" "$((seconds + 2))" "$dir"
