/* cli.c: messages, exit statuses, the folders, and the way from a name to a group. Knows no command. */
#include "config.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/out.h"

static const char DATABASE[] = "footplate.db";

static void say(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static void say(const char *fmt, va_list ap)
{
    struct buf b;

    buf_init(&b, 0);
    buf_vaddf(&b, fmt, ap);
    fputs("footplate: ", stderr);
    out_string(stderr, buf_str(&b));
    fputc('\n', stderr);
    buf_release(&b);
}

int cli_fail(int status, const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return status;
}

void cli_say(const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

int cli_flush(void)
{
    int code = fflush(stdout) != 0 ? errno : 0;

    if (code && code != EPIPE)
        cli_say("cannot write what is to be printed: %s", strerror(code));
    return code || ferror(stdout) ? EXIT_UNABLE : EXIT_DONE;
}

int cli_status_of(int err_code)
{
    switch (err_code) {
    case ERR_OK:
        return EXIT_DONE;
    case ERR_USAGE:
        return EXIT_USAGE;
    case ERR_REFUSED:
        return EXIT_REFUSED;
    default:
        return EXIT_UNABLE;
    }
}

int cli_fail_err(const struct err *e)
{
    if (e->file[0])
        return cli_fail(cli_status_of(e->code), "%s:%d:%d: %s", e->file, e->line, e->column, e->msg);
    return cli_fail(cli_status_of(e->code), "%s", e->msg[0] ? e->msg : err_name(e->code));
}

/* Many lines of ours (the inventory's report, which quotes files), each made safe. */
static void print_report(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");

        out_text(stderr, text, n);
        fputc('\n', stderr);
        text += n + (text[n] == '\n');
    }
}

enum loudness { QUIET, LOUD };

static struct inventory *load(const struct cli *c, enum loudness loudness,
                              struct inventory *(*read)(const char *dir, struct buf *report))
{
    struct inventory *inv;
    struct buf report;

    buf_init(&report, 0);
    inv = read(c->config_dir, &report);
    if (!inv && loudness == LOUD) {
        fflush(stdout);
        print_report(buf_str(&report));
    }
    buf_release(&report);
    return inv;
}

const struct inventory *cli_inventory(struct cli *c)
{
    if (!c->inventory)
        c->inventory = load(c, LOUD, inventory_load);
    return c->inventory;
}

const struct inventory *cli_inventory_quiet(struct cli *c)
{
    if (!c->inventory && !c->is_inventory_wrong)
        c->inventory = load(c, QUIET, inventory_load);
    c->is_inventory_wrong = !c->inventory;
    return c->inventory;
}

static char *xdg_folder(const char *variable, const char *below_home)
{
    const char *xdg = getenv(variable);
    const char *home = getenv("HOME");

    if (xdg && xdg[0] == '/')
        return xasprintf("%s/footplate", xdg);
    if (home && home[0] == '/')
        return xasprintf("%s/%s/footplate", home, below_home);
    return NULL;
}

/* Where nothing was ever configured. */
static struct inventory *no_settings(char *dir)
{
    struct inventory *inv = xcalloc(1, sizeof *inv);

    inv->dir = dir;
    inv->theme = xstrdup("dark");
    return inv;
}

struct inventory *cli_settings(const struct cli *c)
{
    char *usual = c->config_dir ? NULL : xdg_folder("XDG_CONFIG_HOME", ".config");

    if (usual && access(usual, F_OK) != 0 && errno == ENOENT)
        return no_settings(usual);
    free(usual);
    return load(c, LOUD, inventory_load_settings);
}

/* The engine is started in another folder: every path is absolute. A folder that is not there yet
 * keeps its name behind the present folder. */
static char *absolute(const char *path)
{
    char *real = realpath(path, NULL);
    char *cwd, *joined;

    if (real || path[0] == '/')
        return real ? real : xstrdup(path);
    cwd = getcwd(NULL, 0);
    joined = xasprintf("%s/%s", cwd ? cwd : "", path);
    free(cwd);
    return joined;
}

/* --store names a folder, or the file footplate.db that is in it. */
static char *folder_of(const char *arg)
{
    const char *slash = strrchr(arg, '/');
    const char *last = slash ? slash + 1 : arg;
    struct stat st;

    if (strcmp(last, DATABASE) == 0 && (stat(arg, &st) != 0 || S_ISREG(st.st_mode))) {
        char *folder = slash ? xstrndup(arg, (size_t)(slash - arg) + (slash == arg)) : xstrdup(".");
        char *full = absolute(folder);

        free(folder);
        return full;
    }
    return absolute(arg);
}

/* Of the settings alone: a mistake in the file of some group keeps nobody from braking. */
const char *cli_store_dir(struct cli *c)
{
    struct inventory *settings;

    if (c->store_dir)
        return c->store_dir;
    if (c->store_arg) {
        c->store_dir = folder_of(c->store_arg);
        return c->store_dir;
    }
    settings = load(c, LOUD, inventory_load_settings);
    if (!settings)
        return NULL;
    c->store_dir = settings->store ? xstrdup(settings->store) : xdg_folder("XDG_STATE_HOME", ".local/state");
    inventory_free(settings);
    if (!c->store_dir)
        cli_fail(EXIT_USAGE, "neither XDG_STATE_HOME nor HOME names a folder; say --store DIR");
    return c->store_dir;
}

int cli_store_read(struct cli *c, struct store **s)
{
    struct err e = {0};
    const char *dir = cli_store_dir(c);

    *s = dir ? store_open(dir, STORE_READ, &e) : NULL;
    if (!dir)
        return EXIT_USAGE;
    if (*s && *store_notice(*s))
        cli_say("%s", store_notice(*s));
    return *s || e.code == ERR_NOTFOUND ? EXIT_DONE : cli_fail_err(&e);
}

/* Names of groups, each once; borrowed from the inventory and the store's rows. */
static const char **known_groups(struct cli *c, struct group_row *rows, int n, int *count)
{
    const struct inventory *inv = cli_inventory_quiet(c);
    const char **names = xcalloc((size_t)n + (size_t)(inv ? inv->n_groups : 0) + 1, sizeof *names);

    *count = 0;
    for (int i = 0; inv && i < inv->n_groups; i++)
        names[(*count)++] = inv->groups[i].name;
    for (int i = 0; i < n; i++)
        if (!inv || !inventory_group(inv, rows[i].name))
            names[(*count)++] = rows[i].name;
    return names;
}

/* "; there are shop-web, pay-api" */
static void add_known(struct buf *b, const char *const *names, int n)
{
    enum { SHOWN_GROUPS = 10 };

    for (int i = 0; i < n && i < SHOWN_GROUPS; i++)
        buf_addf(b, "%s%s", i ? ", " : n == 1 ? "; there is " : "; there are ", names[i]);
    if (n > SHOWN_GROUPS)
        buf_addf(b, " and %d more", n - SHOWN_GROUPS);
}

static int no_such_group(struct cli *c, struct store *s, const char *name)
{
    struct group_row *rows = NULL;
    struct err e = {0};
    int n = s ? groups_list(s, &rows, &e) : 0;
    int count, status;
    const char **names = known_groups(c, rows, n > 0 ? n : 0, &count);
    const char *near = nearest_name(name, names, count);
    struct buf known;

    buf_init(&known, 0);
    add_known(&known, names, count);
    if (near)
        status = cli_fail(EXIT_USAGE, "no group `%s`; did you mean `%s`?", name, near);
    else
        status = cli_fail(EXIT_USAGE, "no group `%s` in the configuration%s%s%s", name,
                          s ? " or the store" : "",
                          c->inventory ? "" : ", which has errors: `footplate check` shows them", buf_str(&known));
    buf_release(&known);
    free(names);
    group_rows_free(rows, n > 0 ? n : 0);
    return status;
}

static bool is_in_inventory(struct cli *c, const char *name)
{
    const struct inventory *inv = cli_inventory_quiet(c);

    return inv && inventory_group(inv, name);
}

int cli_group(struct cli *c, struct store *s, const char *name, struct group_row **row)
{
    struct err e = {0};
    int rc = group_get(s, name, row, &e);

    if (rc > 0)
        return EXIT_DONE;
    if (rc < 0 && rc != ERR_NOTFOUND)
        return cli_fail_err(&e);
    if (is_in_inventory(c, name))
        return cli_fail(EXIT_REFUSED, "nothing was ever done with group `%s`", name);
    return no_such_group(c, s, name);
}

int cli_group_exists(struct cli *c, struct store *s, const char *name)
{
    struct group_row *row = NULL;
    struct err e = {0};
    int rc = s ? group_get(s, name, &row, &e) : 0;

    group_rows_free(row, rc > 0 ? rc : 0);
    if (rc > 0 || is_in_inventory(c, name))
        return EXIT_DONE;
    if (rc < 0 && rc != ERR_NOTFOUND)
        return cli_fail_err(&e);
    return no_such_group(c, s, name);
}

int cli_parse_instance(const char *text, char *host, size_t size, int *port, struct err *e)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);

    *port = 0;
    if (n == 0 || n >= size)
        return err_set(e, ERR_USAGE, "`%s` is no instance; it is HOST or HOST:PORT", text);
    memcpy(host, text, n);
    host[n] = '\0';
    if (colon) {
        char *end;
        long p = strtol(colon + 1, &end, 10);

        if (end == colon + 1 || *end || p < 1 || p > 65535)
            return err_set(e, ERR_USAGE, "`%s` is no port; it is 1 to 65535", colon + 1);
        *port = (int)p;
    }
    return 0;
}

void cli_release(struct cli *c)
{
    inventory_free(c->inventory);
    free(c->store_dir);
    memset(c, 0, sizeof *c);
}
