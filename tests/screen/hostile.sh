#!/bin/bash
# What a hostile server says (FAULTS F42) reaches the terminal as printable cells alone: log lines of a real step,
# and a store whose names, versions, errors and events are of that kind. The pty's bytes are read by a strict VT
# state machine, which complains about everything that a console has no business to send.
. "${abs_top_srcdir:?}/tests/screen/small.sh"

# tour NAME: every pane, zoomed, opened, filtered, in several themes
tour()
{
    local pane
    for pane in 1 2 3 4 5 6; do
        order "$1" type 60 "$pane"
        order "$1" type 60 zjjkGg
        order "$1" send '\r'
        order "$1" watch 0.2
        order "$1" type 30 'jjjj'
        order "$1" send '\e'
        order "$1" watch 0.3
        order "$1" type 60 z
    done
    order "$1" type 60 '3/evil|over|bad|bidi'
    order "$1" send '\r'
    order "$1" watch 0.3
    order "$1" type 60 'yyec'
    order "$1" send '\e'
    order "$1" watch 0.3
}

# clean DESCRIPTION NAME: the parser's word, and no byte string that only the other side has sent
clean()
{
    is "$1: the state machine has no complaint" "$(tell "$2" complaint)" ""
    like "$1: the screen is still ours" "$(tell "$2" state)" "alternate 1 .* paste 1"
    # U+0080..9F, bidi controls, tags, private use, the BOM, and whatever is no UTF-8.
    if ! iconv -f UTF-8 -t UTF-8 "$T/$2.raw" >/dev/null 2>&1; then
        fail "$1: the bytes are UTF-8"
    else
        pass "$1: the bytes are UTF-8"
    fi
    is "$1: no invisible, turning or unassigned character" \
        "$(LC_ALL=C grep -acP '\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xf3\xa0|\xee\x80\x80|\xf4\x8f' "$T/$2.raw")" 0
    # \x1b of theirs, not the sign that stands for it.
    is "$1: no title, clipboard, link or colour of theirs" \
        "$(LC_ALL=C grep -acP '\x1b(\]0;|\]8;|\]52;c;cm0g|\[31mcleared|\[6n|\[c|c|P|_|X|\^)' "$T/$2.raw")" 0
}

# ---- a real step that says it -----------------------------------------------------------------------------------

small_start="cat $T/hostile"
printf '%b\n' 'plain' '\033[2J\033[H\033[31mcleared and red' '\033]0;title of mine\007\033]52;c;cm0gLXJmCg==\007' \
    '\033]8;;http://evil.example\033\\link\033]8;;\033\\' '\0233\0235 \0302\02332J \033P1$r\033\\' \
    'over\rwritten\b\b\b\a\013\014\016\017' 'bidi \0342\0200\0256evil\0342\0200\0254 zero\0342\0200\0213width' \
    'bad \0377\0376\0300\0257 UTF-8 \0363\0240\0201\0245' '\033[?1049l\033[?25h\033[?2004l\033[6n\033[c\033c' >"$T/hostile"
{ printf 'a'; for ((i = 0; i < 10000; i++)); do printf '\xcc\x81'; done; echo ' marks'; } >>"$T/hostile"
small_up 2
term_new live -s 120x40 -o "$T/live.raw" "$footplate" -c "$F/config" --driver live console
fp_is "a release whose start command says such things" 0 start "$group" 1.0.0 --auto --yes
order live run
term_shows "the console" live 30 'success'
order live type 60 3zg
term_shows "its log is shown" live 30 'cleared and red'
order live type 60 z
tour live
clean "a step's output" live
term_end live

# ---- a store full of it --------------------------------------------------------------------------------------------

mkdir -p "$T/evil"
mkfifo "$T/held"
"$rows" hostile "$T/evil" <"$T/held" >"$T/held.out" &
small_pids+=($!)
exec {held}>"$T/held"
ok "a hostile store" wait_until 30 grep -q held "$T/held.out"
for size in 120x40 80x24 60x16; do
    name=h${size%x*}
    term_new "$name" -s "$size" -o "$T/$name.raw" "$footplate" --store "$T/evil" -c "$F/config" --driver me console
    order "$name" run
    term_shows "$size: the group" "$name" 30 'evil'
    tour "$name"
    clean "$size" "$name"
    order "$name" send q
    order "$name" watch 0.3
    term_end "$name"
done
exec {held}>&-
done_testing
