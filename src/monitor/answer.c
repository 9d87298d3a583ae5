/* answer.c: how much JSON there is, and then what. It does not know what the answer should say. */
#include "config.h"

#include "monitor/answer.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

enum { SEEN_BYTES = 120 };

/* Every value stands behind one of "[{,:" or is the first; those within strings are none. */
static size_t values_at_most(const char *body, size_t len)
{
    bool is_text = false;
    size_t n = 1;

    for (size_t i = 0; i < len; i++) {
        if (is_text && body[i] == '\\')
            i++;
        else if (body[i] == '"')
            is_text = !is_text;
        else if (!is_text)
            n += body[i] == '[' || body[i] == '{' || body[i] == ',' || body[i] == ':';
    }
    return n;
}

json_t *answer_json(const char *body, size_t len, size_t flags, char *words, size_t size)
{
    char seen[SEEN_BYTES];
    json_error_t why;

    if (values_at_most(body, len) > ANSWER_VALUES) {
        snprintf(words, size, "the answer has more than %d values", ANSWER_VALUES);
        return NULL;
    }
    json_t *root = json_loadb(body, len, flags, &why);
    if (root)
        return root;
    text_copy_safe(seen, sizeof seen, raw_of(why.text), 0);
    snprintf(words, size, len ? "the answer is no JSON: %s" : "an empty answer", seen);
    return NULL;
}
