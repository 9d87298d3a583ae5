noinst_LIBRARIES += src/monitor/libmonitor.a
src_monitor_libmonitor_a_SOURCES = \
	src/monitor/answer.c src/monitor/answer.h \
	src/monitor/baseline.c \
	src/monitor/cusum.c \
	src/monitor/detect.h src/monitor/detect_int.h \
	src/monitor/detect_say.c \
	src/monitor/echo.c src/monitor/echo.h \
	src/monitor/figures.c \
	src/monitor/groups.c \
	src/monitor/instance.c \
	src/monitor/leak.c \
	src/monitor/intake.c src/monitor/intake.h src/monitor/intake_int.h \
	src/monitor/intake_fifo.c \
	src/monitor/intake_file.c \
	src/monitor/intake_group.c \
	src/monitor/intake_line.c \
	src/monitor/judge.c src/monitor/judge.h src/monitor/judge_int.h \
	src/monitor/judge_find.c \
	src/monitor/judge_frozen.c \
	src/monitor/judge_recall.c \
	src/monitor/recall.c \
	src/monitor/exposition.c src/monitor/exposition.h \
	src/monitor/gauge_connect.c \
	src/monitor/gauge_exporter.c \
	src/monitor/gauge_number.c \
	src/monitor/gauge_prometheus.c \
	src/monitor/gauge_request.c \
	src/monitor/gauge_scrape.c \
	src/monitor/gauge_system.c \
	src/monitor/gauge_tail.c \
	src/monitor/machine.c \
	src/monitor/machine_call.c \
	src/monitor/pattern.c src/monitor/pattern.h \
	src/monitor/notify.c src/monitor/notify.h src/monitor/notify_int.h \
	src/monitor/notify_form.c \
	src/monitor/notify_secret.c \
	src/monitor/notify_send.c \
	src/monitor/monitor.c src/monitor/monitor.h src/monitor/monitor_int.h \
	src/monitor/poll.c \
	src/monitor/gauge.c src/monitor/gauge.h \
	src/monitor/profile.c \
	src/monitor/ranks.c \
	src/monitor/keep.c \
	src/monitor/record.c \
	src/monitor/rules.c \
	src/monitor/scribe.c src/monitor/scribe.h \
	src/monitor/vitals.c src/monitor/vitals.h \
	src/monitor/samples.c \
	src/monitor/pulse.c src/monitor/pulse.h
MONITOR_LIBS = src/monitor/libmonitor.a src/steps/libsteps.a $(TRAFFIC_LIBS) $(STORE_LIBS) $(PCRE2_LIBS)

MONITOR_TESTS = tests/monitor/test_pulse tests/monitor/test_monitor
MONITOR_TESTS += tests/monitor/test_away
MONITOR_TESTS += tests/monitor/test_scribe
MONITOR_TESTS += tests/monitor/test_detect
MONITOR_TESTS += tests/monitor/test_answer
MONITOR_TESTS += tests/monitor/test_exposition
MONITOR_TESTS += tests/monitor/test_gauges
MONITOR_TESTS += tests/monitor/test_rules
MONITOR_TESTS += tests/monitor/test_frozen
MONITOR_TESTS += tests/monitor/test_intake
MONITOR_TESTS += tests/monitor/test_judge
MONITOR_TESTS += tests/monitor/test_baseline
MONITOR_TESTS += tests/monitor/test_notify
MONITOR_TESTS += tests/monitor/test_growth
MONITOR_TESTS += tests/monitor/test_ranks
MONITOR_TESTS += tests/monitor/test_rates
MONITOR_TESTS += tests/monitor/test_silence
EXTRA_DIST += tests/monitor/stage.h
EXTRA_DIST += tests/monitor/holder.h
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

# The statistics: made-up figures, and watches played with them.
EXTRA_DIST += doc/detection.md
SYNTH = tests/monitor/synth.c tests/monitor/synth.h
SYNTH_TRIAL = tests/monitor/trial.c tests/monitor/trial.h
tests_monitor_test_detect_SOURCES = tests/monitor/test_detect.c $(SYNTH)
tests_monitor_test_detect_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_detect_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_detect_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

tests_monitor_test_answer_SOURCES = tests/monitor/test_answer.c
tests_monitor_test_answer_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_answer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_answer_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

tests_monitor_test_exposition_SOURCES = tests/monitor/test_exposition.c
tests_monitor_test_exposition_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_exposition_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_exposition_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

tests_monitor_test_silence_SOURCES = tests/monitor/test_silence.c
tests_monitor_test_silence_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_silence_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_silence_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_rules_SOURCES = tests/monitor/test_rules.c
tests_monitor_test_rules_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_rules_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_rules_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_frozen_SOURCES = tests/monitor/test_frozen.c
tests_monitor_test_frozen_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_frozen_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_frozen_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

# The owner of its gauges: rules.c stays outside.
tests_monitor_test_gauges_SOURCES = tests/monitor/test_gauges.c
tests_monitor_test_gauges_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_gauges_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_gauges_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)

tests_monitor_test_baseline_SOURCES = tests/monitor/test_baseline.c tests/monitor/play.h
tests_monitor_test_baseline_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_baseline_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_baseline_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_judge_SOURCES = tests/monitor/test_judge.c tests/monitor/play.h
tests_monitor_test_judge_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_judge_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_judge_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_ranks_SOURCES = tests/monitor/test_ranks.c $(SYNTH)
tests_monitor_test_ranks_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_ranks_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_ranks_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_growth_SOURCES = tests/monitor/test_growth.c $(SYNTH)
tests_monitor_test_growth_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_growth_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_growth_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_rates_SOURCES = tests/monitor/test_rates.c $(SYNTH) $(SYNTH_TRIAL)
tests_monitor_test_rates_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_rates_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_rates_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_away_SOURCES = tests/monitor/test_away.c
tests_monitor_test_away_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_away_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_away_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
# It takes the place of the groups: monitor.c and rules.c stay outside.
tests_monitor_test_scribe_SOURCES = tests/monitor/test_scribe.c
tests_monitor_test_scribe_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_scribe_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_scribe_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_intake_SOURCES = tests/monitor/test_intake.c
tests_monitor_test_intake_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_intake_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_intake_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
tests_monitor_test_notify_SOURCES = tests/monitor/test_notify.c
tests_monitor_test_notify_CFLAGS = $(TEST_CFLAGS)
tests_monitor_test_notify_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_monitor_test_notify_LDADD = $(MONITOR_LIBS) $(CHECK_LIBS)
