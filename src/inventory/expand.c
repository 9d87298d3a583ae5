/* expand.c: host ranges. "web[01-03].example.com" names three hosts; several ranges multiply; a
 * range may hold parts, "[01-03,07]"; the width of the first number is kept. Knows no YAML. */
#include "config.h"

#include "inventory/inventory_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BRACKETS_MAX = 8, DIGITS_MAX = 9, HOST_MAX_BYTES = 256 };

/* One part of a range: both ends, and how many digits at least. */
struct span {
    int first, last;
    size_t width;
};

static int fail(struct err *e, const char *pattern, const char *at, const char *why)
{
    err_set(e, ERR_USAGE, "%s; allowed are ranges such as `web[01-12].example.com` or `[1-3,7]`",
            why);
    if (e)
        e->column = (int)(at - pattern) + 1;
    return ERR_USAGE;
}

/* Digits at *p, moved behind them. Answers how many; 0: none or too many. */
static size_t read_number(const char **p, int *value)
{
    size_t n = strspn(*p, "0123456789");

    if (n == 0 || n > DIGITS_MAX)
        return 0;
    *value = 0;
    for (size_t i = 0; i < n; i++)
        *value = *value * 10 + ((*p)[i] - '0');
    *p += n;
    return n;
}

/* One part at *p, moved behind it and behind a comma. NULL, or what is wrong with it. */
static const char *read_span(const char **p, struct span *s)
{
    const char *start = *p;
    size_t n = read_number(p, &s->first);

    if (n == 0)
        return "a range wants a number of at most 9 digits here";
    s->width = *start == '0' ? n : 1;
    s->last = s->first;
    if (**p == '-') {
        ++*p;
        const char *end = *p;
        size_t m = read_number(p, &s->last);
        if (m == 0)
            return "a range wants a number of at most 9 digits here";
        if ((s->width > 1 || *end == '0') && m != n)
            return "both ends of a range with leading zeros are written with the same width";
        if (s->last < s->first)
            return "this range ends before it begins";
    }
    if (**p == ',') {
        ++*p;
        return **p == ']' ? "a range wants a number of at most 9 digits here" : NULL;
    }
    return **p == ']' ? NULL : "this range is not closed by `]`";
}

/* How many hosts the pattern names, or a negative code. */
static int count(const char *pattern, int max, struct err *e)
{
    int64_t all = 1;
    int brackets = 0;

    for (const char *p = pattern; *p; p++) {
        if (*p == ']')
            return fail(e, pattern, p, "`]` without `[`");
        if (*p != '[')
            continue;
        const char *open = p++;
        int64_t here = 0;
        if (++brackets > BRACKETS_MAX)
            return fail(e, pattern, open, "more than 8 ranges");
        do {
            struct span s;
            const char *why = read_span(&p, &s);
            if (why)
                return fail(e, pattern, p, why);
            here += (int64_t)s.last - s.first + 1;
        } while (*p != ']');
        if (here > max || all * here > max) {
            err_set(e, ERR_LIMIT, "more than %d hosts in one group", INSTANCES_MAX);
            e->column = (int)(open - pattern) + 1;
            return ERR_LIMIT;
        }
        all *= here;
    }
    return (int)all;
}

/* Everything that begins with the head and goes on as rest says. */
static void emit(struct buf *head, const char *rest, char **hosts, int *n)
{
    size_t plain = strcspn(rest, "[");
    size_t was = head->len;

    buf_add(head, rest, plain);
    if (rest[plain] == '\0') {
        hosts[(*n)++] = xstrdup(buf_str(head));
    } else {
        const char *p = rest + plain + 1;
        const char *end = strchr(p, ']');
        while (p < end) {
            struct span s;
            size_t here = head->len;
            read_span(&p, &s);
            for (int v = s.first; v <= s.last; v++) {
                buf_addf(head, "%0*d", (int)s.width, v);
                emit(head, end + 1, hosts, n);
                head->len = here;
            }
        }
    }
    head->len = was;
}

int host_expand(const char *pattern, int max, char ***hosts, int *n, struct err *e)
{
    struct err own;
    struct buf head;

    e = e ? e : &own;
    if (strlen(pattern) > HOST_MAX_BYTES)
        return err_set(e, ERR_USAGE, "longer than %d characters", HOST_MAX_BYTES);
    int all = count(pattern, max, e);
    if (all < 0)
        return all;
    if (all > max)
        return err_set(e, ERR_LIMIT, "more than %d hosts in one group", INSTANCES_MAX);
    buf_init(&head, 0);
    *hosts = xreallocarray(NULL, (size_t)all, sizeof **hosts);
    *n = 0;
    emit(&head, pattern, *hosts, n);
    buf_release(&head);
    return 0;
}
