#!/bin/sh
# embed.sh DIR: print the themes of DIR as C strings, for the build. The order is that of theme_names.
set -eu
for name in dark light high-contrast colour-blind mono; do
    printf 'THEME("%s",\n' "$name"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1/$name.theme"
    printf ')\n'
done
