# The console's screen. libui.a sees base, core, the inventory's types and the store; curses is in term.c
# alone.
noinst_LIBRARIES += ui/libui.a
ui_libui_a_CFLAGS = $(AM_CFLAGS) $(NCURSES_CFLAGS)
ui_libui_a_SOURCES = \
	ui/canvas.c \
	ui/canvas.h \
	ui/guard.c \
	ui/clerk.c \
	ui/console.c \
	ui/console.h \
	ui/frame.c \
	ui/help.c \
	ui/console_dump.c \
	ui/console_int.h \
	ui/helper.c \
	ui/helper.h \
	ui/dialog_anomaly.c \
	ui/dialog_confirm.c \
	ui/dialog_instance.c \
	ui/dialog_int.c \
	ui/dialog_int.h \
	ui/dialog_line.c \
	ui/dialog_rollback.c \
	ui/dialog_start.c \
	ui/dialog_timeline.c \
	ui/dialog_watch.c \
	ui/dialogs.c \
	ui/keymap.c \
	ui/inst_table.c \
	ui/inst_table.h \
	ui/keymap.h \
	ui/keys.c \
	ui/keys.h \
	ui/layout.c \
	ui/layout.h \
	ui/list.c \
	ui/list.h \
	ui/log_ids.c \
	ui/log_ids.h \
	ui/log_index.c \
	ui/log_index.h \
	ui/log_match.c \
	ui/log_match.h \
	ui/log_source.c \
	ui/log_source.h \
	ui/log_view.c \
	ui/log_view.h \
	ui/log_work.c \
	ui/log_work.h \
	ui/logs.c \
	ui/logs.h \
	ui/pane.h \
	ui/panes.c \
	ui/press.c \
	ui/prompt.c \
	ui/pane_actions.c \
	ui/pane_batches.c \
	ui/pane_cluster.c \
	ui/pane_history.c \
	ui/pane_instances.c \
	ui/pane_logs.c \
	ui/pane_logs_draw.c \
	ui/pane_logs_int.h \
	ui/reader.c \
	ui/reader.h \
	ui/roles.c \
	ui/say.c \
	ui/say.h \
	ui/say_release.c \
	ui/screen.h \
	ui/screen_int.h \
	ui/status.c \
	ui/screen.c \
	ui/sgr.c \
	ui/sgr.h \
	ui/spark.c \
	ui/say_watch.c \
	ui/layer_rows.c \
	ui/layer_rows.h \
	ui/snapshot_watch.c \
	ui/snapshot.c \
	ui/snapshot.h \
	ui/snapshot_int.h \
	ui/snapshot_load.c \
	ui/thread.c \
	ui/thread_int.h \
	ui/start_plan.c \
	ui/start_plan.h \
	ui/term.c \
	ui/term.h \
	ui/terminfo.c \
	ui/terminfo.h \
	ui/theme.c \
	ui/theme.h \
	ui/tty.c \
	ui/tty.h
nodist_ui_libui_a_SOURCES = ui/themes_text.h
ui_libui_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)
UI_LIBS = ui/libui.a $(STORE_LIBS) $(NCURSES_LIBS) $(PCRE2_LIBS) $(JANSSON_LIBS)

UI_TESTS = \
	tests/ui/test_canvas \
	tests/ui/test_log_match
check_PROGRAMS += $(UI_TESTS)
TESTS += $(UI_TESTS)

# The made-up store, for every test that draws one: tests/ui/fixture.h.
UI_FIXTURE = tests/ui/fixture.c tests/ui/fixture.h
UI_TESTS += tests/ui/test_snapshot
tests_ui_test_snapshot_SOURCES = tests/ui/test_snapshot.c $(UI_FIXTURE)
tests_ui_test_snapshot_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_snapshot_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_snapshot_LDADD = ui/libui.a $(STORE_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_reader
tests_ui_test_reader_SOURCES = tests/ui/test_reader.c $(UI_FIXTURE)
tests_ui_test_reader_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_reader_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_reader_LDADD = ui/libui.a $(STORE_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

EXTRA_DIST += tests/ui/golden.h
tests_ui_test_canvas_SOURCES = tests/ui/test_canvas.c
tests_ui_test_canvas_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_canvas_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_canvas_LDADD = ui/libui.a $(BASE_LIBS) $(CHECK_LIBS)

tests_ui_test_log_match_SOURCES = tests/ui/test_log_match.c
tests_ui_test_log_match_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_log_match_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_log_match_LDADD = ui/libui.a $(BASE_LIBS) $(PCRE2_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_logs
tests_ui_test_logs_SOURCES = tests/ui/test_logs.c
tests_ui_test_logs_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_logs_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_logs_LDADD = ui/libui.a $(STORE_LIBS) $(PCRE2_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_log_index
tests_ui_test_log_index_SOURCES = tests/ui/test_log_index.c
tests_ui_test_log_index_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_log_index_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_log_index_LDADD = ui/libui.a $(STORE_LIBS) $(PCRE2_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_pane_logs
tests_ui_test_pane_logs_SOURCES = tests/ui/test_pane_logs.c $(UI_FIXTURE)
tests_ui_test_pane_logs_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_pane_logs_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_pane_logs_LDADD = ui/libui.a $(STORE_LIBS) $(PCRE2_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)
EXTRA_DIST += \
	tests/ui/golden/logs-118.txt \
	tests/ui/golden/logs-38.txt \
	tests/ui/golden/logs-60.txt \
	tests/ui/golden/logs-alone.txt \
	tests/ui/golden/logs-ascii.txt \
	tests/ui/golden/logs-chinese.txt \
	tests/ui/golden/logs-empty.txt \
	tests/ui/golden/logs-empty-filter.txt \
	tests/ui/golden/logs-events.txt \
	tests/ui/golden/logs-filter.txt \
	tests/ui/golden/logs-first.txt \
	tests/ui/golden/logs-long.txt \
	tests/ui/golden/logs-never.txt \
	tests/ui/golden/logs-search.txt \
	tests/ui/golden/logs-search-first.txt \
	tests/ui/golden/logs-whole.txt \
	tests/ui/golden/logs-whole-end.txt

UI_TESTS += tests/ui/test_keys
tests_ui_test_keys_SOURCES = tests/ui/test_keys.c
tests_ui_test_keys_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_keys_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_keys_LDADD = ui/libui.a $(BASE_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_keys_terminfo
tests_ui_test_keys_terminfo_SOURCES = tests/ui/test_keys_terminfo.c
tests_ui_test_keys_terminfo_CFLAGS = $(TEST_CFLAGS) $(NCURSES_CFLAGS)
tests_ui_test_keys_terminfo_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_keys_terminfo_LDADD = ui/libui.a $(BASE_LIBS) $(NCURSES_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_list
tests_ui_test_list_SOURCES = tests/ui/test_list.c
tests_ui_test_list_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_list_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_list_LDADD = ui/libui.a $(BASE_LIBS) $(PCRE2_LIBS) $(CHECK_LIBS)

# The themes, as files and as C strings: there is always one.
THEMES = \
	themes/dark.theme \
	themes/light.theme \
	themes/high-contrast.theme \
	themes/colour-blind.theme \
	themes/mono.theme
themesdir = $(pkgdatadir)/themes
dist_themes_DATA = $(THEMES)
EXTRA_DIST += ui/embed.sh
BUILT_SOURCES += ui/themes_text.h
CLEANFILES += ui/themes_text.h
ui/themes_text.h: $(THEMES) ui/embed.sh
	$(AM_V_GEN)$(MKDIR_P) ui && \
	$(SHELL) $(top_srcdir)/ui/embed.sh $(top_srcdir)/themes > $@.tmp && mv -f $@.tmp $@

UI_TESTS += tests/ui/test_theme
tests_ui_test_theme_SOURCES = tests/ui/test_theme.c
tests_ui_test_theme_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_theme_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_theme_LDADD = ui/libui.a $(BASE_LIBS) $(CHECK_LIBS)
UI_TESTS += tests/ui/test_layout
tests_ui_test_layout_SOURCES = tests/ui/test_layout.c
tests_ui_test_layout_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_layout_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_layout_LDADD = ui/libui.a $(BASE_LIBS) $(CHECK_LIBS)
EXTRA_DIST += \
	tests/ui/golden/layout-120x40-idle.txt \
	tests/ui/golden/layout-120x40-open.txt \
	tests/ui/golden/layout-200x60-idle.txt \
	tests/ui/golden/layout-200x60-open.txt \
	tests/ui/golden/layout-60x16-idle.txt \
	tests/ui/golden/layout-60x16-open.txt \
	tests/ui/golden/layout-79x22-idle.txt \
	tests/ui/golden/layout-79x22-open.txt \
	tests/ui/golden/layout-80x23-idle.txt \
	tests/ui/golden/layout-80x23-open.txt \
	tests/ui/golden/layout-80x24-idle.txt \
	tests/ui/golden/layout-80x24-open.txt \
	tests/ui/golden/layout-80x24-zoom.txt

UI_TESTS += tests/ui/test_keymap
tests_ui_test_keymap_SOURCES = tests/ui/test_keymap.c
tests_ui_test_keymap_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_keymap_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_keymap_LDADD = ui/libui.a $(BASE_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_say
tests_ui_test_say_SOURCES = tests/ui/test_say.c $(UI_FIXTURE)
tests_ui_test_say_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_say_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_say_LDADD = ui/libui.a $(STORE_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_panes
EXTRA_DIST += tests/ui/fake_screen.h
tests_ui_test_panes_SOURCES = tests/ui/test_panes.c $(UI_FIXTURE)
tests_ui_test_panes_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_panes_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_panes_LDADD = ui/libui.a $(STORE_LIBS) $(PCRE2_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)
EXTRA_DIST += \
	tests/ui/golden/batches-braked.txt \
	tests/ui/golden/batches-countdown.txt \
	tests/ui/golden/batches-failed-chinese.txt \
	tests/ui/golden/batches-idle.txt \
	tests/ui/golden/batches-never.txt \
	tests/ui/golden/batches-past.txt \
	tests/ui/golden/batches-rolling-out.txt \
	tests/ui/golden/instance-failed-60x16.txt \
	tests/ui/golden/instance-failed.txt \
	tests/ui/golden/instance-idle.txt \
	tests/ui/golden/instance-running-chinese.txt \
	tests/ui/golden/instances-failed-chinese.txt \
	tests/ui/golden/instances-idle-stale.txt \
	tests/ui/golden/instances-idle.txt \
	tests/ui/golden/instances-never.txt \
	tests/ui/golden/instances-past.txt \
	tests/ui/golden/instances-rolling-out.txt \
	tests/ui/golden/instances-unknown.txt
# The screen played by its keys.
UI_PLAY = tests/ui/play.c tests/ui/play.h
EXTRA_DIST += $(UI_PLAY)

UI_TESTS += tests/ui/test_screen
tests_ui_test_screen_SOURCES = tests/ui/test_screen.c $(UI_PLAY) $(UI_FIXTURE)
tests_ui_test_screen_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_screen_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/tests/ui
tests_ui_test_screen_LDADD = $(UI_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_dialogs
tests_ui_test_dialogs_SOURCES = tests/ui/test_dialogs.c $(UI_PLAY) $(UI_FIXTURE)
tests_ui_test_dialogs_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_dialogs_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/tests/ui
tests_ui_test_dialogs_LDADD = $(UI_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_golden
tests_ui_test_golden_SOURCES = tests/ui/test_golden.c $(UI_PLAY) $(UI_FIXTURE)
tests_ui_test_golden_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_golden_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/tests/ui
tests_ui_test_golden_LDADD = $(UI_LIBS) $(CHECK_LIBS)
EXTRA_DIST += \
	tests/ui/golden/screen-sums.txt \
	tests/ui/golden/screen-120x40-chinese.txt \
	tests/ui/golden/screen-120x40.txt \
	tests/ui/golden/screen-200x60-chinese.txt \
	tests/ui/golden/screen-200x60.txt \
	tests/ui/golden/screen-60x16.txt \
	tests/ui/golden/screen-80x24-ascii.txt \
	tests/ui/golden/screen-80x24-chinese.txt \
	tests/ui/golden/screen-80x24-mono.txt \
	tests/ui/golden/screen-80x24.txt


EXTRA_DIST += tests/ui/vt.c tests/ui/vt.h
UI_TESTS += tests/ui/test_term
tests_ui_test_term_SOURCES = tests/ui/test_term.c tests/ui/vt.c
tests_ui_test_term_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_term_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_term_LDADD = ui/libui.a $(BASE_LIBS) $(NCURSES_LIBS) $(CHECK_LIBS) -lutil

UI_TESTS += tests/ui/test_guard
tests_ui_test_guard_SOURCES = tests/ui/test_guard.c tests/ui/vt.c
tests_ui_test_guard_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_guard_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_guard_LDADD = ui/libui.a $(BASE_LIBS) $(NCURSES_LIBS) $(CHECK_LIBS) -lutil

UI_TESTS += tests/ui/test_sgr
tests_ui_test_sgr_SOURCES = tests/ui/test_sgr.c tests/ui/vt.c
tests_ui_test_sgr_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_sgr_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_ui_test_sgr_LDADD = ui/libui.a $(BASE_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_hostile
tests_ui_test_hostile_SOURCES = tests/ui/test_hostile.c $(UI_PLAY) $(UI_FIXTURE)
tests_ui_test_hostile_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_hostile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/tests/ui
tests_ui_test_hostile_LDADD = $(UI_LIBS) $(CHECK_LIBS)

UI_TESTS += tests/ui/test_watch
tests_ui_test_watch_SOURCES = tests/ui/test_watch.c tests/ui/fixture_watch.c tests/ui/fixture_watch.h \
	$(UI_PLAY) $(UI_FIXTURE)
tests_ui_test_watch_CFLAGS = $(TEST_CFLAGS)
tests_ui_test_watch_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/tests/ui
tests_ui_test_watch_LDADD = $(UI_LIBS) $(CHECK_LIBS) -lm
EXTRA_DIST += \
	tests/ui/golden/watch-80x24.txt \
	tests/ui/golden/watch-80x24-ascii.txt \
	tests/ui/golden/watch-120x40.txt \
	tests/ui/golden/watch-200x60.txt \
	tests/ui/golden/watch-60x16.txt \
	tests/ui/golden/timeline-120x40.txt \
	tests/ui/golden/timeline-80x24.txt \
	tests/ui/golden/watch-by-hand.txt \
	tests/ui/golden/watch-found.txt
