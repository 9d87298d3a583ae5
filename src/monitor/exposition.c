/* exposition.c: reads samples a line at a time. Format: developers' documentation of Prometheus, "Exposition
 * formats", text format 0.0.4; a closing "# EOF" of its successor is a comment here. */
#include "config.h"

#include "monitor/exposition.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/pattern.h"

enum { VALUE_BYTES = 1024, MATCHERS_MAX = 16 };

enum match_op { MATCH_IS, MATCH_IS_NOT, MATCH_LIKE, MATCH_UNLIKE };

struct matcher {
    char *label, *value;
    enum match_op op;
    struct pattern *pattern;
};

struct selector {
    char *name;
    struct matcher matchers[MATCHERS_MAX];
    int n;
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

/* ---- selectors ------------------------------------------------------------------------------------------- */

static const char *read_op(const char *p, enum match_op *op)
{
    if (p[0] == '!' && p[1] == '=')
        *op = MATCH_IS_NOT;
    else if (p[0] == '=' && p[1] == '~')
        *op = MATCH_LIKE;
    else if (p[0] == '!' && p[1] == '~')
        *op = MATCH_UNLIKE;
    else if (p[0] == '=')
        *op = MATCH_IS;
    else
        return NULL;
    return p + (*op == MATCH_IS ? 1 : 2);
}

/* One `label="value"`; behind it, or NULL. */
static const char *read_matcher(struct selector *s, const char *p, const char *end, struct err *e)
{
    struct matcher *m = &s->matchers[s->n];
    char value[VALUE_BYTES];
    size_t n = name_len(p, end);

    if (n == 0 || s->n == MATCHERS_MAX)
        return NULL;
    const char *at = read_op(blanks(p + n, end), &m->op);
    at = at ? quoted(blanks(at, end), end, value, sizeof value) : NULL;
    if (!at)
        return NULL;
    s->n++;
    m->label = xstrndup(p, n);
    m->value = xstrdup(value);
    if (m->op == MATCH_LIKE || m->op == MATCH_UNLIKE) {
        char *anchored = xasprintf("^(?:%s)$", value);
        m->pattern = pattern_new(anchored, e);
        free(anchored);
        if (!m->pattern)
            return NULL;
    }
    return blanks(at, end);
}

static bool read_matchers(struct selector *s, const char *p, const char *end, struct err *e)
{
    p = blanks(p, end);
    if (p == end)
        return true;
    if (*p++ != '{')
        return false;
    for (p = blanks(p, end); p < end && *p != '}'; p = blanks(p, end)) {
        p = read_matcher(s, p, end, e);
        if (!p || (p < end && *p != ',' && *p != '}'))
            return false;
        p += p < end && *p == ',';
    }
    return p < end && blanks(p + 1, end) == end;
}

struct selector *selector_new(const char *text, const char *suffix, struct err *e)
{
    struct selector *s = xcalloc(1, sizeof *s);
    const char *end = text + strlen(text), *p = blanks(text, end);
    size_t n = name_len(p, end);
    struct err why = {0};

    s->name = xasprintf("%.*s%s", (int)n, p, suffix);
    if (n > 0 && read_matchers(s, p + n, end, &why))
        return s;
    if (why.code)
        err_set(e, ERR_USAGE, "`%s`: %s", text, why.msg);
    else
        err_set(e, ERR_USAGE, "`%s` is no metric; allowed is name{label=\"value\", ...}", text);
    selector_free(s);
    return NULL;
}

void selector_free(struct selector *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n; i++) {
        free(s->matchers[i].label);
        free(s->matchers[i].value);
        pattern_free(s->matchers[i].pattern);
    }
    free(s->name);
    free(s);
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
static int match(const struct selector *s, const struct sample *x)
{
    char value[VALUE_BYTES];

    if (strlen(s->name) != x->name_len || memcmp(s->name, x->name, x->name_len) != 0)
        return 0;
    for (int i = 0; i < s->n; i++) {
        const struct matcher *m = &s->matchers[i];
        find_label(x, m->label, value, sizeof value);
        int like = m->pattern ? pattern_match(m->pattern, value, strlen(value))
                              : strcmp(value, m->value) == 0;
        if (like < 0)
            return -1;
        if ((like == 1) != (m->op == MATCH_IS || m->op == MATCH_LIKE))
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

int exposition_read(const char *text, size_t len, struct sum *sums, int n, int *bad)
{
    const char *end = text + len;
    int samples = 0;

    *bad = 0;
    for (int i = 0; i < n; i++) {
        sums[i].value = NAN;
        sums[i].n = 0;
    }
    for (const char *line = text; line < end;) {
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
        for (int i = 0; i < n && isfinite(x.value); i++) {
            int rc = sums[i].selector ? match(sums[i].selector, &x) : 0;
            if (rc < 0)
                return ERR_LIMIT;
            if (rc == 0)
                continue;
            sums[i].value = sums[i].n++ == 0 ? x.value : sums[i].value + x.value;
        }
    }
    return samples;
}
