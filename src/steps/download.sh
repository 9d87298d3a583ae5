# download.sh: brings one release to an instance. Runs in doc_base under the runner, below a head that
# sets OP VERSION SHA URL NAME LIMIT. Trusts nothing that is half there: a release counts only with a
# manifest that names its package and fits every file.
set -u
LC_ALL=C
export LC_ALL
release=releases/$VERSION
work=releases/.incoming-$OP

fail() {
    printf '%s\n' "$*"
    left=$(df -Pk . 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${left:-9999}" -ge 256 ] || printf 'no space left on this instance: %s KiB free (%s)\n' "$left" "$*"
    exit 1
}

# Is $1 a whole release of this package? With SHA empty, of whatever package its manifest names.
is_whole() {
    [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.footplate-manifest" ] || return 1
    read -r line <"$1/.footplate-manifest" || return 1
    [ -z "$SHA" ] || [ "$line" = "# footplate 1 $SHA" ] || return 1
    (cd "$1" && sha256sum --status -c .footplate-manifest) 2>/dev/null
}

# The digest is checked after, so a redirect may lead anywhere on the web.
fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --max-redirs 5 --proto-redir =http,https --connect-timeout 10 --max-time "$LIMIT" \
            -o "$work/package" -- "$URL" 2>"$work/why"
    else
        wget -nv -T "$LIMIT" -O "$work/package" -- "$URL" 2>"$work/why"
    fi
}

# Only plain files, folders and links; nothing absolute, nothing above, no setuid. Where a link leads is
# looked at once it is unpacked: tar itself writes through none that leads up or away.
check_members() {
    tar -tvzf "$work/package" >"$work/list" 2>"$work/why" || fail "not a whole archive: $(head -n 1 "$work/why")"
    tar -tzf "$work/package" >"$work/names" 2>/dev/null || fail "not a whole archive"
    awk '/^\// || /(^|\/)\.\.(\/|$)/ { print; exit }' "$work/names" >"$work/bad"
    [ ! -s "$work/bad" ] || fail "refused: the archive holds $(cat "$work/bad")"
    awk '!/^[-dlh]/ { print "a member that is no file, folder or link: " $0; exit }
         /^-..[sS]/ || /^-.....[sS]/ { print "a setuid or setgid file: " $0; exit }
         /^l/ && / -> \// { print "a link that points outside: " $0; exit }
         /^h/ && (/ link to \// || / link to (.*\/)?\.\.(\/|$)/) { print "a link that points outside: " $0; exit }' \
        "$work/list" >"$work/bad"
    [ ! -s "$work/bad" ] || fail "refused: $(cat "$work/bad")"
}

# A link may lead up, but not out of the release.
check_links() {
    top=$(readlink -f "$root")
    # shellcheck disable=SC2016
    find "$root" -type l -exec sh -c '
        top=$1
        shift
        for link; do
            case $(readlink -m "$link") in
            "$top" | "$top"/*) ;;
            *) printf "%s -> %s\n" "${link#"$0"/}" "$(readlink "$link")" ;;
            esac
        done' "$root" "$top" {} + >"$work/bad" || fail "cannot look at the links of the archive"
    [ ! -s "$work/bad" ] || fail "refused: a link that points outside: $(head -n 1 "$work/bad")"
}

mkdir -p releases || fail "cannot make $PWD/releases"
if [ -e "$release" ] || [ -L "$release" ]; then
    if is_whole "$release"; then
        echo "$NAME $VERSION is there and fits its manifest"
        exit 0
    fi
    [ ! current -ef "$release" ] ||
        fail "$release does not fit its manifest, and current names it: not touched"
    echo "$release does not fit its manifest: moved aside"
    mv -T "$release" "releases/.bad-$VERSION-$OP" || fail "cannot move $release aside"
fi
[ -n "$URL" ] || fail "$NAME $VERSION is not cached here and there is no URL to bring it from"
[ -n "$SHA" ] || fail "$NAME $VERSION is not cached here and its SHA-256 is not known"
rm -rf releases/.incoming-*
trap 'rm -rf "$work"' EXIT
mkdir "$work" || fail "cannot make $PWD/$work"
fetch || fail "cannot bring $URL: $(tail -n 1 "$work/why")"
seen=$(sha256sum <"$work/package")
seen=${seen%% *}
[ "$seen" = "$SHA" ] || fail "wrong SHA-256 of $URL: expected $SHA, got $seen"
check_members
mkdir "$work/out" || fail "cannot make $PWD/$work/out"
tar -xzf "$work/package" -C "$work/out" --no-same-owner 2>"$work/why" || fail "cannot unpack: $(head -n 1 "$work/why")"
root=$work/out
if [ "$(ls -A "$root")" = "$NAME-$VERSION" ] && [ -d "$root/$NAME-$VERSION" ] && [ ! -L "$root/$NAME-$VERSION" ]; then
    root=$root/$NAME-$VERSION
fi
check_links
rm -rf "$root/.footplate-manifest"
chmod -R u+rwX,go+rX "$root"
(cd "$root" && find . -type f ! -path ./.footplate-manifest -exec sha256sum {} +) >"$work/sums" ||
    fail "cannot sum the unpacked files"
[ -s "$work/sums" ] || fail "the archive of $NAME $VERSION holds no file"
{ printf '# footplate 1 %s\n' "$SHA" && cat "$work/sums"; } >"$root/.footplate-manifest" ||
    fail "cannot write the manifest"
chmod 644 "$root/.footplate-manifest"
sync "$root/.footplate-manifest" 2>/dev/null
mv -T "$root" "$release" || fail "cannot move the release to $release"
echo "$NAME $VERSION brought and checked: $SHA"
