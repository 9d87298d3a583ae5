/* check_watch.c: which rules a group has, whom each asks, and where each receiver of `notify` is, with
 * whether its secrets are there; never what they are. Asks no server and tells nobody. */
#include "config.h"

#include "cli/check_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/out.h"
#include "store/answer.h"

enum { NAME_CELLS = 28, LAYER_CELLS = 11 };

/* ---- rules ---- */

/* What is asked, in the words of the file; the caller frees. */
static char *asked(const struct monitor_config *m)
{
    switch (m->source) {
    case MONITOR_REQUEST:
        return xstrdup(m->url);
    case MONITOR_CONNECT:
        return xasprintf("%s%s", m->connect, m->has_tls ? " with TLS" : "");
    case MONITOR_PROMETHEUS:
        return xasprintf("%s at %s", m->query, m->prometheus);
    case MONITOR_NUMBER:
        return m->json ? xasprintf("%s of %s", m->json, m->url) : xstrdup(m->url);
    case MONITOR_SCRAPE:
        return xstrdup(m->scrape);
    case MONITOR_TAIL:
        return xasprintf("%s in %s", m->pattern, m->tail);
    case MONITOR_EXPORTER:
        return xstrdup(m->exporter);
    default:
        return xstrdup("load, memory, disk, connections, process");
    }
}

static json_t *rules_of(const struct group_config *g)
{
    static const char *const sources[MONITOR_SOURCE_COUNT] = {
        [MONITOR_REQUEST] = "request", [MONITOR_CONNECT] = "connect",
        [MONITOR_PROMETHEUS] = "prometheus", [MONITOR_NUMBER] = "number",
        [MONITOR_SCRAPE] = "scrape", [MONITOR_TAIL] = "tail",
        [MONITOR_EXPORTER] = "exporter", [MONITOR_SYSTEM] = "system"};
    json_t *list = json_array();

    for (int i = 0; i < g->n_monitors; i++) {
        const struct monitor_config *m = &g->monitors[i];
        char *asks = asked(m);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "layer",
                                              layer_name(m->layer), "name", m->name, "source",
                                              sources[m->source], "asks", asks, "every_ms",
                                              (json_int_t)m->every_ms, "on_bad",
                                              m->is_warning ? "warn" : "brake"));
        free(asks);
    }
    return list;
}

/* ---- receivers ---- */

/* What is wrong with a variable, in words; the caller frees. NULL: nothing. */
static char *variable_fault(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? NULL : xasprintf("the variable %s is not set here", name);
}

static char *file_fault(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        return xasprintf("the file %s cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return xasprintf("%s is no plain file", path);
    if (st.st_size == 0)
        return xasprintf("the file %s is empty", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return xasprintf("others may read the file %s (mode %04o)", path,
                         (unsigned)(st.st_mode & 07777));
    return NULL;
}

/* A variable or file of a receiver, if it has that one. false: it is not there, and why is among the
 * warnings now. */
static bool check_secret(const char *receiver, const char *variable, const char *file,
                         json_t *warnings)
{
    char *fault = variable ? variable_fault(variable) : file ? file_fault(file) : NULL;

    if (!fault)
        return true;
    char *text = xasprintf("notify %s: %s", receiver, fault);
    json_array_append_new(warnings, json_string(text));
    free(text);
    free(fault);
    return false;
}

/* Where it is; the caller frees. */
static char *place_of(const struct notify_config *n)
{
    if (n->hook)
        return xasprintf("hook %s", n->hook);
    if (n->url)
        return xstrdup(n->url);
    return n->url_env ? xasprintf("URL in the variable %s", n->url_env)
                      : xasprintf("URL in the file %s", n->url_file);
}

static json_t *receivers_of(const struct group_config *g, json_t *warnings)
{
    json_t *list = json_array();

    for (int i = 0; i < g->n_notify; i++) {
        const struct notify_config *n = &g->notify[i];
        bool has_url = check_secret(n->name, n->url_env, n->url_file, warnings);
        bool has_secret = check_secret(n->name, n->secret_env, n->secret_file, warnings);
        char *place = place_of(n);
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", n->name, "place", place,
                                              "ok", has_url && has_secret));
        free(place);
    }
    return list;
}

void check_watch_add(json_t *answer, const struct group_config *g)
{
    json_t *warnings = json_object_get(answer, "warnings");

    if (!json_is_array(warnings)) {
        warnings = json_array();
        json_object_set_new(answer, "warnings", warnings);
    }
    json_object_set_new(answer, "watch_ms", json_integer(g->watch_ms));
    json_object_set_new(answer, "rules", rules_of(g));
    json_object_set_new(answer, "receivers", receivers_of(g, warnings));
}

/* ---- for a person ---- */

/* "500 ms", "5 s", "30 min" */
static const char *time_words(char *dst, size_t size, json_int_t ms)
{
    enum { SECOND = 1000, MINUTE = 60 * SECOND };

    if (ms % SECOND)
        snprintf(dst, size, "%lld ms", ms);
    else if (ms % MINUTE || ms == 0)
        snprintf(dst, size, "%lld s", ms / SECOND);
    else
        snprintf(dst, size, "%lld min", ms / MINUTE);
    return dst;
}

static void print_rule(const json_t *rule)
{
    const char *asks = answer_text(rule, "asks");
    bool warns = strcmp(answer_text(rule, "on_bad"), "warn") == 0;
    char every[32];

    printf("       ");
    out_column(stdout, answer_text(rule, "layer"), LAYER_CELLS);
    putchar(' ');
    out_column(stdout, answer_text(rule, "name"), NAME_CELLS + 2);
    time_words(every, sizeof every, json_integer_value(json_object_get(rule, "every_ms")));
    char *line = xasprintf(" every %s%s: %s", every, warns ? ", warns" : "", asks);
    out_column(stdout, line, out_width() - 7 - LAYER_CELLS - 1 - NAME_CELLS - 2);
    putchar('\n');
    free(line);
}

void check_watch_print(const json_t *answer)
{
    const json_t *entry;
    char time[32];
    size_t i;

    json_int_t watch = json_integer_value(json_object_get(answer, "watch_ms"));
    size_t n = json_array_size(json_object_get(answer, "rules"));
    if (watch)
        printf("  watched for %s after a release", time_words(time, sizeof time, watch));
    else
        fputs("  not watched after a release", stdout);
    puts(n ? ", by these rules" : ", without rules");
    json_array_foreach (json_object_get(answer, "rules"), i, entry)
        print_rule(entry);
    if (json_array_size(json_object_get(answer, "receivers")))
        puts("  told");
    json_array_foreach (json_object_get(answer, "receivers"), i, entry) {
        printf("  %-4s ", json_is_true(json_object_get(entry, "ok")) ? "ok" : "miss");
        out_column(stdout, answer_text(entry, "name"), NAME_CELLS);
        putchar(' ');
        out_column(stdout, answer_text(entry, "place"), out_width() - 8 - NAME_CELLS);
        putchar('\n');
    }
}
