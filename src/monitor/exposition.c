/* exposition.c: reads samples a line at a time. Format: developers' documentation of Prometheus, "Exposition
 * formats", text format 0.0.4; a closing "# EOF" of its successor is a comment here. */
#include "config.h"

#include "monitor/exposition.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inventory/selector.h"
#include "monitor/pattern.h"

enum { VALUE_BYTES = 1024 };

/* patterns[i] belongs to selector.matchers[i], where that has one. */
struct metric {
    struct selector selector;
    char *name; /* with its suffix */
    struct pattern **patterns;
};

static bool is_name_byte(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!is_first && c >= '0' && c <= '9');
}

static size_t name_len(const char *p, const char *end)
{
    const char *q = p;

    while (q < end && is_name_byte(*q, q == p))
        q++;
    return (size_t)(q - p);
}

static const char *blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* A text in quotation marks, with \\, \" and \n, into dst (cut when it is longer). Behind it; NULL: none. */
static const char *quoted(const char *p, const char *end, char *dst, size_t size)
{
    size_t n = 0;

    if (p == end || *p != '"')
        return NULL;
    for (p++; p < end && *p != '"'; p++) {
        char c = *p;
        if (c == '\\' && p + 1 < end)
            c = *++p == 'n' ? '\n' : *p;
        if (n + 1 < size)
            dst[n++] = c;
    }
    dst[n] = '\0';
    return p < end ? p + 1 : NULL;
}

/* ---- metrics --------------------------------------------------------------------------------------------- */

static bool is_pattern(const struct selector_matcher *m)
{
    return m->op == SELECT_MATCH || m->op == SELECT_NO_MATCH;
}

/* A pattern is meant for the whole of a value. */
static bool add_patterns(struct metric *m, struct err *e)
{
    bool is_good = true;

    m->patterns = xcalloc((size_t)m->selector.n + 1, sizeof *m->patterns);
    for (int i = 0; i < m->selector.n && is_good; i++) {
        if (!is_pattern(&m->selector.matchers[i]))
            continue;
        char *anchored = xasprintf("\\A(?:%s)\\z", m->selector.matchers[i].value);
        m->patterns[i] = pattern_new(anchored, e);
        is_good = m->patterns[i] != NULL;
        free(anchored);
    }
    return is_good;
}

struct metric *metric_new(const char *text, const char *suffix, struct err *e)
{
    struct metric *m = xcalloc(1, sizeof *m);
    struct err why = {0};

    if (selector_parse(text, &m->selector, &why) == 0 && add_patterns(m, &why)) {
        m->name = xasprintf("%s%s", m->selector.name, suffix);
        return m;
    }
    err_set(e, ERR_USAGE, "`%s` is no metric: %s", text, why.msg);
    metric_free(m);
    return NULL;
}

void metric_free(struct metric *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->selector.n; i++)
        pattern_free(m->patterns ? m->patterns[i] : NULL);
    free(m->patterns);
    free(m->name);
    selector_release(&m->selector);
    free(m);
}

/* ---- samples --------------------------------------------------------------------------------------------- */

struct sample {
    const char *name;
    size_t name_len;
    const char *labels, *end; /* between the braces */
    double value;
};

/* A label that is not there is the empty text. */
static void find_label(const struct sample *x, const char *label, char *value, size_t size)
{
    char other[VALUE_BYTES];
    size_t want = strlen(label);

    value[0] = '\0';
    for (const char *p = x->labels; p && p < x->end;) {
        p = blanks(p, x->end);
        size_t n = name_len(p, x->end);
        bool is_it = n == want && memcmp(p, label, n) == 0;
        const char *at = blanks(p + n, x->end);
        if (n == 0 || at == x->end || *at != '=')
            return;
        p = quoted(blanks(at + 1, x->end), x->end, is_it ? value : other, is_it ? size : sizeof other);
        if (is_it)
            return;
        p = p ? blanks(p, x->end) : NULL;
        if (p && p < x->end && *p == ',')
            p++;
    }
}

/* 1, 0, or -1: too expensive to say. */
static int match(const struct metric *m, const struct sample *x)
{
    char value[VALUE_BYTES];

    if (strlen(m->name) != x->name_len || memcmp(m->name, x->name, x->name_len) != 0)
        return 0;
    for (int i = 0; i < m->selector.n; i++) {
        const struct selector_matcher *want = &m->selector.matchers[i];
        find_label(x, want->label, value, sizeof value);
        int like = m->patterns[i] ? pattern_match(m->patterns[i], value, strlen(value))
                                  : strcmp(value, want->value) == 0;
        if (like < 0)
            return -1;
        if ((like == 1) != (want->op == SELECT_EQUAL || want->op == SELECT_MATCH))
            return 0;
    }
    return 1;
}

/* Where the labels end: the closing brace that stands in no quotation marks. */
static const char *closing(const char *p, const char *end)
{
    bool is_quoted = false;

    for (; p < end; p++) {
        if (is_quoted && *p == '\\')
            p++;
        else if (*p == '"')
            is_quoted = !is_quoted;
        else if (*p == '}' && !is_quoted)
            return p;
    }
    return NULL;
}

static bool read_value(const char *p, const char *end, double *v)
{
    char number[64], *behind;
    size_t n = 0;

    p = blanks(p, end);
    while (p + n < end && p[n] != ' ' && p[n] != '\t' && p[n] != '\r' && n + 1 < sizeof number)
        n++;
    if (n == 0)
        return false;
    memcpy(number, p, n);
    number[n] = '\0';
    *v = strtod(number, &behind);
    return *behind == '\0';
}

static bool read_sample(const char *p, const char *end, struct sample *x)
{
    *x = (struct sample){.name = p, .name_len = name_len(p, end)};
    if (x->name_len == 0)
        return false;
    p = blanks(p + x->name_len, end);
    if (p < end && *p == '{') {
        x->labels = p + 1;
        x->end = closing(p + 1, end);
        if (!x->end)
            return false;
        p = x->end + 1;
    }
    return read_value(p, end, &x->value);
}

/* What is done with a sample that has a finite value; a negative code ends the reading. */
typedef int (*sample_taken)(void *arg, const struct sample *x);

static int each_sample(const char *text, size_t len, sample_taken take, void *arg, int *bad)
{
    const char *end = text + len;
    int samples = 0, rc = 0;

    *bad = 0;
    for (const char *line = text; line < end && rc >= 0;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        struct sample x;
        if (!stop)
            stop = end;
        const char *p = blanks(line, stop);
        line = stop + 1;
        if (p == stop || *p == '#' || *p == '\r')
            continue;
        if (!read_sample(p, stop, &x)) {
            (*bad)++;
            continue;
        }
        samples++;
        if (isfinite(x.value))
            rc = take(arg, &x);
    }
    return rc < 0 ? rc : samples;
}

static void add(double *sum, int *n, double value)
{
    *sum = (*n)++ == 0 ? value : *sum + value;
}

struct sums {
    struct sum *sums;
    int n;
};

static int take_sums(void *arg, const struct sample *x)
{
    struct sums *s = arg;

    for (int i = 0; i < s->n; i++) {
        int rc = s->sums[i].metric ? match(s->sums[i].metric, x) : 0;
        if (rc < 0)
            return ERR_LIMIT;
        if (rc > 0)
            add(&s->sums[i].value, &s->sums[i].n, x->value);
    }
    return 0;
}

int exposition_read(const char *text, size_t len, struct sum *sums, int n, int *bad)
{
    for (int i = 0; i < n; i++) {
        sums[i].value = NAN;
        sums[i].n = 0;
    }
    return each_sample(text, len, take_sums, &(struct sums){sums, n}, bad);
}

struct sorting {
    const char *label;
    const struct metric *const *metrics;
    struct parts *parts;
};

/* The part of this value, made if there is none yet; NULL: there are too many. */
static struct part *part_of(struct parts *parts, const char *value)
{
    for (int i = 0; i < parts->n; i++) {
        if (strcmp(parts->part[i].value, value) == 0)
            return &parts->part[i];
    }
    if (parts->n == PARTS_MOST)
        return NULL;
    struct part *p = &parts->part[parts->n++];
    *p = (struct part){.sums = {NAN, NAN, NAN, NAN}};
    memcpy(p->value, value, strlen(value) + 1);
    return p;
}

static int take_parts(void *arg, const struct sample *x)
{
    struct sorting *s = arg;
    char value[PART_BYTES + 1] = "";
    struct part *p = NULL;

    for (int i = 0; i < PART_SUMS; i++) {
        int rc = s->metrics[i] ? match(s->metrics[i], x) : 0;
        if (rc < 0)
            return ERR_LIMIT;
        if (rc == 0)
            continue;
        if (!p && s->label)
            find_label(x, s->label, value, sizeof value);
        if (!p && strlen(value) < PART_BYTES)
            p = part_of(s->parts, value);
        if (!p)
            return ERR_PROTOCOL;
        add(&p->sums[i], &p->n[i], x->value);
    }
    return 0;
}

int exposition_read_parts(const char *text, size_t len, const char *label,
                          const struct metric *const metrics[PART_SUMS], struct parts *parts, int *bad)
{
    parts->n = 0;
    if (!label)
        part_of(parts, "");
    return each_sample(text, len, take_parts, &(struct sorting){label, metrics, parts}, bad);
}
