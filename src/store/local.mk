noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/store.h src/store/queue.h src/store/store_int.h \
	src/store/words.c src/store/schema.c src/store/migrate.c \
	src/store/place.c src/store/lock.c src/store/rows.c src/store/store.c src/store/wake.c \
	src/store/q_lease.c src/store/q_group.c src/store/q_deploy.c src/store/q_journal.c \
	src/store/q_action.c src/store/q_event.c src/store/q_watch.c src/store/q_notice.c \
	src/store/q_point.c src/store/q_verdict.c src/store/log_file.c src/store/q_log.c src/store/q_walk.c src/store/q_trim.c src/store/q_gone.c src/store/q_sample.c src/store/q_console.c \
	src/store/queue.c \
	src/store/state.c src/store/state.h src/store/view.c src/store/view.h \
	src/store/answer.c src/store/answer.h \
	src/store/history.c src/store/history.h \
	src/store/layers.c src/store/layers.h \
	src/store/suspects.c src/store/suspects.h \
	src/store/timeline.c src/store/timeline.h \
	src/store/post.c src/store/post.h \
	src/store/outside.c src/store/outside.h
STORE_LIBS = src/store/libstore.a $(INVENTORY_LIBS) $(SQLITE_LIBS)

STORE_TESTS = tests/store/test_rows tests/store/test_open tests/store/test_lock tests/store/test_queue \
	tests/store/test_crash \
	tests/store/test_seen \
	tests/store/test_versions \
	tests/store/test_logs \
	tests/store/test_past \
	tests/store/test_trim \
	tests/store/test_events \
	tests/store/test_points \
	tests/store/test_causes \
	tests/store/test_outside \
	tests/store/test_damage
EXTRA_DIST += tests/store/place.h
check_PROGRAMS += $(STORE_TESTS)
TESTS += $(STORE_TESTS)

tests_store_test_rows_SOURCES = tests/store/test_rows.c
tests_store_test_rows_CFLAGS = $(TEST_CFLAGS)
tests_store_test_rows_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_rows_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_open_SOURCES = tests/store/test_open.c
tests_store_test_open_CFLAGS = $(TEST_CFLAGS)
tests_store_test_open_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_open_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_lock_SOURCES = tests/store/test_lock.c
tests_store_test_lock_CFLAGS = $(TEST_CFLAGS)
tests_store_test_lock_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_lock_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_queue_SOURCES = tests/store/test_queue.c
tests_store_test_queue_CFLAGS = $(TEST_CFLAGS)
tests_store_test_queue_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_queue_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_crash_SOURCES = tests/store/test_crash.c
tests_store_test_crash_CFLAGS = $(TEST_CFLAGS)
tests_store_test_crash_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_crash_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_seen_SOURCES = tests/store/test_seen.c
tests_store_test_seen_CFLAGS = $(TEST_CFLAGS)
tests_store_test_seen_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_seen_LDADD = $(STORE_LIBS) $(CHECK_LIBS)
tests_store_test_versions_SOURCES = tests/store/test_versions.c
tests_store_test_versions_CFLAGS = $(TEST_CFLAGS)
tests_store_test_versions_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_versions_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_logs_SOURCES = tests/store/test_logs.c
tests_store_test_logs_CFLAGS = $(TEST_CFLAGS)
tests_store_test_logs_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_logs_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_past_SOURCES = tests/store/test_past.c
tests_store_test_past_CFLAGS = $(TEST_CFLAGS)
tests_store_test_past_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_past_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_trim_SOURCES = tests/store/test_trim.c
tests_store_test_trim_CFLAGS = $(TEST_CFLAGS)
tests_store_test_trim_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_trim_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_damage_SOURCES = tests/store/test_damage.c
tests_store_test_damage_CFLAGS = $(TEST_CFLAGS)
tests_store_test_damage_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_damage_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_events_SOURCES = tests/store/test_events.c
tests_store_test_events_CFLAGS = $(TEST_CFLAGS)
tests_store_test_events_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_events_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_points_SOURCES = tests/store/test_points.c
tests_store_test_points_CFLAGS = $(TEST_CFLAGS)
tests_store_test_points_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_points_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_causes_SOURCES = tests/store/test_causes.c
tests_store_test_causes_CFLAGS = $(TEST_CFLAGS)
tests_store_test_causes_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_causes_LDADD = $(STORE_LIBS) $(CHECK_LIBS)

tests_store_test_outside_SOURCES = tests/store/test_outside.c
tests_store_test_outside_CFLAGS = $(TEST_CFLAGS)
tests_store_test_outside_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_store_test_outside_LDADD = $(STORE_LIBS) $(CHECK_LIBS)
