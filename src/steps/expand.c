/* expand.c: placeholders of the inventory: %h %p %v %g %d %%. Values were checked against an allow-list
 * when they were read; whoever builds a shell command from them quotes them all the same. */
#include "config.h"

#include <stddef.h>

#include "base/buf.h"
#include "steps/steps.h"

typedef void (*add_value)(struct buf *b, const char *value);

static void add_plain(struct buf *b, const char *value)
{
    buf_adds(b, value);
}

/* A version is "1.1.0+b": its dots and its plus are meant as they stand. */
static void add_quoted(struct buf *b, const char *value)
{
    for (const char *p = value; *p; p++) {
        bool is_word = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                       (*p >= 'A' && *p <= 'Z') || (*p & 0x80);
        if (!is_word)
            buf_addc(b, '\\');
        buf_addc(b, *p);
    }
}

static char *expand(const char *text, const char *host, int port, const char *version,
                    const char *group, const char *doc_base, add_value add)
{
    struct buf b;

    if (!text)
        return NULL;
    buf_init(&b, 1 << 20);
    for (const char *p = text; *p; p++) {
        if (*p != '%' || p[1] == '\0') {
            buf_addc(&b, *p);
            continue;
        }
        switch (*++p) {
        case 'h':
            add(&b, host);
            break;
        case 'p':
            buf_addf(&b, "%d", port);
            break;
        case 'v':
            add(&b, version);
            break;
        case 'g':
            add(&b, group);
            break;
        case 'd':
            add(&b, doc_base);
            break;
        case '%':
            buf_addc(&b, '%');
            break;
        default: /* the inventory has refused it; shown as it stands */
            buf_addc(&b, '%');
            buf_addc(&b, *p);
            break;
        }
    }
    return buf_take(&b);
}

char *expand_placeholders(const char *text, const char *host, int port, const char *version,
                          const char *group, const char *doc_base)
{
    return expand(text, host, port, version, group, doc_base, add_plain);
}

char *expand_pattern(const char *text, const char *host, int port, const char *version,
                     const char *group, const char *doc_base)
{
    return expand(text, host, port, version, group, doc_base, add_quoted);
}
