# Two consoles in front of the made-up world of tests/engine: the one place where screen and engine meet
# without a terminal between them.
TWO_TESTS = tests/screen/test_two_consoles
check_PROGRAMS += $(TWO_TESTS)
TESTS += $(TWO_TESTS)
tests_screen_test_two_consoles_SOURCES = tests/screen/test_two_consoles.c tests/screen/seat.c \
	tests/screen/seat.h
tests_screen_test_two_consoles_CFLAGS = $(TEST_CFLAGS)
tests_screen_test_two_consoles_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_screen_test_two_consoles_LDADD = tests/engine/libsim.a ui/libui.a $(ENGINE_LIBS) \
	$(NCURSES_LIBS) $(CHECK_LIBS)
