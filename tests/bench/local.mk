# `make bench`: figures and ratios, no timed test. Built for speed: a build with sanitizers says little.
EXTRA_DIST += tests/bench/release.sh
EXTRA_PROGRAMS = tests/bench/floor
CLEANFILES += tests/bench/floor
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_CFLAGS = $(AM_CFLAGS)
tests_bench_floor_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_floor_LDADD = $(BASE_LIBS) $(SSH2_LIBS) $(CRYPTO_LIBS)

.PHONY: bench
bench: all tests/bench/floor
	@abs_top_builddir='$(abs_top_builddir)' bash $(top_srcdir)/tests/bench/release.sh $(BENCH_INSTANCES) $(BENCH_RUNS)
