# install.sh: stop, move `current` in one rename, start. Runs in doc_base under the runner, below a head
# that sets OP VERSION NAME STOP START KEEP KEEP_VERSION and exports FOOTPLATE_*. Doing it again is safe:
# stop, link, start. What can fail without a cause in the service is done before it is stopped.
set -u
release=releases/$VERSION

fail() {
    printf '%s\n' "$*"
    exit 1
}

# Does the port still accept? Without a client that can tell: yes, to be on the safe side.
accepts() {
    if command -v curl >/dev/null 2>&1; then
        curl -s -o /dev/null --noproxy '*' --max-time 3 "http://$FOOTPLATE_HOST:$FOOTPLATE_PORT/"
        [ $? -ne 7 ]
        return
    fi
    wget -q -T 3 -t 1 --no-proxy -O /dev/null "http://$FOOTPLATE_HOST:$FOOTPLATE_PORT/"
    [ $? -ne 4 ]
}

# Old releases that footplate has brought, the newest kept; nobody else's folders.
remove_old() {
    count=0
    ls -1t releases | while IFS= read -r r; do
        case $r in
        "$VERSION" | "$KEEP_VERSION" | "${old##*/}") continue ;;
        esac
        [ -f "releases/$r/.footplate-manifest" ] && [ ! -L "releases/$r" ] || continue
        count=$((count + 1))
        [ $count -ge "$KEEP" ] || continue
        rm -rf "releases/$r" && echo "old release $r removed"
    done
    rm -rf releases/.bad-*
}

[ -d "$release" ] && [ ! -L "$release" ] || fail "$release is not there"
[ ! -e current ] || [ -L current ] || fail "current is there and is no link: not touched"
rm -rf .current-*
ln -s "$release" ".current-$OP" || fail "cannot make a link in $PWD: nothing was changed"
old=$(readlink current 2>/dev/null) || old=
old=${old%/}
if [ -n "$old" ] && [ -n "$STOP" ]; then
    echo "stop: $STOP"
    sh -c "$STOP"
    status=$?
    if [ $status -ne 0 ]; then
        ! accepts || fail "stop ended with status $status and port $FOOTPLATE_PORT still accepts"
        echo "warning: stop ended with status $status, but port $FOOTPLATE_PORT no longer accepts"
    fi
fi
mv -T ".current-$OP" current || fail "cannot move current to $release"
echo "current is $release"
if [ -n "$START" ]; then
    echo "start: $START"
    sh -c "$START"
    status=$?
    [ $status -eq 0 ] || fail "start ended with status $status"
fi
remove_old
exit 0
