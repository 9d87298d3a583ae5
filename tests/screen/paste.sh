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
        quiet ann
        is "$1, $how: no action" "$(n_actions)" "$before"
        [ -z "${2:-}" ] || term_shows "$1, $how: it stands as before" ann 30 "$2"
    done
}

# in_dialog KEY TITLE WHAT: into that dialog, which Esc closes
in_dialog()
{
    opens ann "$1" "─ $2 ─" || return
    paste_into "$3" "─ $2 ─"
    order ann send '\e'
    term_hides "Esc closes $2" ann 30 "─ $2 ─"
}

small_up 3
fp_is "a release, up to its wait" 10 start "$group" 1.0.0 --yes
term_console ann 100x30
term_shows "the console" ann 30 'K +Continue'
order ann quiet 900 5000

paste_into "waiting" 'K +Continue'
term_shows "it says that it was ignored" ann 30 'paste ignored'
in_dialog K 'Continue' "the dialog of Continue"
in_dialog X 'Interrupt: end' "the dialog of the end"
in_dialog '?' 'Help' "the help"
order ann send 2
in_dialog '\r' 'instance' "an instance"
opens ann / '^filter: ' && paste_into "the filter" '^filter: '
order ann send '\e'
term_hides "Esc closes it" ann 30 '^filter: '
order ann send z
term_hides "zoomed" ann 30 '6 actions'
paste_into "zoomed"
order ann send z
term_shows "and back" ann 30 '6 actions'
opens ann d '^who drives: ' && paste_into "the name of the driver" '^who drives: '
order ann send '\e'
term_hides "Esc closes it" ann 30 '^who drives: '
order ann size 40x10
paste_into "too small"
order ann size 60x16
paste_into "small"
order ann size 100x30
term_shows "as large as before" ann 30 'K +Continue'

fp_is "bake" 10 continue "$group" --yes
rm "$F/packages/health"
fp_is "roll out, and fail" 11 continue "$group" --yes
term_shows "failed" ann 30 'T +Retry'
order ann quiet 900 5000
paste_into "failed" 'T +Retry'
in_dialog T 'Retry' "the dialog of Retry"

echo ok >"$F/packages/health"
fp_is "retry" 0 retry "$group" --yes
fp_is "a second release" 10 start "$group" 1.1.0 --yes
fp_is "its end" 13 interrupt "$group" --yes
term_shows "idle" ann 30 'N +Start'
order ann quiet 900 5000
paste_into "idle" 'N +Start'
opens ann N '─ New release ─' && paste_into "the form" '─ New release ─'
order ann send '\e'
order ann send '\e'
term_hides "the form closes" ann 30 'New release'
opens ann N '─ New release ─'
order ann send '1.2.0'
order ann quiet 500 2000
order ann send '\r'
term_shows "the plan" ann 30 'any other key: no'
paste_into "the plan" 'any other key: no'
order ann send '\e'
term_shows "Esc: the form again" ann 30 'type to find'
order ann send '\e'
term_hides "Esc: and it closes" ann 30 'New release'
in_dialog U 'Rollback' "the dialog of Rollback"
is "nothing came that no console sends" "$(tell ann complaint)" ""
done_testing
