# The console in a real terminal, in front of a fleet of its own where it releases something.
SCREEN_TESTS = \
	tests/screen/release.sh \
	tests/screen/release-120.sh \
	tests/screen/trouble.sh \
	tests/screen/trouble-120.sh
TESTS += $(SCREEN_TESTS)
EXTRA_DIST += doc/picture.py tests/screen/lib.sh $(SCREEN_TESTS)
