/* cmd_console.c: `console`, and `footplate` alone: the full screen, or one picture of it as text.
 * Puts together what the screen needs of the command line, the settings and the login; draws
 * nothing. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/console_keys.h"
#include "cli/spawn.h"
#include "cli/who.h"
#include "ui/console.h"

enum { OPT_THEME, OPT_ASCII, OPT_COLOR, OPT_DUMP, OPT_PANE };
static const struct opt opts[] = {
    [OPT_THEME] = {"theme", 0, OPT_TEXT, "NAME", "the colours"},
    [OPT_ASCII] = {"ascii", 0, OPT_FLAG, NULL, "borders and marks in ASCII"},
    [OPT_COLOR] = {"color", 0, OPT_TEXT, "WHEN", "always, never or auto"},
    [OPT_DUMP] = {"dump-screen", 0, OPT_TEXT, "COLSxROWS", "print the screen as text, once"},
    [OPT_PANE] = {"pane", 0, OPT_TEXT, "NAME", "the pane that is looked at first"},
};

enum { SIDE_MAX = 1000 };

/* What the clerk's thread needs to start an engine. */
struct ensure {
    const char *store_dir, *config_dir;
    pid_t pid;
};

static int ensure_engine(void *arg, struct err *e)
{
    struct ensure *en = arg;

    return engine_ensure_quiet(en->store_dir, en->config_dir, &en->pid, e);
}

static int bad_color(const char *when)
{
    return cli_fail(EXIT_USAGE, "--color is always, never or auto, not \"%s\"", when);
}

/* NO_COLOR (no-color.org) counts unless a person says otherwise here and now. */
static int color_flags(const struct args *a, unsigned *flags)
{
    const char *when = a->values[OPT_COLOR].text ? a->values[OPT_COLOR].text : "auto";
    const char *no = getenv("NO_COLOR");

    if (strcmp(when, "always") != 0 && strcmp(when, "never") != 0 && strcmp(when, "auto") != 0)
        return bad_color(when);
    if (strcmp(when, "never") == 0 || (strcmp(when, "auto") == 0 && no && no[0]))
        *flags |= TERM_NO_COLOUR;
    return EXIT_DONE;
}

/* "80x24" */
static int dump_size(const char *text, int *cols, int *rows)
{
    char *end;
    long c = strtol(text, &end, 10);
    long r = *end == 'x' ? strtol(end + 1, &end, 10) : 0;

    if (*end || c < 1 || r < 1 || c > SIDE_MAX || r > SIDE_MAX)
        return cli_fail(EXIT_USAGE, "--dump-screen is COLSxROWS such as 120x40, not \"%s\"", text);
    *cols = (int)c;
    *rows = (int)r;
    return EXIT_DONE;
}

/* A name that nobody knows would only show an empty screen. */
static int check_group(struct cli *c, const char *group)
{
    struct store *s = NULL;
    int status = cli_store_read(c, &s);

    if (status == EXIT_DONE && group)
        status = cli_group_exists(c, s, group);
    store_close(s);
    return status;
}

static int check_terminal(void)
{
    const char *term = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return cli_fail(EXIT_USAGE, "the console wants a terminal; `footplate status` prints, "
                                    "`footplate --dump-screen 80x24` shows the screen once");
    if (!term || !term[0] || strcmp(term, "dumb") == 0)
        return cli_fail(EXIT_USAGE, "the console cannot draw on TERM=%s; `footplate status` prints",
                        term ? term : "");
    return EXIT_DONE;
}

static int dump(const struct console_spec *spec, const struct args *a)
{
    struct err e = {0};
    struct buf out;
    int cols = 0, rows = 0;
    int status = dump_size(a->values[OPT_DUMP].text, &cols, &rows);

    if (status != EXIT_DONE)
        return status;
    buf_init(&out, 0);
    if (console_dump(spec, rows, cols, a->values[OPT_PANE].text, &out, &e) < 0)
        status = cli_fail_err(&e);
    else
        fputs(buf_str(&out), stdout);
    buf_release(&out);
    return status;
}

/* The first engine makes the store; after that the screen is there before an engine is. */
static int make_store(struct cli *c, struct ensure *en)
{
    struct store *s = NULL;
    struct err e = {0};
    int status = store_folder_make(c);

    if (status == EXIT_DONE)
        status = cli_store_read(c, &s);
    if (status == EXIT_DONE && !s && ensure_engine(en, &e) < 0)
        status = cli_fail_err(&e);
    store_close(s);
    return status;
}

static int show(struct cli *c, struct console_spec *spec)
{
    struct ensure en = {.store_dir = spec->store_dir, .config_dir = c->config_dir};
    struct err e = {0};
    char *last = NULL;
    int status = check_terminal();

    if (status == EXIT_DONE)
        status = make_store(c, &en);
    if (status != EXIT_DONE)
        return status;
    spec->ensure_engine = ensure_engine;
    spec->ensure_arg = &en;
    if (console_run(spec, &last, &e) < 0)
        status = cli_fail_err(&e);
    if (last)
        puts(last);
    free(last);
    return status;
}

/* Everything but the keys, which settings hold. */
static int run_with(struct cli *c, const struct args *a, const struct inventory *settings,
                    struct console_spec *spec)
{
    char *theme_dir = xasprintf("%s/themes", settings->dir);
    char *user = who_user(), *driver = who_named(c), *tty = who_tty();
    char *ssh = who_ssh_client(), *tmux = who_tmux_session();
    int status = color_flags(a, &spec->term_flags);

    spec->theme = a->values[OPT_THEME].text ? a->values[OPT_THEME].text : settings->theme;
    spec->theme_dir = theme_dir;
    spec->who = (struct screen_who){.user = user, .driver = driver, .tty = tty, .ssh_client = ssh,
                                    .tmux = tmux};
    if (settings->has_ascii_borders || a->values[OPT_ASCII].count)
        spec->term_flags |= TERM_ASCII;
    if (status == EXIT_DONE)
        status = check_group(c, spec->group);
    if (status == EXIT_DONE && a->values[OPT_DUMP].count)
        status = dump(spec, a);
    else if (status == EXIT_DONE)
        status = show(c, spec);
    free(theme_dir);
    free(user);
    free(driver);
    free(tty);
    free(ssh);
    free(tmux);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    struct console_spec spec = {.group = a->n_words ? a->words[0] : NULL,
                                .pane = a->values[OPT_PANE].text};
    struct inventory *settings = cli_settings(c);
    struct keymap *keymap = keymap_new();
    struct err e = {0};
    int status = EXIT_USAGE;

    spec.store_dir = settings ? cli_store_dir(c) : NULL;
    spec.keymap = keymap;
    if (spec.store_dir && console_keys(keymap, settings, &e) < 0)
        status = cli_fail_err(&e);
    else if (spec.store_dir)
        status = run_with(c, a, settings, &spec);
    keymap_free(keymap);
    inventory_free(settings);
    return status;
}

const struct cmd cmd_console = {
    .name = "console",
    .words = "[GROUP]",
    .max_words = 1,
    .help = "Show the full screen: everything of a release, and the keys that drive it.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
