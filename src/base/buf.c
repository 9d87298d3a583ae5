/* buf.c: bounded growth. */
#include "config.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_DEFAULT_MAX = 16 << 20, BUF_FIRST = 64 };

void buf_init(struct buf *b, size_t max)
{
    memset(b, 0, sizeof *b);
    b->max = max ? max : BUF_DEFAULT_MAX;
}

void buf_release(struct buf *b)
{
    free(b->p);
    size_t max = b->max;
    buf_init(b, max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->is_full = false;
    if (b->p)
        b->p[0] = '\0';
}

size_t buf_add(struct buf *b, const void *p, size_t n)
{
    if (b->max == 0)
        b->max = BUF_DEFAULT_MAX;
    if (n > b->max - b->len) {
        n = b->max - b->len;
        b->is_full = true;
    }
    if (n == 0)
        return 0;
    if (b->len + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : BUF_FIRST;
        while (cap < b->len + n + 1)
            cap *= 2;
        b->p = xrealloc(b->p, cap);
        b->cap = cap;
    }
    memcpy(b->p + b->len, p, n);
    b->len += n;
    b->p[b->len] = '\0';
    return n;
}

size_t buf_adds(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

size_t buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

size_t buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    char *s = NULL;
    int n = vasprintf(&s, fmt, ap);

    if (n < 0)
        return 0;
    size_t took = buf_add(b, s, (size_t)n);
    free(s);
    return took;
}

size_t buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    size_t n = buf_vaddf(b, fmt, ap);
    va_end(ap);
    return n;
}

void buf_eat(struct buf *b, size_t n)
{
    if (n > b->len)
        n = b->len;
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->len - n);
    b->len -= n;
    b->p[b->len] = '\0';
    b->is_full = false;
}

const char *buf_str(const struct buf *b)
{
    return b->p ? b->p : "";
}

char *buf_take(struct buf *b)
{
    char *s = b->p ? b->p : xstrdup("");

    b->p = NULL;
    b->len = b->cap = 0;
    b->is_full = false;
    return s;
}

void buf_add_shell(struct buf *b, const char *s)
{
    buf_addc(b, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            buf_adds(b, "'\\''");
        else
            buf_addc(b, *s);
    }
    buf_addc(b, '\'');
}
