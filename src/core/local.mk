noinst_LIBRARIES += src/core/libcore.a
src_core_libcore_a_SOURCES = \
	src/core/types.c src/core/types.h \
	src/core/deploy.c src/core/deploy.h src/core/deploy_int.h \
	src/core/phase.c src/core/buttons.c src/core/check.c \
	src/core/plan.c src/core/plan.h

CORE_LIBS = src/core/libcore.a $(BASE_LIBS)

CORE_TESTS = tests/core/test_types tests/core/test_plan tests/core/test_deploy tests/core/test_walk
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_core_test_types_SOURCES = tests/core/test_types.c
tests_core_test_types_CFLAGS = $(TEST_CFLAGS)
tests_core_test_types_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_core_test_types_LDADD = $(CORE_LIBS) $(CHECK_LIBS)

tests_core_test_plan_SOURCES = tests/core/test_plan.c
tests_core_test_plan_CFLAGS = $(TEST_CFLAGS)
tests_core_test_plan_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_core_test_plan_LDADD = $(CORE_LIBS) $(CHECK_LIBS)

tests_core_test_deploy_SOURCES = tests/core/test_deploy.c tests/core/fixture.h
tests_core_test_deploy_CFLAGS = $(TEST_CFLAGS)
tests_core_test_deploy_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_core_test_deploy_LDADD = $(CORE_LIBS) $(CHECK_LIBS)

tests_core_test_walk_SOURCES = tests/core/test_walk.c
tests_core_test_walk_CFLAGS = $(TEST_CFLAGS)
tests_core_test_walk_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_core_test_walk_LDADD = $(CORE_LIBS) $(CHECK_LIBS)
