/* value_int.h: what the files share that type one text: value.c and value_watch.c. */
#ifndef FOOTPLATE_INVENTORY_VALUE_INT_H
#define FOOTPLATE_INVENTORY_VALUE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "inventory/schema_int.h"

enum {
    PATH_MAX_BYTES = 1024,
    PATTERN_MAX_BYTES = 4096 /* FAULTS 2.5 */
};

void *value_field(void *base, size_t at);

/* Both answer ERR_USAGE: "allowed is ..." in the words of the key's type; and the words of the caller
 * with the first wrong byte, counted from 0. */
int value_refuse(const struct key *k, struct err *e);
int value_refuse_at(struct err *e, size_t byte, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes `owned`. Answers 0. */
int value_store_string(const struct key *k, void *base, char *owned);
int value_add_string(const struct key *k, void *base, const char *text, struct err *e);

/* Between 1 and max bytes, without control characters but those in `but`. */
int value_check_text(const char *text, size_t max, const char *but, struct err *e);
/* Does behind every % stand a letter of k->placeholders? */
int value_check_placeholders(const struct key *k, const char *text, struct err *e);
int value_check_url(const struct key *k, const char *text, struct err *e);
/* Compiled for its errors alone, under the limits of FAULTS 2.5. */
int value_check_regex(const char *text, struct err *e);

/* Is there a host, a colon and a port, and nothing else? */
bool value_is_host_port(const char *text);

/* Digits at text without a needless 0 before them, their value in *v. How many; 0: none. */
size_t value_read_digits(const char *text, int64_t *v);
/* The whole text as a duration in ms; -1: it is none. */
int64_t value_read_duration(const char *text);

#define ALLOWED(name, words)                                                                      \
    static void allowed_##name(const struct key *k, char *dst, size_t size)                       \
    {                                                                                             \
        (void)k;                                                                                  \
        str_copy(dst, size, words);                                                               \
    }

#define TYPE(id, name, storage, parse, words)                                                     \
    const struct value_type type_##id = {name, storage, parse, allowed_##words};

#endif
