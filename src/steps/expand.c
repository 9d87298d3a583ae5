/* expand.c: placeholders of the inventory: %h %p %v %g %d %%. Values were checked against an allow-list
 * when they were read; whoever builds a shell command from them quotes them all the same. */
#include "config.h"

#include <stddef.h>

#include "base/buf.h"
#include "steps/steps.h"

char *expand_placeholders(const char *text, const char *host, int port, const char *version,
                          const char *group, const char *doc_base)
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
            buf_adds(&b, host);
            break;
        case 'p':
            buf_addf(&b, "%d", port);
            break;
        case 'v':
            buf_adds(&b, version);
            break;
        case 'g':
            buf_adds(&b, group);
            break;
        case 'd':
            buf_adds(&b, doc_base);
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
