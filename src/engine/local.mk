noinst_LIBRARIES += src/engine/libengine.a
src_engine_libengine_a_SOURCES = \
	src/engine/actions.c src/engine/after.c src/engine/args.c src/engine/args.h src/engine/begin.c \
	src/engine/doubts.c \
	src/engine/engine.c src/engine/engine.h src/engine/engine_int.h src/engine/gaps.c src/engine/gaps.h src/engine/hand.c \
	src/engine/host.c src/engine/idle.c src/engine/mirror.c src/engine/opening.c src/engine/opening.h \
	src/engine/prepare.c \
	src/engine/probing.c src/engine/questions.c src/engine/recover.c src/engine/release.c \
	src/engine/rows.c src/engine/samples.c src/engine/start.c src/engine/target.c src/engine/txn.c \
	src/engine/seen.c \
	src/engine/unwell.c \
	src/engine/verdicts.c \
	src/engine/watch.c

# Archives are named in the order in which they need each other.
ENGINE_LIBS = src/engine/libengine.a src/steps/libsteps.a src/traffic/libtraffic.a src/net/libnet.a \
	src/store/libstore.a src/inventory/libinventory.a src/core/libcore.a src/base/libbase.a \
	$(UV_LIBS) $(SSH2_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) \
	$(JANSSON_LIBS) $(PCRE2_LIBS)

# The engine in a made-up world, in one process and virtual time.
check_LIBRARIES = tests/engine/libsim.a
tests_engine_libsim_a_SOURCES = tests/engine/world.h tests/engine/world.c \
	tests/engine/world_host.c tests/engine/world_lb.c tests/engine/squeue.h tests/engine/squeue.c \
	tests/engine/witness.h tests/engine/witness.c tests/engine/sim.h tests/engine/sim_test.h tests/engine/sim.c
SIM_LIBS = tests/engine/libsim.a $(ENGINE_LIBS) $(CHECK_LIBS)

ENGINE_TESTS = tests/engine/test_engine_paths tests/engine/test_engine_sim \
	tests/engine/test_engine_failpoints \
	tests/engine/test_engine_upkeep \
	tests/engine/test_engine_edges \
	tests/engine/test_engine_health \
	tests/engine/test_engine_idle \
	tests/engine/test_engine_layers \
	tests/engine/test_engine_watch
check_PROGRAMS += $(ENGINE_TESTS)
TESTS += $(ENGINE_TESTS)

tests_engine_test_engine_paths_SOURCES = tests/engine/test_engine_paths.c
tests_engine_test_engine_paths_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_paths_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_paths_LDADD = $(SIM_LIBS)

tests_engine_test_engine_sim_SOURCES = tests/engine/test_engine_sim.c
tests_engine_test_engine_sim_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_sim_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_sim_LDADD = $(SIM_LIBS)

tests_engine_test_engine_failpoints_SOURCES = tests/engine/test_engine_failpoints.c
tests_engine_test_engine_failpoints_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_failpoints_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_failpoints_LDADD = $(SIM_LIBS)

tests_engine_test_engine_upkeep_SOURCES = tests/engine/test_engine_upkeep.c
tests_engine_test_engine_upkeep_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_upkeep_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_upkeep_LDADD = $(SIM_LIBS)

tests_engine_test_engine_health_SOURCES = tests/engine/test_engine_health.c
tests_engine_test_engine_health_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_health_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_health_LDADD = $(SIM_LIBS)

tests_engine_test_engine_idle_SOURCES = tests/engine/test_engine_idle.c
tests_engine_test_engine_idle_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_idle_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_idle_LDADD = $(SIM_LIBS)

tests_engine_test_engine_edges_SOURCES = tests/engine/test_engine_edges.c
tests_engine_test_engine_edges_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_edges_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_edges_LDADD = $(SIM_LIBS)

tests_engine_test_engine_layers_SOURCES = tests/engine/test_engine_layers.c tests/engine/layers_test.h
tests_engine_test_engine_layers_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_layers_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_layers_LDADD = $(SIM_LIBS)

tests_engine_test_engine_watch_SOURCES = tests/engine/test_engine_watch.c tests/engine/layers_test.h
tests_engine_test_engine_watch_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_engine_watch_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_engine_test_engine_watch_LDADD = $(SIM_LIBS)
