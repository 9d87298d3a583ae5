#!/bin/bash
# release.sh [N [RUNS]]: a five-step release of N instances (default 100) on one loopback sshd with the
# smallest real commands, beside the floor (floor.c) that sends the same commands on one session an instance.
# Prints wall time, processor time and memory of both, and their ratios. These machines are shared: compare
# ratios taken in one run. Uses FOOTPLATE, FLOOR and SHOP (the package server) of the build.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
n=${1:-100}
runs=${2:-3}
top=${abs_top_builddir:-.}
footplate=${FOOTPLATE:-$top/footplate}
floor=${FLOOR:-$top/tests/bench/floor}
shop=${SHOP:-$top/demo/shop}
dir=$(mktemp -d "${TMPDIR:-/tmp}/fpbench.XXXXXX")
pids=()

finish()
{
    "$footplate" -c "$dir/config" interrupt g >/dev/null 2>&1 || true
    engine=$(awk '/^pid/ { print $2; exit }' "$dir/store/engine.lock" 2>/dev/null || true)
    for p in "${pids[@]}" $engine; do kill "$p" 2>/dev/null || true; done
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

ssh_port=$(free_port 24022)
http_port=$(free_port 24080)
mkdir -p "$dir/home" "$dir/packages/app" "$dir/config/groups.d" "$dir/srv"
chmod 700 "$dir" "$dir/config" "$dir/config/groups.d"
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/id"
cp "$dir/id.pub" "$dir/authorized_keys"
for ((i = 1; i <= n; i++)); do echo "127.0.$((1 + i / 250)).$((1 + i % 250))"; done >"$dir/hosts"
umask 022 # a known_hosts that others may write is refused
awk -v p="$ssh_port" 'NR == FNR { k = $1 " " $2; next } { print "[" $1 "]:" p " " k }' "$dir/host.pub" "$dir/hosts" >"$dir/known_hosts"
cat >"$dir/sshd_config" <<E
AddressFamily inet
ListenAddress 0.0.0.0:$ssh_port rdomain lo
HostKey $dir/host
PidFile none
AuthorizedKeysFile $dir/authorized_keys
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 4000:30:4000
LogLevel ERROR
SetEnv HOME=$dir/home
E
cat >"$dir/ssh_config" <<E
Host *
  User $(id -un)
  Port $ssh_port
  IdentityFile $dir/id
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $dir/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
E
echo ok >"$dir/packages/health"
for v in $(seq "$runs"); do
    echo "$v" >"$dir/packages/app/version"
    tar -czf "$dir/packages/shop-$v.tar.gz" -C "$dir/packages/app" version
done
(cd "$dir/packages" && sha256sum shop-*.tar.gz >SHA256SUMS)
{
    cat <<E
group: g
doc_base: $dir/srv/%h
port: $http_port
health_check_url: "http://127.0.0.1:$http_port/health"
watch: 0s
instances:
E
    awk '{ print "  - host: " $1 }' "$dir/hosts"
    cat <<E
ssh: {config: $dir/ssh_config}
package: {name: shop, source: $dir/packages, url: "http://127.0.0.1:$http_port/shop-%v.tar.gz", prestage_parallel: 64}
commands: {stop: ":", start: ":"}
verify: {successes: 1, interval: 100ms}
deployment: {max_out: 100%, batch_interval: 0s}
E
} >"$dir/config/groups.d/g.yaml"
echo "{store: $dir/store, connections: $((n + 8)), handshakes_per_server: 64}" >"$dir/config/footplate.yaml"
chmod 600 "$dir/config/footplate.yaml" "$dir/config/groups.d/g.yaml"
"$(command -v sshd)" -D -f "$dir/sshd_config" -E "$dir/sshd.log" &
pids+=($!)
"$shop" --serve "$dir/packages" --port "$http_port" >"$dir/http.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 200; i++)); do
    ssh -F "$dir/ssh_config" "$(head -n 1 "$dir/hosts")" true 2>/dev/null && break
    sleep 0.05
done

ticks=$(getconf CLK_TCK)
printf '%d instances, %d runs; floor: one libssh2 session an instance, the same commands\n' "$n" "$runs"
printf '%-4s %28s %28s %24s\n' run 'wall s  floor  ours  ratio' 'cpu s  floor  ours  ratio' 'MiB  floor  ours'
for v in $(seq "$runs"); do
    sha=$(awk -v f="shop-$v.tar.gz" '$2 == f { print $1 }' "$dir/packages/SHA256SUMS")
    rm -rf "$dir/floor"
    mkdir "$dir/floor"
    "$floor" "$dir/hosts" "$ssh_port" "$(id -un)" "$dir/id" "$dir/floor/%s" "$v" "$sha" \
        "http://127.0.0.1:$http_port/shop-$v.tar.gz" 64 >"$dir/floor.json"
    begun=$(date +%s.%N)
    "$footplate" -c "$dir/config" start g "$v" --auto --yes >"$dir/start.log" 2>&1 || {
        tail -n 5 "$dir/start.log"
        exit 1
    }
    wall=$(awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { print b - a }')
    engine=$(awk '/^pid/ { print $2; exit }' "$dir/store/engine.lock")
    cpu=$(awk -v t="$ticks" '{ sub(/.*\) /, ""); print ($12 + $13 + $14 + $15) / t }' "/proc/$engine/stat")
    rss=$(awk '/VmHWM/ { print $2 / 1024 }' "/proc/$engine/status")
    kill "$engine"
    while kill -0 "$engine" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$engine/status"; do sleep 0.05; done
    jq -r '"\(.wall_s) \(.cpu_s) \(.rss_mib)"' "$dir/floor.json" | awk -v v="$v" -v w="$wall" -v c="$cpu" -v m="$rss" \
        '{ printf "%-4s %14.2f %6.2f %6.2f %14.2f %6.2f %6.2f %14.1f %6.1f\n", v, $1, w, w / $1, $2, c, c / $2, $3, m }'
done
