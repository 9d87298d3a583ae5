/* grep.c: one compiled PCRE2 pattern within bounds. Knows no log. */
#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include "cli/grep.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    PATTERN_MAX = 4096,
    NESTING_MAX = 100,
    MATCH_LIMIT = 100000,
    HEAP_LIMIT_KIB = 16384,
    DEPTH_LIMIT = 10000,
    LINE_MAX_BYTES = 65536,
    JIT_STACK_MIN = 32768,
    JIT_STACK_MAX = 1048576
};

struct grep {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static pcre2_code *compile(const char *pattern, struct err *e)
{
    pcre2_compile_context *bounds = pcre2_compile_context_create(NULL);
    pcre2_code *code;
    PCRE2_SIZE at = 0;
    int why = 0;

    pcre2_set_max_pattern_length(bounds, PATTERN_MAX);
    pcre2_set_parens_nest_limit(bounds, NESTING_MAX);
    code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &why, &at,
                         bounds);
    pcre2_compile_context_free(bounds);
    if (!code) {
        PCRE2_UCHAR words[256];

        pcre2_get_error_message(why, words, sizeof words);
        err_set(e, ERR_USAGE, "--grep: %s at character %zu of `%.200s`", (const char *)words, at + 1,
                pattern);
    }
    return code;
}

struct grep *grep_new(const char *pattern, struct err *e)
{
    pcre2_code *code = compile(pattern, e);
    struct grep *g;

    if (!code)
        return NULL;
    g = xcalloc(1, sizeof *g);
    g->code = code;
    g->data = pcre2_match_data_create_from_pattern(code, NULL);
    g->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(g->context, MATCH_LIMIT);
    pcre2_set_heap_limit(g->context, HEAP_LIMIT_KIB);
    pcre2_set_depth_limit(g->context, DEPTH_LIMIT);
    if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0)
        g->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (g->stack)
        pcre2_jit_stack_assign(g->context, NULL, g->stack);
    return g;
}

void grep_free(struct grep *g)
{
    if (!g)
        return;
    pcre2_jit_stack_free(g->stack);
    pcre2_match_context_free(g->context);
    pcre2_match_data_free(g->data);
    pcre2_code_free(g->code);
    free(g);
}

static int match(struct grep *g, const char *text, size_t len, uint32_t options)
{
    return pcre2_match(g->code, (PCRE2_SPTR)text, len, 0, options, g->data, g->context);
}

enum grep_answer grep_line(struct grep *g, const char *text, size_t len)
{
    size_t n = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES;
    int rc = match(g, text, n, 0);

    /* The compiled form has a stack of its own that may be too small; the interpreter has not. */
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = match(g, text, n, PCRE2_NO_JIT);
    if (rc >= 0)
        return GREP_YES;
    return rc == PCRE2_ERROR_NOMATCH ? GREP_NO : GREP_NOT_JUDGED;
}
