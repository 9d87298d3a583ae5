#!/bin/sh
# embed.sh DIR: print the shell programs of DIR as C strings, for the build.
set -eu
text() {
    printf '#define %s \\\n' "$1"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n" \\/' "$2"
    printf '    ""\n'
}
hash=$(sha256sum <"$1/runner.sh" | cut -c1-16)
printf '#define RUNNER_HASH "%s"\n' "$hash"
text RUNNER_TEXT "$1/runner.sh"
text DOWNLOAD_TEXT "$1/download.sh"
text INSTALL_TEXT "$1/install.sh"
