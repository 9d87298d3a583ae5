/* pattern.c: PCRE2 with its limits set. Interpreted, not compiled: the limits of heap and depth are obeyed,
 * and a poller looks at some lines a second. */
#include "config.h"

#include "monitor/pattern.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { MATCH_LIMIT = 100000, HEAP_KIB = 1024, DEPTH_LIMIT = 10000 };

struct pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

struct pattern *pattern_new(const char *text, struct err *e)
{
    struct pattern *p = xcalloc(1, sizeof *p);
    PCRE2_UCHAR words[160];
    PCRE2_SIZE at;
    int rc;

    p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &rc, &at, NULL);
    if (!p->code) {
        pcre2_get_error_message(rc, words, sizeof words);
        err_set(e, ERR_USAGE, "the pattern `%s` is wrong at character %zu: %s", text, (size_t)at + 1,
                (char *)words);
        free(p);
        return NULL;
    }
    p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
    p->limits = pcre2_match_context_create(NULL);
    pcre2_set_heap_limit(p->limits, HEAP_KIB);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    return p;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    free(p);
}

static int match(struct pattern *p, const char *text, size_t n, uint32_t limit)
{
    pcre2_set_match_limit(p->limits, limit);
    int rc = pcre2_match(p->code, (PCRE2_SPTR)text, n, 0, 0, p->match, p->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    return rc >= 0 ? 1 : -1;
}

int pattern_match(struct pattern *p, const char *text, size_t n)
{
    return match(p, text, n < PATTERN_LINE_BYTES ? n : PATTERN_LINE_BYTES, MATCH_LIMIT);
}

/* The limit counts anew at each place where a match might begin. */
int pattern_search(struct pattern *p, const char *text, size_t n)
{
    int rc = pattern_match(p, text, n);

    if (rc != 0 || n <= PATTERN_LINE_BYTES)
        return rc;
    size_t limit = (size_t)MATCH_LIMIT * PATTERN_LINE_BYTES / n;
    return match(p, text, n, limit > 0 ? (uint32_t)limit : 1);
}
