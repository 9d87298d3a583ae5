noinst_LIBRARIES += src/steps/libsteps.a
src_steps_libsteps_a_SOURCES = \
	src/steps/download.c src/steps/evidence.c src/steps/evidence.h src/steps/expand.c \
	src/steps/health.c src/steps/health.h src/steps/install.c src/steps/link.c \
	src/steps/markdown.c src/steps/markup.c src/steps/probe.c src/steps/remote.c \
	src/steps/remote.h src/steps/runner.c src/steps/runner.h src/steps/step.c \
	src/steps/steps.h src/steps/steps_int.h src/steps/verify.c
nodist_src_steps_libsteps_a_SOURCES = src/steps/runner_sh.h
src_steps_libsteps_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/src
STEPS_LIBS = src/steps/libsteps.a $(TRAFFIC_LIBS) $(CORE_LIBS) $(PCRE2_LIBS)

# The shell programs as C strings, and the runner's name by the hash of its content.
STEP_SH = src/steps/runner.sh src/steps/download.sh src/steps/install.sh
EXTRA_DIST += $(STEP_SH) src/steps/embed.sh
BUILT_SOURCES += src/steps/runner_sh.h
CLEANFILES += src/steps/runner_sh.h
src/steps/runner_sh.h: $(STEP_SH) src/steps/embed.sh
	$(AM_V_GEN)$(MKDIR_P) src/steps && \
	$(SHELL) $(top_srcdir)/src/steps/embed.sh $(top_srcdir)/src/steps > $@.tmp && mv -f $@.tmp $@

EXTRA_DIST += tests/steps/lib.sh tests/steps/test_runner.sh
TESTS += tests/steps/test_runner.sh

EXTRA_DIST += tests/steps/fake_net.h tests/steps/instance.h tests/steps/lossy.h
check_PROGRAMS += tests/steps/test_remote
TESTS += tests/steps/test_remote
tests_steps_test_remote_SOURCES = tests/steps/test_remote.c
tests_steps_test_remote_CFLAGS = $(TEST_CFLAGS)
tests_steps_test_remote_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_steps_test_remote_LDADD = $(STEPS_LIBS) $(CHECK_LIBS)

EXTRA_DIST += tests/steps/test_scripts.sh
TESTS += tests/steps/test_scripts.sh

check_PROGRAMS += tests/steps/test_evidence
TESTS += tests/steps/test_evidence
tests_steps_test_evidence_SOURCES = tests/steps/test_evidence.c
tests_steps_test_evidence_CFLAGS = $(TEST_CFLAGS)
tests_steps_test_evidence_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_steps_test_evidence_LDADD = $(STEPS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/steps/test_link
TESTS += tests/steps/test_link
tests_steps_test_link_SOURCES = tests/steps/test_link.c
tests_steps_test_link_CFLAGS = $(TEST_CFLAGS)
tests_steps_test_link_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_steps_test_link_LDADD = $(STEPS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/steps/test_expand
TESTS += tests/steps/test_expand
tests_steps_test_expand_SOURCES = tests/steps/test_expand.c
tests_steps_test_expand_CFLAGS = $(TEST_CFLAGS)
tests_steps_test_expand_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_steps_test_expand_LDADD = $(STEPS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/steps/test_verify
TESTS += tests/steps/test_verify
tests_steps_test_verify_SOURCES = tests/steps/test_verify.c
tests_steps_test_verify_CFLAGS = $(TEST_CFLAGS)
tests_steps_test_verify_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_steps_test_verify_LDADD = $(STEPS_LIBS) $(CHECK_LIBS)
