noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/err.c src/base/err.h \
	src/base/mem.c src/base/mem.h \
	src/base/buf.c src/base/buf.h \
	src/base/clock.c src/base/clock.h \
	src/base/random.c src/base/random.h \
	src/base/failpoint.c src/base/failpoint.h \
	src/base/text.c src/base/text.h \
	src/base/text_table.c src/base/text_int.h

BASE_LIBS = src/base/libbase.a

EXTRA_DIST += tests/suite.h tests/must.h tests/dice.h src/base/text_table.py
check_PROGRAMS += tests/base/test_base
TESTS += tests/base/test_base
tests_base_test_base_SOURCES = tests/base/test_base.c
tests_base_test_base_CFLAGS = $(TEST_CFLAGS)
tests_base_test_base_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_base_test_base_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_text
TESTS += tests/base/test_text
tests_base_test_text_SOURCES = tests/base/test_text.c
tests_base_test_text_CFLAGS = $(TEST_CFLAGS)
tests_base_test_text_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_base_test_text_LDADD = $(BASE_LIBS) $(CHECK_LIBS)
