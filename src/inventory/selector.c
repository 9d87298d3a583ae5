/* selector.c: reads the name of a metric with its label matchers from left to right. Knows no metric
 * and matches nothing. */
#include "config.h"

#include "inventory/selector.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "inventory/value_int.h"

enum { MATCHERS_MAX = 20, SELECTOR_MAX_BYTES = 1024 };

/* One reading: p is the next byte of text. */
struct reader {
    const char *text, *p;
    struct err *e;
};

__attribute__((format(printf, 2, 3))) static int fault(const struct reader *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_vset(r->e, ERR_USAGE, fmt, ap);
    va_end(ap);
    if (r->e)
        r->e->column = (int)(r->p - r->text) + 1;
    return ERR_USAGE;
}

static void skip_spaces(struct reader *r)
{
    r->p += strspn(r->p, " \t");
}

size_t selector_word(const char *p, const char *more)
{
    size_t n = 0;

    for (; p[n]; n++) {
        bool is_letter = (p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z');
        bool is_digit = p[n] >= '0' && p[n] <= '9';
        if (!is_letter && !(is_digit && n) && p[n] != '_' && !strchr(more, p[n]))
            break;
    }
    return n;
}

static int read_op(struct reader *r, enum selector_op *op)
{
    static const struct {
        const char *text;
        enum selector_op op;
    } ops[] = {{"=~", SELECT_MATCH},
               {"!~", SELECT_NO_MATCH},
               {"!=", SELECT_NOT_EQUAL},
               {"=", SELECT_EQUAL}};

    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        size_t n = strlen(ops[i].text);
        if (strncmp(r->p, ops[i].text, n) == 0) {
            *op = ops[i].op;
            r->p += n;
            return 0;
        }
    }
    return fault(r, "behind a label stands `=`, `!=`, `=~` or `!~`");
}

/* Behind the opening quote, to behind the closing one. NULL after an error. */
static char *read_quoted(struct reader *r)
{
    struct buf b;

    buf_init(&b, SELECTOR_MAX_BYTES);
    for (; *r->p && *r->p != '"'; r->p++) {
        char c = *r->p;
        if (c == '\\') {
            const char *at = *++r->p ? strchr("\\\"n", *r->p) : NULL;
            if (!at) {
                fault(r, "behind a backslash stands `\\`, `\"` or `n`");
                buf_release(&b);
                return NULL;
            }
            c = *at == 'n' ? '\n' : *at;
        }
        buf_addc(&b, c);
    }
    if (*r->p != '"') {
        fault(r, "the closing `\"` is missing");
        buf_release(&b);
        return NULL;
    }
    r->p++;
    char *value = xstrndup(buf_str(&b), b.len);
    buf_release(&b);
    return value;
}

static int check_pattern(struct reader *r, const struct selector_matcher *m, const char *at)
{
    bool is_pattern = m->op == SELECT_MATCH || m->op == SELECT_NO_MATCH;
    struct err why = {0};

    if (!is_pattern || value_check_regex(m->value, &why) == 0)
        return 0;
    r->p = at;
    return fault(r, "%s", why.msg);
}

/* label="value" */
static int read_matcher(struct reader *r, struct selector *s)
{
    struct selector_matcher m = {0};
    size_t n = selector_word(r->p, "");

    if (n == 0)
        return fault(r, "a label is missing: letters, digits and `_`, no digit first");
    if (s->n == MATCHERS_MAX)
        return fault(r, "more than %d labels", MATCHERS_MAX);
    const char *label = r->p;
    r->p += n;
    skip_spaces(r);
    int rc = read_op(r, &m.op);
    if (rc)
        return rc;
    skip_spaces(r);
    if (*r->p != '"')
        return fault(r, "the value of a label stands in double quotes");
    const char *at = r->p++;
    m.value = read_quoted(r);
    if (!m.value)
        return ERR_USAGE;
    m.label = xstrndup(label, n);
    s->matchers = xreallocarray(s->matchers, (size_t)s->n + 1, sizeof *s->matchers);
    s->matchers[s->n++] = m;
    return check_pattern(r, &m, at);
}

/* Behind the opening brace, to behind the closing one. */
static int read_matchers(struct reader *r, struct selector *s)
{
    for (;;) {
        skip_spaces(r);
        if (*r->p == '}')
            break;
        int rc = read_matcher(r, s);
        if (rc)
            return rc;
        skip_spaces(r);
        if (*r->p == ',')
            r->p++;
        else if (*r->p != '}')
            return fault(r, "behind a label's value stands `,` or `}`");
    }
    r->p++;
    return 0;
}

static int read_selector(struct reader *r, struct selector *s)
{
    skip_spaces(r);
    size_t n = selector_word(r->p, ":");
    if (n == 0)
        return fault(r, "the name of a metric is missing: letters, digits, `_` and `:`, no digit "
                        "first");
    s->name = xstrndup(r->p, n);
    r->p += n;
    skip_spaces(r);
    if (*r->p == '{') {
        r->p++;
        int rc = read_matchers(r, s);
        if (rc)
            return rc;
        skip_spaces(r);
    }
    if (*r->p)
        return fault(r, "behind the name stands nothing but labels in braces, such as "
                        "`{code=~\"5..\"}`");
    return 0;
}

int selector_parse(const char *text, struct selector *s, struct err *e)
{
    struct reader r = {text, text, e};

    *s = (struct selector){0};
    if (strlen(text) > SELECTOR_MAX_BYTES)
        return err_set(e, ERR_USAGE, "it has %zu bytes; allowed are %d", strlen(text),
                       SELECTOR_MAX_BYTES);
    int rc = read_selector(&r, s);
    if (rc)
        selector_release(s);
    return rc;
}

void selector_release(struct selector *s)
{
    for (int i = 0; i < s->n; i++) {
        free(s->matchers[i].label);
        free(s->matchers[i].value);
    }
    free(s->matchers);
    free(s->name);
    *s = (struct selector){0};
}
