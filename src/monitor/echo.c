/* echo.c: finds the version in a health answer. From a pattern of the body it is the text that stands
 * where %v does; from an expected text it is the longest of the versions that are known to exist. It does
 * not know which version should run. */
#include "config.h"

#include "monitor/echo.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "steps/health.h"
#include "steps/steps.h"

/* As in FAULTS 2.5; a pattern for one instance is compiled when an answer is a surprise, not at each. */
enum { MATCH_LIMIT = 100000, HEAP_LIMIT_KIB = 1024 };

/* Letters alone, so that expand_pattern() leaves it as it is. */
static const char mark[] = "xFOOTPLATExVERSIONx";

struct echo {
    const struct group_config *cfg;
    char **known;
    int n_known;
};

bool echo_is_versioned(const char *text)
{
    for (const char *p = text; p && *p; p++) {
        if (*p == '%' && p[1] == 'v')
            return true;
        p += *p == '%' && p[1];
    }
    return false;
}

struct echo *echo_new(const struct group_config *cfg)
{
    if (!echo_is_versioned(cfg->verify.version) && !echo_is_versioned(cfg->verify.body))
        return NULL;
    struct echo *x = xcalloc(1, sizeof *x);
    x->cfg = cfg;
    return x;
}

static void forget_known(struct echo *x)
{
    for (int i = 0; i < x->n_known; i++)
        free(x->known[i]);
    free(x->known);
    x->known = NULL;
    x->n_known = 0;
}

void echo_free(struct echo *x)
{
    if (!x)
        return;
    forget_known(x);
    free(x);
}

void echo_set_known(struct echo *x, const char *const *versions, int n)
{
    forget_known(x);
    x->known = xcalloc((size_t)n + 1, sizeof *x->known);
    for (int i = 0; i < n; i++)
        x->known[i] = xstrdup(versions[i]);
    x->n_known = n;
}

/* The pattern with a group where the version stands first, and a look back at it where it stands again. */
static char *capturing(const struct echo *x, const char *host, int port)
{
    char *doc_base = expand_placeholders(x->cfg->doc_base, host, port, "", x->cfg->name, "");
    char *text = expand_pattern(x->cfg->verify.body, host, port, mark, x->cfg->name, doc_base);
    const char *from = text, *at;
    struct buf b;

    buf_init(&b, 0);
    while ((at = strstr(from, mark))) {
        buf_add(&b, from, (size_t)(at - from));
        buf_adds(&b, from == text ? "(?<footplate>[A-Za-z0-9][A-Za-z0-9._+:-]*)"
                                  : "\\k<footplate>");
        from = at + strlen(mark);
    }
    buf_adds(&b, from);
    free(text);
    free(doc_base);
    return buf_take(&b);
}

static void take_group(const pcre2_code *code, pcre2_match_data *match, const char *body, char *dst,
                       size_t size)
{
    int number = pcre2_substring_number_from_name(code, (PCRE2_SPTR) "footplate");
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(match);

    if (number <= 0 || at[2 * number] == PCRE2_UNSET)
        return;
    size_t len = at[2 * number + 1] - at[2 * number];
    while (len > 0 && strchr("._+:-", body[at[2 * number] + len - 1]))
        len--; /* the end of a sentence */
    if (len >= size)
        return;
    memcpy(dst, body + at[2 * number], len);
    dst[len] = '\0';
}

static void find_by_pattern(const struct echo *x, const char *host, int port, const char *body,
                            size_t n, char *dst, size_t size)
{
    char *pattern = capturing(x, host, port);
    int number;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_MATCH_INVALID_UTF | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                                     &number, &at, NULL);

    free(pattern);
    if (!code)
        return;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
    if (pcre2_match(code, (PCRE2_SPTR)body, n, 0, 0, match, limits) > 0)
        take_group(code, match, body, dst, size);
    pcre2_match_data_free(match);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
}

static void find_by_text(const struct echo *x, const char *host, int port, const char *body, size_t n,
                         char *dst, size_t size)
{
    char *doc_base = expand_placeholders(x->cfg->doc_base, host, port, "", x->cfg->name, "");

    for (int i = 0; i < x->n_known; i++) {
        char *text = expand_placeholders(x->cfg->verify.version, host, port, x->known[i],
                                         x->cfg->name, doc_base);
        if (strlen(x->known[i]) > strlen(dst) && health_names(body, n, text))
            str_copy(dst, size, x->known[i]);
        free(text);
    }
    free(doc_base);
}

void echo_find(const struct echo *x, const char *host, int port, const char *body, size_t n,
               char *dst, size_t size)
{
    dst[0] = '\0';
    if (echo_is_versioned(x->cfg->verify.body))
        find_by_pattern(x, host, port, body, n, dst, size);
    if (!dst[0] && echo_is_versioned(x->cfg->verify.version))
        find_by_text(x, host, port, body, n, dst, size);
}
