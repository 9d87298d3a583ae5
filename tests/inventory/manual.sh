#!/bin/bash
# manual.sh: mandoc finds nothing to say about footplate-config(5). (That it has the keys of the table
# is test_manual's work.)
set -u
page=${abs_top_srcdir:?run me by make check}/doc/footplate-config.5

echo 1..1
if ! command -v mandoc >/dev/null; then
    echo "ok 1 - mandoc finds nothing # SKIP no mandoc"
    exit 0
fi
# Whether other pages are installed on this machine is no fault of this one.
why=$(mandoc -Tlint "$page" 2>&1 | grep -v -e 'referenced manual not found' -e 'outdated mandoc.db')
if [ -z "$why" ]; then
    echo "ok 1 - mandoc finds nothing"
else
    echo "not ok 1 - mandoc finds nothing"
    printf '%s\n' "$why" | sed 's/^/#   /'
fi
