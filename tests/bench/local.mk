# `make bench`: figures and ratios, no timed test. Built for speed: a build with sanitizers says little.
EXTRA_DIST += tests/bench/good.sh
EXTRA_DIST += tests/bench/release.sh
EXTRA_DIST += tests/bench/console.sh
EXTRA_DIST += tests/bench/probes.sh
EXTRA_PROGRAMS = tests/bench/floor
EXTRA_PROGRAMS += tests/bench/bigstore tests/bench/bigread
EXTRA_PROGRAMS += tests/bench/churn
EXTRA_PROGRAMS += tests/bench/probes
CLEANFILES += tests/bench/floor
CLEANFILES += tests/bench/bigstore tests/bench/bigread
CLEANFILES += tests/bench/churn
CLEANFILES += tests/bench/probes
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_CFLAGS = $(AM_CFLAGS)
tests_bench_floor_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_floor_LDADD = $(BASE_LIBS) $(SSH2_LIBS) $(CRYPTO_LIBS)

.PHONY: bench
bench: all tests/bench/floor tests/bench/term tests/bench/churn tests/bench/bigstore tests/bench/probes \
		tests/screen/rows
	@abs_top_builddir='$(abs_top_builddir)' bash $(top_srcdir)/tests/bench/release.sh $(BENCH_INSTANCES) $(BENCH_RUNS)
	@abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)' bash $(top_srcdir)/tests/bench/console.sh
	@abs_top_builddir='$(abs_top_builddir)' bash $(top_srcdir)/tests/bench/probes.sh

# A store with a long past, and what reading it costs: `make tests/bench/bigstore tests/bench/bigread`;
# both say how they are called.
tests_bench_bigstore_SOURCES = tests/bench/bigstore.c
tests_bench_bigstore_CFLAGS = $(AM_CFLAGS)
tests_bench_bigstore_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_bigstore_LDADD = $(STORE_LIBS)
tests_bench_bigread_SOURCES = tests/bench/bigread.c
tests_bench_bigread_CFLAGS = $(AM_CFLAGS)
tests_bench_bigread_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_bigread_LDADD = $(STORE_LIBS)
tests_bench_churn_SOURCES = tests/bench/churn.c
tests_bench_churn_CFLAGS = $(AM_CFLAGS)
tests_bench_churn_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_churn_LDADD = $(STORE_LIBS)
tests_bench_probes_SOURCES = tests/bench/probes.c
tests_bench_probes_CFLAGS = $(AM_CFLAGS)
tests_bench_probes_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_probes_LDADD = $(MONITOR_LIBS)

# A terminal that takes orders, for benches and for tests of the whole console.
check_PROGRAMS += tests/bench/term
tests_bench_term_SOURCES = tests/bench/term.c tests/ui/vt.c tests/ui/vt.h
tests_bench_term_CFLAGS = $(AM_CFLAGS)
tests_bench_term_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_term_LDADD = $(BASE_LIBS)

# `make detection`: what the methods of watching get wrong and how long they take, in tables; no timed test.
# DETECTION_WATCHES: how many of each (2000).
EXTRA_PROGRAMS += tests/bench/detect
CLEANFILES += tests/bench/detect
EXTRA_DIST += tests/bench/series/record.py $(DETECTION_SERIES)
DETECTION_SERIES = \
	tests/bench/series/machine-1s.csv \
	tests/bench/series/machine-5s.csv
tests_bench_detect_SOURCES = tests/bench/detect.c $(SYNTH) $(SYNTH_TRIAL)
tests_bench_detect_CFLAGS = $(AM_CFLAGS)
tests_bench_detect_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_detect_LDADD = src/monitor/libmonitor.a $(BASE_LIBS)

.PHONY: detection
detection: tests/bench/detect
	@cd $(top_srcdir) && $(abs_top_builddir)/tests/bench/detect $${DETECTION_WATCHES-2000} $(DETECTION_SERIES)
