/* log_match.c: a person's pattern on lines that a server wrote: neither may hold the console up.
 *
 * PCRE2's match limit counts anew at each place where a match may begin, so it bounds no line by
 * itself: 64 KiB of places times the limit is a minute. A line is therefore tried in pieces: the
 * offset limit says in which bytes a match may begin (it may end anywhere), and between two
 * pieces the clock is looked at. What is too expensive is an answer of its own, never "no
 * match". Knows no log. */
#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include "ui/log_match.h"

#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    NESTING_MAX = 100,
    MATCH_LIMIT = 100000,
    HEAP_LIMIT_KIB = 16384,
    DEPTH_LIMIT = 10000,
    JIT_STACK_MIN = 32768,
    JIT_STACK_MAX = 1048576,
    PIECE = 256,     /* bytes in which a match may begin, before the clock is looked at */
    SLOW_PIECE = 16  /* of the interpreter */
};

struct log_match {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    int64_t until; /* mono ms when this line has had its time; 0: the clock was not needed yet */
};

/* The first byte behind an escape: its letter and what is in braces belong to it. */
static const char *skip_escape(const char *p)
{
    if (!*p)
        return p;
    if (!strchr("pPxoNgk", *p) || p[1] != '{')
        return p + 1;
    p = strchr(p, '}');
    return p ? p + 1 : "";
}

/* A capital that is meant as a letter: `\S` and `\p{Lu}` hold none. */
static bool has_capital(const char *p)
{
    while (*p) {
        if (*p == '\\')
            p = skip_escape(p + 1);
        else if (*p >= 'A' && *p <= 'Z')
            return true;
        else
            p++;
    }
    return false;
}

static pcre2_code *compile(const char *pattern, enum log_case how, struct err *e)
{
    bool is_any_case = how == LOG_CASE_SMART && !has_capital(pattern);
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                       PCRE2_USE_OFFSET_LIMIT | (is_any_case ? PCRE2_CASELESS : 0);
    pcre2_compile_context *bounds = pcre2_compile_context_create(NULL);
    pcre2_code *code;
    PCRE2_SIZE at = 0;
    int why = 0;

    pcre2_set_max_pattern_length(bounds, LOG_PATTERN_MAX);
    pcre2_set_parens_nest_limit(bounds, NESTING_MAX);
    code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &why, &at, bounds);
    pcre2_compile_context_free(bounds);
    if (!code) {
        PCRE2_UCHAR words[256];

        pcre2_get_error_message(why, words, sizeof words);
        err_at(e, ERR_USAGE, "", 0, (int)at + 1, "%s at character %zu", (const char *)words,
               at + 1);
    }
    return code;
}

struct log_match *log_match_new(const char *pattern, enum log_case how, struct err *e)
{
    pcre2_code *code = compile(pattern, how, e);
    struct log_match *m;

    if (!code)
        return NULL;
    m = xcalloc(1, sizeof *m);
    m->code = code;
    m->data = pcre2_match_data_create_from_pattern(code, NULL);
    m->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(m->context, MATCH_LIMIT);
    pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
    pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
    if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0)
        m->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (m->stack)
        pcre2_jit_stack_assign(m->context, NULL, m->stack);
    return m;
}

void log_match_free(struct log_match *m)
{
    if (!m)
        return;
    pcre2_jit_stack_free(m->stack);
    pcre2_match_context_free(m->context);
    pcre2_match_data_free(m->data);
    pcre2_code_free(m->code);
    free(m);
}

int log_pattern_check(const char *pattern, struct err *e)
{
    struct err mine = {0};
    pcre2_code *code = compile(pattern, LOG_CASE_SMART, e ? e : &mine);

    if (!code)
        return ERR_USAGE;
    pcre2_code_free(code);
    return 0;
}

/* One piece: a match that begins in [from, until). */
static int try_piece(struct log_match *m, const char *text, size_t len, size_t from, size_t until,
                     uint32_t options)
{
    pcre2_set_offset_limit(m->context, until >= len ? len : until - 1);
    return pcre2_match(m->code, (PCRE2_SPTR)text, len, from, options, m->data, m->context);
}

/* The end of a piece stands in front of a whole character. */
static size_t piece_end(const char *text, size_t len, size_t from, size_t size)
{
    size_t end = len - from <= size ? len : from + size;

    while (end < len && ((unsigned char)text[end] & 0xc0) == 0x80)
        end++;
    return end;
}

/* Most lines are one piece, for which no clock is asked. */
static bool is_late(struct log_match *m)
{
    int64_t now = clock_mono_ms();

    if (!m->until)
        m->until = now + LOG_LINE_MS;
    return now > m->until;
}

/* The first match at or behind `from`: as pcre2_match(). */
static int find(struct log_match *m, const char *text, size_t len, size_t from)
{
    uint32_t options = 0;

    for (;;) {
        size_t end = piece_end(text, len, from, options ? SLOW_PIECE : PIECE);
        int rc = try_piece(m, text, len, from, end, options);

        /* The compiled form has a stack of its own that may be too small; the interpreter has
         * not. */
        if (rc == PCRE2_ERROR_JIT_STACKLIMIT && !options) {
            options = PCRE2_NO_JIT;
            continue;
        }
        if (rc != PCRE2_ERROR_NOMATCH || end >= len)
            return rc;
        from = end;
        if (is_late(m))
            return PCRE2_ERROR_MATCHLIMIT;
    }
}

enum log_answer log_match_test(struct log_match *m, const char *text, size_t len)
{
    size_t n = len < LOG_LINE_MAX ? len : LOG_LINE_MAX;
    int rc;

    m->until = 0;
    rc = find(m, text, n, 0);
    if (rc >= 0)
        return LOG_YES;
    return rc == PCRE2_ERROR_NOMATCH ? LOG_NO : LOG_NOT_JUDGED;
}

int log_match_spans(struct log_match *m, const char *text, size_t len, struct log_span *spans,
                    int max)
{
    size_t n = len < LOG_LINE_MAX ? len : LOG_LINE_MAX;
    size_t from = 0;
    int count = 0;

    m->until = 0;
    while (count < max && from < n && find(m, text, n, from) >= 0) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
        size_t begin = at[0], end = at[1];

        if (end > begin && end > from) {
            spans[count++] = (struct log_span){(int)begin, (int)end};
            from = end;
        } else {
            from = piece_end(text, n, from > begin ? from : begin, 1);
        }
    }
    return count;
}
