#!/bin/bash
# At 60x16 every dialog can be used; at 59x15 one line says which size is needed, and X still brakes.
. "${abs_top_srcdir:?}/tests/screen/small.sh"

# says REGEX: the dialog is armed, and shows its consequence
armed() { term_shows "60x16: $1: says $2" ann 30 "$2"; term_shows "60x16: $1: armed" ann 30 'Y.*any other key: no'; }
status_is_now() { term_shows "60x16: then: $1" ann 30 "$1"; }

small_up 3
fp_is "a release" 0 start "$group" 1.0.0 --auto --yes
term_console ann 60x16
status_is_now 'N +Start|N new release'
opens ann N '─ New release ─'
term_shows "60x16: the form: versions" ann 30 '> 1\.2\.0'
order ann send 1.1.0
term_shows "60x16: the form: the one that was typed" ann 30 '> 1\.1\.0'
quiet ann
order ann send '\r'
armed "the plan" '1\.1\.0'
order ann send Y
status_is_now 'K bake'
opens ann K '─ Continue ─'
armed "Continue" 'canary'
rm "$F/packages/health" "$T/go"
order ann send Y
status_is_now 'K roll out'
opens ann K '─ Continue ─'
armed "roll out" 'instances'
order ann send Y
status_is_now 'X brake'

order ann size 59x15
term_shows "59x15: one line says the size" ann 30 '60x16'
at_most "59x15: and little more than that" "$(picture ann | grep -c '[^ ]')" 2
note "$(picture ann | grep '[^ ]')"
before=$(n_actions)
order ann send X
ok "59x15: X brakes" wait_until 60 has_action "^interrupt $group .* ann done"
is "59x15: once" "$(n_actions)" $((before + 1))
for key in K N T U Y; do order ann type 30 "${key}Y"; done
quiet ann
is "59x15: no other key does anything" "$(n_actions)" $((before + 1))
touch "$T/go"
order ann size 60x16
status_is_now '! braked'

opens ann X '─ Interrupt: end ─'
armed "the end" 'for good'
order ann send N
term_hides "60x16: another key: no" ann 30 'for good'
fp_is "the brake lifted, it fails" 11 continue "$group" --yes
echo ok >"$F/packages/health"
term_shows "60x16: failed" ann 30 'T (try again|retry|[0-9])'
opens ann T '─ Retry ─'
armed "Retry" 'again|retry|[0-9] failed'
order ann send Y
status_is_now 'success'
opens ann U '─ Rollback ─'
armed "Rollback" '1\.0\.0'
order ann send q
term_hides "60x16: another key: no" ann 30 'any other key'
opens ann '?' '─ Help ─'
order ann send '\e'
is "nothing came that no console sends" "$(tell ann complaint)" ""
done_testing
