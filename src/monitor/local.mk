noinst_LIBRARIES += src/monitor/libmonitor.a
src_monitor_libmonitor_a_SOURCES = \
	src/monitor/baseline.c \
	src/monitor/cusum.c \
	src/monitor/detect.h src/monitor/detect_int.h \
	src/monitor/detect_say.c \
	src/monitor/echo.c src/monitor/echo.h \
	src/monitor/figures.c \
	src/monitor/groups.c \
	src/monitor/leak.c \
	src/monitor/judge.c src/monitor/judge.h src/monitor/judge_int.h \
	src/monitor/judge_find.c \
	src/monitor/judge_frozen.c \
	src/monitor/machine.c \
	src/monitor/monitor.c src/monitor/monitor.h src/monitor/monitor_int.h \
	src/monitor/poll.c \
	src/monitor/gauge.h \
	src/monitor/profile.c \
	src/monitor/ranks.c \
	src/monitor/samples.c \
	src/monitor/pulse.c src/monitor/pulse.h
MONITOR_LIBS = src/monitor/libmonitor.a src/steps/libsteps.a $(TRAFFIC_LIBS) $(STORE_LIBS) $(PCRE2_LIBS)

MONITOR_TESTS = tests/monitor/test_pulse tests/monitor/test_monitor
MONITOR_TESTS += tests/monitor/test_detect
MONITOR_TESTS += tests/monitor/test_judge
EXTRA_DIST += tests/monitor/stage.h
check_PROGRAMS += $(MONITOR_TESTS)
TESTS += $(MONITOR_TESTS)

tests_monitor_test_pulse_SOURCES = tests/monitor/test_pulse.c
tests_monitor_test_pulse_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_pulse_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_pulse_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

# It starts the demo's application.
tests_monitor_test_monitor_SOURCES = tests/monitor/test_monitor.c
tests_monitor_test_monitor_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_monitor_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_monitor_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
EXTRA_tests_monitor_test_monitor_DEPENDENCIES = demo/shop

tests_monitor_test_detect_SOURCES = tests/monitor/test_detect.c tests/monitor/synth.c tests/monitor/synth.h
tests_monitor_test_detect_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_detect_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_detect_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

tests_monitor_test_judge_SOURCES = tests/monitor/test_judge.c
tests_monitor_test_judge_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_judge_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_judge_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
