#!/bin/bash
# manual.sh: footplate(1) and the table of the commands say the same, and the page is well formed.
set -u
export LC_ALL=C.UTF-8
program=${abs_top_builddir:?run me by make check}/tests/cli/footplate-scripted
page=${abs_top_srcdir:?}/doc/footplate.1
T=$(mktemp -d) || exit 99
trap 'rm -rf "$T"' EXIT

number=0
# result STATUS WHAT [WHY]
result()
{
    number=$((number + 1))
    [ "$1" = 0 ] && echo "ok $number - $2" || echo "not ok $number - $2"
    [ "$1" = 0 ] || [ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/#   /'
}

# The lines of the manual that speak of one command: every item of the outer list that begins with it.
section() { awk -v c="$1" '/^\.It Ic / { on = $3 == c } /^\.Sh / { on = 0 } on' "$page"; }
commands() { "$program" help | awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print $1 }'; }
options() { "$program" help "$1" | grep -o -- '--[a-z][a-z-]*' | sort -u; }

commands >"$T/table"
awk '/^\.Sh COMMANDS/ { on = 1 } /^\.Sh JSON/ { on = 0 } on && /^\.It Ic / { print $3 }' "$page" | sort -u >"$T/page"
[ "$(wc -l <"$T/table")" -ge 16 ]
result $? 'help lists the commands'
why=$(diff <(sort "$T/table") "$T/page")
result $? 'the manual has the commands of the table, and no others' "$why"

while read -r command; do
    section "$command" >"$T/section"
    missing=
    for option in $(options "$command"); do
        grep -q -- "Fl \([a-zA-Z] , \)\?-${option#--}\>" "$T/section" || missing="$missing $option"
    done
    [ -z "$missing" ]
    result $? "the manual has the options of $command" "missing:$missing"
    unknown=
    for option in $(grep -o -- 'Fl \([a-zA-Z] , \)\?-[a-z][a-z-]*' "$T/section" | sed 's/.*-\([a-z][a-z-]*\)$/\1/; s/.* -//' | sort -u); do
        options "$command" | grep -q -- "^--.*$option$" || unknown="$unknown $option"
    done
    [ -z "$unknown" ]
    result $? "and no others" "unknown:$unknown"
done <"$T/table"

missing=
for option in $("$program" help | awk '/^options of all:/ { on = 1 } on' | grep -o -- '--[a-z]*' | sort -u); do
    awk '/^\.Sh OPTIONS/ { on = 1 } /^\.Sh COMMANDS/ { on = 0 } on' "$page" |
        grep -q -- "-${option#--}\>" || missing="$missing $option"
done
[ -z "$missing" ]
result $? 'the manual has the options of all' "missing:$missing"

# The table of the console's keys, made from the one list: keys, name and sentence of each.
"$program" help keys >"$T/keys"
awk 'NR > 1 {
    split(substr($0, 1, 15), key, " "); keys = ""
    for (i = 1; i in key; i++)
        keys = keys " " (key[i] ~ /^[][!?().,:;]$/ ? "\\&" : "") key[i]
    rest = substr($0, 18); split(rest, word, " ")
    sentence = substr(rest, 36)
    print ".It Li" keys " Pq Cm " word[1]; print sentence "."
}' "$T/keys" >"$T/keys.table"
awk '/^\.Sh THE CONSOLE/ { on = 1 } /^\.Sh JSON/ { on = 0 } on && /^\.It Li/ { print; getline; print }' "$page" >"$T/keys.page"
[ "$(wc -l <"$T/keys.table")" -ge 60 ]
result $? 'help keys lists the keys'
why=$(diff "$T/keys.table" "$T/keys.page")
result $? 'the manual has the keys of the list' "$why"

if command -v mandoc >/dev/null; then
    # Whether other pages are installed on this machine is no fault of this one.
    why=$(mandoc -Tlint "$page" 2>&1 | grep -v -e 'referenced manual not found' -e 'outdated mandoc.db')
    [ -z "$why" ]
    result $? 'mandoc finds nothing' "$why"
else
    number=$((number + 1))
    echo "ok $number - mandoc finds nothing # SKIP no mandoc"
fi
echo "1..$number"
