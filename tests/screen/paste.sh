#!/bin/bash
# 10 kB pasted, with brackets and without, into every state of the console: no action row comes of it, and the
# screen says that it was ignored.
. "${abs_top_srcdir:?}/tests/screen/small.sh"

# Every key that acts, in words, in lines, alone, with Enter and broken sequences between; what a form and
# a dialog would take.
piece='NXKTUY N X K T U Y\nyes Y\r\nNYXYKYTYUY \e[ \eO \e[B\eOB Y\r\tqq/z?dcewy 1.1.0\r\nY\x18\x0c'
for ((i = 0; i < 150; i++)); do printf '%b' "$piece"; done >"$T/bare"
{ printf '\e[200~'; cat "$T/bare"; printf '\e[201~'; } >"$T/bracketed"
note "$(wc -c <"$T/bare") bytes"

# paste_into DESCRIPTION [REGEX]: REGEX is what stands there before and after
paste_into()
{
    local how before
    before=$(n_actions)
    for how in bracketed bare; do
        order ann paste "$T/$how"
        order ann watch 0.7
        is "$1, $how: no action" "$(n_actions)" "$before"
        [ -z "${2:-}" ] || term_shows "$1, $how: it stands as before" ann 5 "$2"
    done
}

# opens KEY REGEX, closes: what is open, by Esc
opens()
{
    local i
    for i in 1 2 3 4 5; do
        # A button is new for a moment.
        order ann send "$1"
        told ann yes shows 3 "$2" && return
    done
    fail "$1 opens /$2/" "$(picture ann)"
}
closes()
{
    order ann send '\e'
    term_hides "Esc closes /$1/" ann 10 "$1"
}

small_up 3
fp_is "a release, up to its wait" 10 start "$group" 1.0.0 --yes
term_console ann 100x30
term_shows "the console" ann 30 'K +Continue'
order ann quiet 900 5000

paste_into "waiting" 'K +Continue'
term_shows "it says that it was ignored" ann 5 'paste ignored'
opens K 'pull the canary' && paste_into "the dialog of Continue" 'pull the canary' && closes 'any other key: no'
opens X 'for good' && paste_into "the dialog of the end" 'for good' && closes 'for good'
opens '?' 'Help' && paste_into "the help" 'Help' && closes 'Help'
order ann send 2
opens '\r' 'its steps' && paste_into "an instance" 'its steps' && closes 'its steps'
opens / 'filter' && paste_into "the filter"
order ann send '\e'
opens z 'instances' && paste_into "zoomed"
order ann send z
opens d 'driver|who' && paste_into "the name of the driver"
order ann send '\e'
order ann size 40x10
paste_into "too small"
order ann size 60x16
paste_into "small"
order ann size 100x30
order ann send '\e'

fp_is "bake" 10 continue "$group" --yes
rm "$F/packages/health"
fp_is "roll out, and fail" 11 continue "$group" --yes
term_shows "failed" ann 10 'T +Retry'
order ann quiet 900 5000
paste_into "failed" 'T +Retry'
opens T 'any other key: no|a moment' && paste_into "the dialog of Retry" 'any other key: no' && closes 'any other key'

echo ok >"$F/packages/health"
fp_is "retry" 0 retry "$group" --yes
fp_is "a second release" 10 start "$group" 1.1.0 --yes
fp_is "its end" 13 interrupt "$group" --yes
term_shows "idle" ann 10 'N +Start'
order ann quiet 900 5000
paste_into "idle" 'N +Start'
opens N 'New release' && paste_into "the form" 'New release'
order ann send '\e'
order ann send '\e'
term_hides "the form closes" ann 5 'New release'
opens N 'New release'
order ann send '1.2.0'
order ann quiet 500 2000
order ann send '\r'
term_shows "the plan" ann 20 'any other key: no'
paste_into "the plan" 'any other key: no'
order ann send '\e'
term_shows "Esc: the form again" ann 5 'type to find'
order ann send '\e'
term_hides "Esc: and it closes" ann 5 'New release'
opens U 'any other key: no' && paste_into "the dialog of Rollback" 'any other key: no' && closes 'any other key: no'
is "nothing came that no console sends" "$(tell ann complaint)" ""
done_testing
