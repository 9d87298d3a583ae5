#!/bin/bash
# The whole release on a larger screen.
export SCREEN_SIZE=120x40
. "${abs_top_srcdir:?}/tests/screen/release.sh"
