#!/bin/bash
# test_scripts.sh: download.sh and install.sh on their own, under every shell that may be an instance's sh.
. "${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/steps/lib.sh"

# A fresh doc_base, in whose path there is what a shell may stumble over; sets base, and what a head sets.
fresh() {
    base=$(mktemp -d "$tmp/it's \$a base.XXXXXX")
    cd "$base" || exit 1
    OP=0011 VERSION=1.1.0 NAME=shop LIMIT=10 SHA='' URL='' STOP='' START='' KEEP=5 KEEP_VERSION=''
    FOOTPLATE_HOST=127.0.0.1 FOOTPLATE_PORT=1
}

# run SCRIPT: under a head of variables, as the steps make it; sets said, status.
run() {
    local name
    {
        for name in OP VERSION NAME LIMIT SHA URL STOP START KEEP KEEP_VERSION FOOTPLATE_HOST FOOTPLATE_PORT; do
            printf "%s='%s'\n" $name "$(printf %s "${!name}" | sed "s/'/'\\\\''/g")"
        done
        echo 'export FOOTPLATE_HOST FOOTPLATE_PORT'
        cat "$src/$1"
    } >"$tmp/head.sh"
    said=$(umask 022; sh "$tmp/head.sh" 2>&1 </dev/null)
    status=$?
}

last() { tail -n 1 <<<"$said"; }
tree() { (cd "$1" && find . ! -name .footplate-manifest | LC_ALL=C sort | tr '\n' ' '); }

# pack FOLDER [TAR-ARGUMENT...]: the package of what is in FOLDER; sets URL and SHA.
pack() {
    local from=$1
    shift
    [ $# -gt 0 ] || set -- .
    tar -C "$from" -czf "$tmp/package.tar.gz" "$@" 2>/dev/null
    given
}

given() {
    URL=file://$tmp/package.tar.gz
    SHA=$(sha256sum <"$tmp/package.tar.gz" | cut -d' ' -f1)
}

# A release of shop $1 in $tmp/in, with a top folder.
source_of() {
    rm -rf "$tmp/in"
    mkdir -p "$tmp/in/shop-$1/bin"
    echo "run $1" >"$tmp/in/shop-$1/bin/shop"
    chmod 755 "$tmp/in/shop-$1/bin/shop"
    echo 'a "file"' >"$tmp/in/shop-$1/it's a \\file"
    ln -s bin/shop "$tmp/in/shop-$1/start"
    ln -s ../start "$tmp/in/shop-$1/bin/back"
}

# A release that was brought before.
brought() {
    VERSION=$1
    source_of "$1"
    pack "$tmp/in"
    run download.sh
}

test_brings() {
    fresh
    source_of 1.1.0
    pack "$tmp/in" shop-1.1.0
    run download.sh
    is "$sh: a package is brought" "$status $(last)" "0 shop 1.1.0 brought and checked: $SHA"
    is "$sh: its one top folder is stripped" "$(tree releases/1.1.0)" \
        ". ./bin ./bin/back ./bin/shop ./it's a \\file ./start "
    is "$sh: the manifest names the package" "$(head -n 1 releases/1.1.0/.footplate-manifest)" "# footplate 1 $SHA"
    is "$sh: others may read it" "$(stat -c %a releases releases/1.1.0 releases/1.1.0/bin/shop | tr '\n' ' ')" \
        "755 755 755 "
    is "$sh: nothing else is left" "$(ls -A releases)" 1.1.0
    URL=file:///nowhere
    run download.sh
    is "$sh: what is there is used again" "$status $said" "0 shop 1.1.0 is there and fits its manifest"
    SHA='' URL=''
    run download.sh
    is "$sh: also where no package is known" "$status" 0
    fresh
    source_of 1.1.0
    pack "$tmp/in/shop-1.1.0"
    run download.sh
    is "$sh: without a top folder too" "$status $(tree releases/1.1.0)" \
        "0 . ./bin ./bin/back ./bin/shop ./it's a \\file ./start "
    fresh
    mkdir -p "$tmp/in/other"
    echo x >"$tmp/in/other/x"
    pack "$tmp/in" other
    run download.sh
    is "$sh: another top folder is not stripped" "$(tree releases/1.1.0)" ". ./other ./other/x "
}

# refused NAME PATTERN: the download fails with those last words and leaves no release behind.
refused() {
    run download.sh
    like "$sh: $1" "$status $(last)" "1 $2"
    is "$sh: $1: nothing is left" "$(ls -A releases)" ""
}

test_refuses() {
    local good
    fresh
    refused "no URL" "shop 1.1.0 is not cached here and there is no URL*"
    URL=file:///nowhere
    refused "no digest" "shop 1.1.0 is not cached here and its SHA-256 is not known"
    SHA=00
    refused "what cannot be brought" "cannot bring file:///nowhere: curl: *"
    source_of 1.1.0
    pack "$tmp/in"
    good=$SHA SHA=${SHA//[0-9]/0}
    refused "a wrong digest names both" "wrong SHA-256 of $URL: expected $SHA, got $good"
    head -c 200 "$tmp/package.tar.gz" >"$tmp/cut"
    mv "$tmp/cut" "$tmp/package.tar.gz"
    given
    refused "half an archive" "not a whole archive: *"
    echo 'no archive' >"$tmp/package.tar.gz"
    given
    refused "no archive" "not a whole archive: *"
    rm -rf "$tmp/in" && mkdir "$tmp/in"
    pack "$tmp/in"
    refused "an archive without a file" "the archive of shop 1.1.0 holds no file"
}

test_hostile() {
    fresh
    rm -rf "$tmp/in" && mkdir -p "$tmp/in/a"
    echo x >"$tmp/in/x"
    pack "$tmp/in" -P --transform 's,^x,/tmp/footplate-was-here,' x
    refused "an absolute name" "refused: the archive holds /tmp/footplate-was-here"
    pack "$tmp/in" -P --transform 's,^x,a/../../x,' a x
    refused "a name that leads up" "refused: the archive holds a/../../x"
    ln -s /etc/passwd "$tmp/in/link"
    pack "$tmp/in"
    refused "an absolute link" "refused: a link that points outside: * -> /etc/passwd"
    ln -sf ../../out "$tmp/in/link"
    pack "$tmp/in"
    refused "a link out of the release" "refused: a link that points outside: link -> ../../out"
    mkdir "$tmp/in/shop-1.1.0"
    mv "$tmp/in/x" "$tmp/in/shop-1.1.0/x"
    rm -r "$tmp/in/link" "$tmp/in/a"
    ln -s ../x "$tmp/in/shop-1.1.0/link"
    pack "$tmp/in" shop-1.1.0
    refused "a link out of the folder that is stripped" "refused: a link that points outside: link -> ../x"
    ln -sf . "$tmp/in/shop-1.1.0/here"
    ln -sf here/../x "$tmp/in/shop-1.1.0/link"
    pack "$tmp/in" shop-1.1.0
    refused "a link that leads out by another" "refused: a link that points outside: link -> here/../x"
    rm "$tmp/in/shop-1.1.0/"[lh]*
    chmod 4755 "$tmp/in/shop-1.1.0/x"
    pack "$tmp/in"
    refused "a setuid file" "refused: a setuid or setgid file: *"
    chmod 2755 "$tmp/in/shop-1.1.0/x"
    pack "$tmp/in"
    refused "a setgid file" "refused: a setuid or setgid file: *"
    chmod 755 "$tmp/in/shop-1.1.0/x"
    mkfifo "$tmp/in/shop-1.1.0/fifo"
    pack "$tmp/in"
    refused "a fifo" "refused: a member that is no file, folder or link: *"
    holds "$sh: nothing was written elsewhere" test ! -e /tmp/footplate-was-here
}

test_cached() {
    fresh
    brought 1.1.0
    echo changed >releases/1.1.0/bin/shop
    run download.sh
    is "$sh: what does not fit its manifest is brought anew" "$status $(cat releases/1.1.0/bin/shop)" "0 run 1.1.0"
    is "$sh: and the other one moved aside" "$(cat releases/.bad-1.1.0-0011/bin/shop)" changed
    echo changed >releases/1.1.0/bin/shop
    ln -s "$base/releases/1.1.0/" current
    run download.sh
    like "$sh: never the one that current names" "$status $(last)" "1 *current names it: not touched"
    is "$sh: it is as it was" "$(cat releases/1.1.0/bin/shop)" changed
    fresh
    brought 1.1.0
    SHA=${SHA//[0-9]/0}
    run download.sh
    like "$sh: the same version of another package is not it" "$said" "*moved aside*wrong SHA-256*"
    fresh
    brought 1.1.0
    rm "releases/1.1.0/bin/shop"
    run download.sh
    is "$sh: a file that is missing is seen" "$status $(cat releases/1.1.0/bin/shop)" "0 run 1.1.0"
    fresh
    mkdir -p elsewhere releases
    ln -s ../elsewhere releases/1.1.0
    source_of 1.1.0
    pack "$tmp/in"
    run download.sh
    is "$sh: a link in its place is moved aside" "$status $(test -L releases/1.1.0 || echo folder)" "0 folder"
}

test_install() {
    fresh
    brought 1.0.0
    STOP='echo stopped >>did' START='echo "started $FOOTPLATE_HOST in $PWD" >>did'
    run install.sh
    is "$sh: the first release: linked and started, nothing stopped" \
        "$status $(readlink current) $(cat did)" "0 releases/1.0.0 started 127.0.0.1 in $base"
    brought 1.1.0
    STOP="echo it\\'s \"\$(readlink current)\" >>did"
    run install.sh
    is "$sh: the next: stopped, linked, started" "$status $(readlink current) $(sed -n 2p did) $(wc -l <did)" \
        "0 releases/1.1.0 it's releases/1.0.0 3"
    run install.sh
    is "$sh: again is stop, link, start" "$status $(wc -l <did)" "0 5"
    VERSION=1.2.0
    run install.sh
    is "$sh: without the release nothing is done" "$status $(last) $(wc -l <did)" "1 releases/1.2.0 is not there 5"
    VERSION=1.0.0 START='exit 3'
    run install.sh
    is "$sh: a start that fails is said" "$status $(last)" "1 start ended with status 3"
    is "$sh: current is where it was to be" "$(readlink current)" releases/1.0.0
    is "$sh: nothing is left over" "$(ls -A)" "$(printf '%s\n' current did releases)"
    fresh
    brought 1.0.0
    mkdir current
    STOP='echo stopped >>did'
    run install.sh
    is "$sh: a current that is no link is not touched" "$status $(last) $(ls -d did 2>/dev/null)" \
        "1 current is there and is no link: not touched "
}

# Who looks at current all the time never misses it.
test_never_absent() {
    local i watcher
    fresh
    brought 1.0.0
    run install.sh
    brought 1.1.0
    (
        while [ ! -e halt ]; do
            cat current/bin/shop >/dev/null 2>&1 || echo missing >>missed
            [ -e watching ] || : >watching
        done
    ) &
    watcher=$!
    pids+=("$watcher")
    within 60 test -e watching
    for i in 1 2 3 4 5 6; do
        VERSION=1.$((i % 2)).0
        run install.sh
    done
    : >halt
    wait $watcher
    is "$sh: current is never absent" "$status $(cat missed 2>/dev/null | wc -l)" "0 0"
}

test_stop_fails() {
    fresh
    brought 1.0.0
    run install.sh
    brought 1.1.0
    STOP='exit 5'
    run install.sh
    like "$sh: a stop that fails, the port is closed: a warning" "$status $said" \
        "0 *warning: stop ended with status 5, but port 1 no longer accepts*"
    brought 1.0.0
    bash -c 'exec -a footplate-listener perl -MIO::Socket::INET -e '\''
        my $s = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1") or die;
        open my $f, ">", "port.new"; print $f $s->sockport; close $f; rename "port.new", "port";
        while (my $c = $s->accept) { print $c "HTTP/1.0 200 OK\r\n\r\n"; close $c }'\''' &
    pids+=($!)
    if ! within 60 test -s port; then
        skip "$sh: a stop that fails, the port is open" "no perl to listen with"
        return
    fi
    FOOTPLATE_PORT=$(cat port)
    run install.sh
    is "$sh: a stop that fails, the port is open: a failure" "$status $(last) $(readlink current)" \
        "1 stop ended with status 5 and port $FOOTPLATE_PORT still accepts releases/1.1.0"
    kill "${pids[-1]}"
    wait "${pids[-1]}" 2>/dev/null
}

test_old_ones() {
    local v
    fresh
    for v in 0.1 0.2 0.3 0.4 0.5 0.6; do
        brought $v
        touch -d "2001-01-01 + ${v#0.} days" releases/$v
    done
    mkdir -p "releases/by hand" releases/.bad-1-2
    ln -s releases/0.2 current
    KEEP=3 KEEP_VERSION=0.1
    run install.sh
    is "$sh: old releases are removed: not ours, not the one just left, not the candidate, not by hand" \
        "$status $(ls -A releases | tr '\n' ' ')" "0 0.1 0.2 0.4 0.5 0.6 by hand "
    is "$sh: and named" "$(grep -c '^old release 0.3 removed' <<<"$said")" 1
}

for sh in dash bash; do
    if ! use_shell $sh; then
        skip "$sh" "not installed"
        continue
    fi
    for t in brings refuses hostile cached install never_absent stop_fails old_ones; do
        test_$t
    done
done
cd /
echo "1..$count"
