#!/bin/bash
# What goes wrong, on a larger screen.
export SCREEN_SIZE=120x40
. "${abs_top_srcdir:?}/tests/screen/trouble.sh"
