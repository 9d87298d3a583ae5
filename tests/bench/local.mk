# `make bench`: figures and ratios, no timed test. Built for speed: a build with sanitizers says little.
EXTRA_DIST += tests/bench/release.sh
EXTRA_PROGRAMS = tests/bench/floor
EXTRA_PROGRAMS += tests/bench/bigstore tests/bench/bigread
CLEANFILES += tests/bench/floor
CLEANFILES += tests/bench/bigstore tests/bench/bigread
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_CFLAGS = $(AM_CFLAGS)
tests_bench_floor_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
tests_bench_floor_LDADD = $(BASE_LIBS) $(SSH2_LIBS) $(CRYPTO_LIBS)

.PHONY: bench
bench: all tests/bench/floor
	@abs_top_builddir='$(abs_top_builddir)' bash $(top_srcdir)/tests/bench/release.sh $(BENCH_INSTANCES) $(BENCH_RUNS)

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
