# The console in a real terminal: in tmux in front of a fleet of its own where it releases something, on a pty
# where the terminal itself is the matter.
SCREEN_TESTS = \
	tests/screen/idle.sh \
	tests/screen/release.sh \
	tests/screen/release-120.sh \
	tests/screen/trouble.sh \
	tests/screen/trouble-120.sh \
	tests/screen/terminal.sh \
	tests/screen/paste.sh \
	tests/screen/keys.sh \
	tests/screen/sizes.sh \
	tests/screen/two-clients.sh \
	tests/screen/hostile.sh
TESTS += $(SCREEN_TESTS)
EXTRA_DIST += doc/picture.py tests/screen/lib.sh tests/screen/small.sh $(SCREEN_TESTS)

check_PROGRAMS += tests/screen/rows
tests_screen_rows_SOURCES = tests/screen/rows.c
tests_screen_rows_CFLAGS = $(AM_CFLAGS)
tests_screen_rows_LDADD = $(STORE_LIBS)
