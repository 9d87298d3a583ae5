/* err.c: fills struct err. Knows nothing of what failed. */
#include "config.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

int err_vset(struct err *e, int code, const char *fmt, va_list ap)
{
    if (!e)
        return code;
    e->code = code;
    e->file[0] = '\0';
    e->line = e->column = 0;
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_vset(e, code, fmt, ap);
    va_end(ap);
    return code;
}

int err_at(struct err *e, int code, const char *file, int line, int column, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_vset(e, code, fmt, ap);
    va_end(ap);
    if (e) {
        snprintf(e->file, sizeof e->file, "%s", file);
        e->line = line;
        e->column = column;
    }
    return code;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
    char head[ERR_MSG_BYTES];
    char tail[ERR_MSG_BYTES];
    va_list ap;

    if (!e)
        return;
    va_start(ap, fmt);
    vsnprintf(head, sizeof head, fmt, ap);
    va_end(ap);
    memcpy(tail, e->msg, sizeof tail);
    size_t n = strnlen(head, sizeof head - 1);
    if (n > sizeof e->msg - 1)
        n = sizeof e->msg - 1;
    memcpy(e->msg, head, n);
    size_t rest = sizeof e->msg - n - 3;
    if (n + 3 > sizeof e->msg) {
        e->msg[n] = '\0';
        return;
    }
    memcpy(e->msg + n, ": ", 2);
    size_t m = strnlen(tail, rest);
    memcpy(e->msg + n + 2, tail, m);
    e->msg[n + 2 + m] = '\0';
}

void err_clear(struct err *e)
{
    if (e)
        memset(e, 0, sizeof *e);
}

const char *err_name(int code)
{
    switch (code) {
    case ERR_OK:
        return "ok";
#define X(name, value, text)                                                                      \
    case name:                                                                                    \
        return text;
        ERR_CODES(X)
#undef X
    default:
        return "unknown";
    }
}
