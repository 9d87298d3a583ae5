/* labels.c: what rules and receivers are called where their file gives them no name: made from what
 * they ask or tell, short, the same whenever the file is read, and no two alike in a group. */
#include "config.h"

#include "inventory/schema_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

/* What stands for a placeholder in a name. */
static const char *placeholder_word(char letter)
{
    static const struct {
        char letter;
        const char *word;
    } words[] = {{'h', "instance"}, {'p', "port"}, {'g', "group"}, {'d', "doc_base"}, {'%', "%"}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].letter == letter)
            return words[i].word;
    }
    return NULL;
}

/* The text in words; the port of an instance is no news. */
static void add_worded(struct buf *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        const char *word = *p == '%' ? placeholder_word(p[1]) : NULL;
        bool is_port = strncmp(p, ":%p", 3) == 0;
        if (is_port)
            p += 2;
        else if (word)
            p++;
        if (word)
            buf_adds(b, word);
        else if (!is_port)
            buf_addc(b, *p);
    }
}

/* Host and path of a URL: "shop.example.com/cart". */
static void add_url(struct buf *b, const char *url)
{
    const char *host = strstr(url, "://");
    char *rest = xstrdup(host ? host + 3 : url);
    size_t n = strcspn(rest, "?#");

    rest[n] = '\0';
    if (n > 0 && rest[n - 1] == '/')
        rest[n - 1] = '\0';
    add_worded(b, rest);
    free(rest);
}

/* The last part of a path. */
static void add_last_part(struct buf *b, const char *path)
{
    const char *slash = strrchr(path, '/');

    add_worded(b, slash && slash[1] ? slash + 1 : path);
}

/* The words of a query, one space between two. */
static void add_query(struct buf *b, const char *query)
{
    static const char spaces[] = " \t\n";

    for (const char *p = query + strspn(query, spaces); *p; p += strspn(p, spaces)) {
        size_t n = strcspn(p, spaces);
        buf_adds(b, b->len ? " " : "");
        buf_add(b, p, n);
        p += n;
    }
}

static void add_rule(struct buf *b, const struct monitor_config *m)
{
    switch (m->source) {
    case MONITOR_REQUEST:
        add_url(b, m->url);
        break;
    case MONITOR_CONNECT:
        add_worded(b, m->connect);
        break;
    case MONITOR_PROMETHEUS:
        add_query(b, m->query);
        break;
    case MONITOR_NUMBER:
        if (m->json)
            buf_adds(b, m->json);
        else
            add_url(b, m->url);
        break;
    case MONITOR_SCRAPE:
        add_url(b, m->scrape);
        break;
    case MONITOR_TAIL:
        add_last_part(b, m->tail);
        break;
    default:
        buf_adds(b, layer_name(m->layer));
        break;
    }
}

static void add_receiver(struct buf *b, const struct notify_config *n)
{
    static const char *const presets[PRESET_COUNT] = {NULL, "slack", "dingtalk", "wecom", "feishu"};

    if (n->hook) {
        char *command = xstrndup(n->hook, strcspn(n->hook, " \t\n"));
        const char *slash = strrchr(command, '/');
        buf_adds(b, slash && slash[1] ? slash + 1 : command);
        free(command);
    } else if (presets[n->preset]) {
        buf_adds(b, presets[n->preset]);
    } else if (n->url) {
        add_url(b, n->url);
    } else if (n->url_env) {
        buf_adds(b, n->url_env);
    } else {
        add_last_part(b, n->url_file);
    }
}

/* ---- short and alone ---- */

/* The text, cut so that `end` fits behind it in LABEL_CELLS. Owned. */
static char *fitted(const char *text, const char *end)
{
    size_t room = LABEL_CELLS - strlen(end);
    size_t n = text_cut(text, room);

    if (text[n] == '\0')
        return xasprintf("%s%s", text, end);
    return xasprintf("%.*s~%s", (int)text_cut(text, room - 1), text, end);
}

typedef const char *(*name_at)(const void *list, int i);

static bool is_taken(name_at name, const void *list, int n, const char *text)
{
    for (int i = 0; i < n; i++) {
        if (name(list, i) && strcmp(name(list, i), text) == 0)
            return true;
    }
    return false;
}

/* The first of "text", "text 2", "text 3" that no other has. Takes b. */
static char *free_name(name_at name, const void *list, int n, struct buf *b)
{
    char *text = text_safe((struct raw){buf_str(b), b->len}, TEXT_PLAIN);
    char *got = fitted(*text ? text : "?", "");

    for (int i = 2; is_taken(name, list, n, got); i++) {
        char end[16];
        snprintf(end, sizeof end, " %d", i);
        free(got);
        got = fitted(*text ? text : "?", end);
    }
    free(text);
    buf_release(b);
    return got;
}

static const char *rule_name(const void *list, int i)
{
    return ((const struct monitor_config *)list)[i].name;
}

static const char *receiver_name(const void *list, int i)
{
    return ((const struct notify_config *)list)[i].name;
}

static void in_order_of_layers(struct group_config *g)
{
    struct monitor_config *sorted = NULL;
    int n = 0;

    for (int layer = 0; layer < LAYER_COUNT; layer++) {
        for (int i = 0; i < g->n_monitors; i++) {
            if (g->monitors[i].layer == (enum layer)layer)
                rule_add(&sorted, &n, &g->monitors[i]);
        }
    }
    free(g->monitors);
    g->monitors = sorted;
}

void rules_finish(struct group_config *g)
{
    struct buf b;

    in_order_of_layers(g);
    for (int i = 0; i < g->n_monitors; i++) {
        if (g->monitors[i].name)
            continue;
        buf_init(&b, 0);
        add_rule(&b, &g->monitors[i]);
        g->monitors[i].name = free_name(rule_name, g->monitors, g->n_monitors, &b);
    }
    for (int i = 0; i < g->n_notify; i++) {
        if (g->notify[i].name)
            continue;
        buf_init(&b, 0);
        add_receiver(&b, &g->notify[i]);
        g->notify[i].name = free_name(receiver_name, g->notify, g->n_notify, &b);
    }
}
