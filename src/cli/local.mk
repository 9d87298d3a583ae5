noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/act.c src/cli/act.h \
	src/cli/byhand.c src/cli/byhand.h \
	src/cli/check_watch.c src/cli/check_watch.h \
	src/cli/cli.c src/cli/cli.h \
	src/cli/commands.c src/cli/commands.h \
	src/cli/console_keys.c src/cli/console_keys.h \
	src/cli/cmd_check.c src/cli/cmd_console.c src/cli/cmd_continue.c src/cli/cmd_engine.c src/cli/cmd_exclude.c \
	src/cli/cmd_event.c src/cli/cmd_timeline.c src/cli/cmd_watch.c \
	src/cli/cmd_help.c src/cli/cmd_history.c src/cli/cmd_interrupt.c src/cli/cmd_ledger.c \
	src/cli/cmd_logs.c src/cli/cmd_markdown.c src/cli/cmd_markup.c src/cli/cmd_plan.c \
	src/cli/cmd_retry.c src/cli/cmd_rollback.c src/cli/cmd_start.c src/cli/cmd_status.c \
	src/cli/events.c src/cli/events.h \
	src/cli/follow.c src/cli/follow.h \
	src/cli/instance_arg.c src/cli/instance_arg.h \
	src/cli/login.c src/cli/login.h \
	src/cli/logline.c src/cli/logline.h \
	src/cli/options.c src/cli/options.h \
	src/cli/out.c src/cli/out.h \
	src/cli/plan_print.c src/cli/plan_print.h \
	src/cli/press.c src/cli/press.h \
	src/cli/spawn.c src/cli/spawn.h \
	src/cli/start_args.c src/cli/start_args.h \
	src/cli/status.h src/cli/status_json.c src/cli/status_text.c \
	src/cli/timeline_out.c src/cli/timeline_out.h \
	src/cli/tmux.c src/cli/tmux.h \
	src/cli/watched.c src/cli/watched.h src/cli/watched_json.c \
	src/cli/watch.c src/cli/watch.h \
	src/cli/when.c src/cli/when.h \
	src/cli/who.c src/cli/who.h

bin_PROGRAMS += footplate
footplate_SOURCES = src/cli/main.c
footplate_LDADD = src/cli/libcli.a ui/libui.a src/monitor/libmonitor.a $(ENGINE_LIBS) $(NCURSES_LIBS)
dist_man_MANS += doc/footplate.1

# The commands with an engine that plays stories in the place of the real one.
check_PROGRAMS += tests/cli/footplate-scripted
tests_cli_footplate_scripted_SOURCES = src/cli/main.c tests/cli/scripted_engine.c
tests_cli_footplate_scripted_LDADD = src/cli/libcli.a ui/libui.a src/monitor/libmonitor.a $(ENGINE_LIBS) \
	$(NCURSES_LIBS)

CLI_TESTS = tests/cli/cli.sh tests/cli/manual.sh tests/cli/console.sh tests/cli/event.sh tests/cli/watched.sh
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS) tests/cli/lib.sh

# A store in which something is watched.
check_PROGRAMS += tests/cli/fill_watched
tests_cli_fill_watched_SOURCES = tests/cli/fill_watched.c
tests_cli_fill_watched_LDADD = $(STORE_LIBS)
