/* outside.c: the rules for an event that footplate did not see itself. Knows neither the command line nor
 * JSON, and writes nothing. */
#include "config.h"

#include "store/outside.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "store/store.h"

enum { SHOWN_BYTES = 200 };

/* "release, action, ..." */
static void add_own_kinds(struct buf *b)
{
    for (int i = 0; i < EVENT_KIND_COUNT; i++)
        buf_addf(b, "%s%s", i ? ", " : "", event_kind_name((enum event_kind)i));
}

int outside_check_kind(const char *kind, struct err *e)
{
    size_t len = strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-");
    bool is_word = len > 0 && !kind[len] && len <= OUTSIDE_KIND_BYTES && kind[0] != '-';
    char shown[SHOWN_BYTES];
    struct buf own;

    if (is_word && event_kind_of(kind) < 0)
        return 0;
    text_copy_safe(shown, sizeof shown, (struct raw){kind, strnlen(kind, OUTSIDE_KIND_BYTES + 8)}, TEXT_PLAIN);
    buf_init(&own, 0);
    add_own_kinds(&own);
    err_set(e, ERR_USAGE, "`%s` is no kind for an event from outside: letters a-z, digits and -, at most %d, and "
                          "none of footplate's own: %s", shown, OUTSIDE_KIND_BYTES, buf_str(&own));
    buf_release(&own);
    return ERR_USAGE;
}

int outside_check_text(const char *text, struct err *e)
{
    if (!text[strspn(text, " \t\r\n")])
        return err_set(e, ERR_USAGE, "the text of the event is empty");
    if (strlen(text) > OUTSIDE_TEXT_BYTES)
        return err_set(e, ERR_USAGE, "the text of the event is longer than %d bytes", OUTSIDE_TEXT_BYTES);
    return 0;
}

int outside_check_name(const char *what, const char *name, struct err *e)
{
    bool is_good = name[0] && strlen(name) <= OUTSIDE_NAME_BYTES;
    char shown[SHOWN_BYTES];

    for (const char *p = name; is_good && *p; p++)
        is_good = isalnum((unsigned char)*p) || strchr("._+:-[]", *p);
    if (is_good)
        return 0;
    text_copy_safe(shown, sizeof shown, (struct raw){name, strnlen(name, OUTSIDE_KIND_BYTES + 8)}, TEXT_PLAIN);
    return err_set(e, ERR_USAGE, "`%s` is no name of a %s", shown, what);
}
