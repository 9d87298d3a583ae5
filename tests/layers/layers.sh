#!/bin/bash
# layers.sh: one way down. Checks that no room includes, links or names what it may not, that no function and
# no file is too long, and that functions with known traps are not called. First it proves on trees with one
# planted fault each that it can fail.
#
#   layers.sh               the test, as TAP
#   layers.sh SRC BUILD     the findings of another tree, one a line
set -u
export LC_ALL=C

# The engine and the monitor stand side by side: neither may know the other.
rooms='base core inventory store net traffic steps engine monitor cli'
# Is `to` in sight of `from`? Rooms see those before them, but monitor and engine stand side by side; so
# does the screen with what is above the store, and only cli sees it.
sight='
function may_see(from, to) {
    if (from == "monitor" && to == "engine") return 0
    if (to == "ui" && from != "ui" && from != "cli") return 0
    return rank[to] <= rank[from]
}
BEGIN {
    n = split(rooms, name, " "); for (i = 1; i <= n; i++) rank[name[i]] = i
    rank["ui"] = rank["store"] + 0.5
}
'
function_lines_max=120
file_lines_max=1500

# what @ pattern of the forbidden name @ where it is at home (-: nowhere) @ where it is looked for
forbidden='
SQL outside the store @ sqlite3_ @ ^src/store/ @ ^(src|ui|tests)/
libssh2 outside net @ (libssh2|LIBSSH2)_ @ ^(src/net|tests/(net|fleet|bench)|bench)/ @ ^(src|ui|tests)/
libcurl outside net @ (curl|CURL)(_|OPT) @ ^src/net/ @ ^(src|ui)/
libyaml outside the inventory @ yaml_ @ ^src/inventory/ @ ^(src|ui)/
curses outside ui/term.c @ (WINDOW|initscr|newterm|newwin)\> @ ^ui/term\.c$ @ ^(src|ui)/
the header of curses in another file @ n?curses\.h @ ^ui/term(info)?\.c$ @ ^(src|ui)/
the clock outside base/clock.c @ (time|clock_gettime|gettimeofday|timespec_get|ftime) *\( @ ^src/base/clock\.c$ @ ^(src|ui)/
random numbers of the C library @ (rand|srand|random|srandom|rand_r|drand48|lrand48) *\( @ - @ ^(src|ui|tests|demo)/
a function that knows no bounds @ (strcpy|strcat|stpcpy|sprintf|vsprintf|gets|alloca) *\( @ - @ ^(src|ui|tests|demo)/
a function that hides its failure or its state @ (atoi|atol|atoll|atof|strtok|localtime|gmtime|ctime|asctime|tmpnam|mktemp) *\( @ - @ ^(src|ui|tests|demo)/
a shell @ (system|popen) *\( @ - @ ^(src|ui|demo)/
a socket in the engine @ (socket|connect|bind|listen|accept|accept4|socketpair|getaddrinfo) *\( @ - @ ^src/(engine|monitor)/
libssh2, libcurl or SQLite in the engine @ (libssh2|curl|sqlite3)\.h @ - @ ^src/(engine|monitor|cli|steps|traffic)/
'

# ---- the source, without what a compiler does not read ------------------------------------------------

# "path:line:code" of each file, comments and the inside of strings blanked. A // comment is kept as
# <line-comment>, which is a finding.
code_of()
{
    awk '
    FNR == 1 { in_comment = 0 }
    {
        line = $0; out = ""; n = length(line); i = 1
        is_include = line ~ /^[ \t]*#[ \t]*include/
        while (i <= n) {
            c = substr(line, i, 1); two = substr(line, i, 2)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; i += 2; out = out " " } else i++
            } else if (two == "/*") {
                in_comment = 1; i += 2
            } else if (two == "//") {
                out = out "<line-comment>"; break
            } else if (!is_include && (c == "\"" || c == "\047")) {
                quote = c; i++
                while (i <= n && substr(line, i, 1) != quote)
                    i += substr(line, i, 1) == "\\" ? 2 : 1
                i++; out = out quote quote
            } else {
                out = out c; i++
            }
        }
        if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
    }' "$@"
}

sources_of()
{
    (cd "$1" && find src ui tests demo bench -name '*.[ch]' ! -path '*/.*' 2>/dev/null | sort)
}

# ---- findings: one line each on stdout ---------------------------------------------------------------

# (a) every #include of a room, and of its tests, names that room or one below.
find_includes()
{
    awk -v rooms="$rooms" "$sight"'
    {
        split($0, part, ":"); path = part[1]
        split(path, dir, "/")
        room = dir[1] == "ui" ? "ui" : dir[2]
        if ((dir[1] != "src" && dir[1] != "tests" && dir[1] != "ui") || !(room in rank)) next
        if (!match($0, /#[ \t]*include[ \t]*"[^"]*"/)) next
        header = substr($0, RSTART, RLENGTH)
        sub(/^[^"]*"/, "", header); sub(/"$/, "", header)
        split(header, to, "/")
        if ((to[1] in rank) && !may_see(room, to[1]))
            print path ":" part[2] ": " room " includes " header
    }' "$1"
}

# (b) an archive may need only symbols of its own and of the archives below; none is defined twice.
find_symbols()
{
    local root=$1 build=$2 work=$3 r lib
    : >"$work/defined"
    : >"$work/wanted"
    for r in $rooms ui; do
        lib=$build/src/$r/lib$r.a
        [ "$r" != ui ] || lib=$build/ui/libui.a
        if [ ! -f "$lib" ]; then
            # A room without a file of code has nothing to link yet.
            ls "$root/src/$r/"*.c >/dev/null 2>&1 && echo "$lib: there is no such archive"
            continue
        fi
        nm -g --defined-only "$lib" 2>/dev/null |
            awk -v r="$r" 'NF == 3 && $2 ~ /[TDBRC]/ { print $3, r }' | sort -u >>"$work/defined"
        nm -gu "$lib" 2>/dev/null |
            awk -v r="$r" '$1 == "U" { print $2, r }' | sort -u >>"$work/wanted"
    done
    awk -v rooms="$rooms" "$sight"'
    $1 ~ /^(__asan|__odr_asan|_GLOBAL_|__ubsan|__tsan)/ { next }
    FILENAME == ARGV[1] {
        if ($1 in home) {
            print "lib" home[$1] ".a and lib" $2 ".a both define " $1
            next
        }
        home[$1] = $2; next
    }
    ($1 in home) && !may_see($2, home[$1]) {
        print "lib" $2 ".a needs " $1 " of lib" home[$1] ".a, which is above or beside it"
    }' "$work/defined" "$work/wanted"
}

# (c) forbidden names.
find_forbidden()
{
    local code=$1 what pattern home where
    printf '%s' "$forbidden" | sed 's/ @ /\t/g' | while IFS=$'\t' read -r what pattern home where; do
        [ -n "$what" ] || continue
        grep -E -- ":.*(^|[^A-Za-z0-9_.>])$pattern" "$code" |
            awk -F: -v home="${home//\\/\\\\}" -v where="$where" -v what="$what" '
            $1 ~ where && (home == "-" || $1 !~ home) {
                path = $1; line = $2
                sub(/^[^:]*:[^:]*:[ \t]*/, "")
                print path ":" line ": " what ": " $0
            }'
    done
    grep -F '<line-comment>' "$code" | awk -F: '{ print $1 ":" $2 ": a comment that begins with //" }'
}

# (d) sizes. A function is what stands between a { and a } in the first column.
find_sizes()
{
    local root=$1
    shift
    (cd "$root" && awk -v f_max="$function_lines_max" -v max="$file_lines_max" '
    FNR == 1 {
        if (path && lines > max && path !~ /_table\.c$/) print path ": " lines " lines, at most " max
        path = FILENAME; begun = 0
    }
    { lines = FNR }
    /^\{/ { begun = FNR }
    /^\}/ && begun {
        if (FNR - begun - 1 > f_max)
            print path ":" begun ": a function of " FNR - begun - 1 " lines, at most " f_max
        begun = 0
    }
    END { if (path && lines > max && path !~ /_table\.c$/) print path ": " lines " lines, at most " max }
    ' "$@")
}

findings()
{
    local root=$1 build=$2 work=$3 list
    list=$(sources_of "$root")
    # shellcheck disable=SC2086 # paths of ours: no blanks
    (cd "$root" && code_of $list) >"$work/code"
    find_includes "$work/code"
    [ "$build" = - ] || find_symbols "$root" "$build" "$work"
    find_forbidden "$work/code"
    # shellcheck disable=SC2086
    find_sizes "$root" $list
}

# ---- the proof that it can fail ------------------------------------------------------------------------

# A tree that is clean: one file and one archive a room.
clean_tree()
{
    local root=$1 r below=
    for r in $rooms; do
        mkdir -p "$root/src/$r"
        [ "$r" != monitor ] || below=steps
        printf '/* clean: says sqlite3_open() and time(NULL) in a comment only. */\n%s\nint %s_thing(void);\nint %s_thing(void)\n{\n    return %s;\n}\n' \
            "${below:+int ${below}_thing(void);}" "$r" "$r" "${below:+${below}_thing()}${below:-0}" |
            sed 's/_thing()[a-z]*;/_thing();/' >"$root/src/$r/$r.c"
        below=$r
    done
}

build_tree()
{
    local root=$1 r
    for r in $rooms; do
        (cd "$root/src/$r" && ${CC:-cc} -c "$r.c" -o "$r.o" && ar rc "lib$r.a" "$r.o") || return 1
    done
}

number=0
result()
{
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
        return
    fi
    echo "not ok $number - $2"
    [ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/#   /'
}

# Plant one fault in a clean tree and see that it, and nothing else, is found.
planted()
{
    local name=$1 file=$2 text=$3 expected=$4 root=$temp/planted found
    rm -rf "$root"
    mkdir -p "$root/$(dirname "$file")" "$temp/work"
    clean_tree "$root"
    printf '%b\n' "$text" >>"$root/$file"
    if [ "${5:-}" = archives ]; then
        build_tree "$root" || { result 1 "planted: $name: it does not compile"; return; }
        found=$(findings "$root" "$root" "$temp/work")
    else
        found=$(findings "$root" - "$temp/work")
    fi
    if [ -z "$expected" ]; then
        [ -z "$found" ]
    else
        case $found in *"$expected"*) [ "$(printf '%s\n' "$found" | wc -l)" = 1 ] ;; *) false ;; esac
    fi
    result $? "planted: $name" "$found"
}

long_function()
{
    printf 'int long_one(void)\\n{\\n'
    for _ in $(seq $((function_lines_max + 1))); do
        printf '    (void)0;\\n'
    done
    printf '}'
}

self_test()
{
    planted 'nothing, and nothing is found' src/base/base.c '' '' archives
    planted 'an include upward' src/core/core.c '#include "store/store.h"' 'core includes store/store.h'
    planted 'an include upward by a test' tests/net/test_x.c '#include "engine/engine.h"' \
        'net includes engine/engine.h'
    planted 'an include sideways' src/monitor/monitor.c '#include "engine/engine.h"' \
        'monitor includes engine/engine.h'
    planted 'a call sideways' src/monitor/monitor.c \
        'int engine_thing(void);\nint side(void);\nint side(void)\n{\n    return engine_thing();\n}' \
        'libmonitor.a needs engine_thing' archives
    planted 'the network in the screen' ui/x.c '#include "net/net.h"' 'ui includes net/net.h'
    planted 'a command in the screen' ui/x.c '#include "cli/cli.h"' 'ui includes cli/cli.h'
    planted 'the screen in the engine' src/engine/engine.c '#include "ui/console.h"' \
        'engine includes ui/console.h'
    planted 'the store in the screen, the screen in a command' ui/x.c '#include "store/view.h"' ''
    planted 'a call upward' src/store/store.c \
        'int engine_thing(void);\nint up(void);\nint up(void)\n{\n    return engine_thing();\n}' \
        'libstore.a needs engine_thing' archives
    planted 'one name in two rooms' src/cli/cli.c \
        'int core_thing(void);\nint core_thing(void)\n{\n    return 1;\n}' 'both define core_thing' archives
    planted 'SQL in the engine' src/engine/engine.c 'int x = sqlite3_step(0);' 'SQL outside the store'
    planted 'libssh2 in a step' src/steps/steps.c 'int x = libssh2_init(0);' 'libssh2 outside net'
    planted 'libcurl in a driver' src/traffic/traffic.c 'int x = curl_easy_init();' 'libcurl outside net'
    planted 'curses in a command' src/cli/cli.c 'WINDOW *w;' 'curses outside ui/term.c'
    planted 'curses in another file of the screen' ui/canvas.c '#include <curses.h>' 'the header of curses'
    planted 'the clock in the core' src/core/core.c 'long x = time(0);' 'the clock outside'
    planted 'the clock behind a blank' src/core/core.c 'long x = time (0);' 'the clock outside'
    planted 'rand' src/net/net.c 'int x = rand();' 'random numbers'
    planted 'sprintf' src/cli/cli.c 'int x = sprintf(p, "x");' 'knows no bounds'
    planted 'strcpy in a test' tests/cli/test_x.c 'char *x = strcpy(a, b);' 'knows no bounds'
    planted 'atoi' src/cli/cli.c 'int x = atoi(p);' 'hides its failure'
    planted 'popen' src/cli/cli.c 'void *x = popen(p, "r");' 'a shell'
    planted 'a socket in the engine' src/engine/engine.c 'int x = socket(1, 2, 3);' 'a socket in the engine'
    planted 'libssh2.h in the engine' src/engine/engine.c '#include <libssh2.h>' 'in the engine'
    planted 'a // comment' src/cli/cli.c 'int x; // no' 'begins with //'
    planted 'a long function' src/cli/cli.c "$(long_function)" 'a function of 121 lines'
    planted 'names in strings and comments' src/cli/cli.c \
        'const char *x = "http://sqlite3_ system(";\n/* popen( rand() */' ''
}

# ---- the test --------------------------------------------------------------------------------------------

temp=$(mktemp -d) || exit 99
trap 'rm -rf "$temp"' EXIT
mkdir -p "$temp/work"

if [ $# = 2 ]; then
    findings "$1" "$2" "$temp/work"
    exit
fi

check()
{
    [ -z "$2" ]
    result $? "$1" "$2"
}

src=${abs_top_srcdir:?} build=${abs_top_builddir:?}
list=$(sources_of "$src")
# shellcheck disable=SC2086
(cd "$src" && code_of $list) >"$temp/work/code"
self_test
check 'no room includes what is above it' "$(find_includes "$temp/work/code")"
check 'no room links what is above it' "$(find_symbols "$src" "$build" "$temp/work")"
check 'no forbidden name' "$(find_forbidden "$temp/work/code")"
# shellcheck disable=SC2086
check 'sizes of functions and files' "$(find_sizes "$src" $list)"
echo "1..$number"
