/* value.c: one text of a file to one value of a type: numbers, durations, shares, words, names,
 * URLs. Knows no key by name and no file format; what a key wants more is in its row of keys.c. */
#include "config.h"

#include "inventory/schema_int.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/plan.h"
#include "inventory/inventory_int.h"
#include "inventory/value_int.h"

enum {
    ALLOWED_BYTES = 400,
    TEXT_MAX_BYTES = 1024,
    COMMAND_MAX_BYTES = 16384,
    URL_MAX_BYTES = 2000,
    UNIX_PATH_MAX_BYTES = 107,
    NAME_MAX_BYTES = 100,
    PATTERN_NESTING_MAX = 100, /* FAULTS 2.5 */
    SHARES_MAX = 100,
    STRINGS_MAX = 1000,
    DIGITS_MAX = 12
};

void *value_field(void *base, size_t at)
{
    return (char *)base + at;
}

/* ---- saying no ---- */

int value_refuse(const struct key *k, struct err *e)
{
    char words[ALLOWED_BYTES];

    k->type->allowed(k, words, sizeof words);
    return err_set(e, ERR_USAGE, "allowed is %s", words);
}

int value_refuse_at(struct err *e, size_t byte, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_vset(e, ERR_USAGE, fmt, ap);
    va_end(ap);
    if (e)
        e->column = (int)byte + 1;
    return ERR_USAGE;
}

/* ---- strings ---- */

int value_store_string(const struct key *k, void *base, char *owned)
{
    char **at = value_field(base, k->at);

    free(*at);
    *at = owned;
    return 0;
}

int value_add_string(const struct key *k, void *base, const char *text, struct err *e)
{
    char ***at = value_field(base, k->at);
    int *n = value_field(base, k->count_at);

    if (*n >= STRINGS_MAX)
        return err_set(e, ERR_USAGE, "more than %d of them", STRINGS_MAX);
    *at = xreallocarray(*at, (size_t)*n + 1, sizeof **at);
    (*at)[(*n)++] = xstrdup(text);
    return 0;
}

int value_check_text(const char *text, size_t max, const char *but, struct err *e)
{
    size_t n = strlen(text);

    if (n == 0)
        return err_set(e, ERR_USAGE, "it must not be empty");
    if (n > max)
        return err_set(e, ERR_USAGE, "it has %zu bytes; allowed are %zu", n, max);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i], d = (unsigned char)text[i + 1];
        bool is_c1 = c == 0xC2 && d >= 0x80 && d < 0xA0;
        if (((c < 0x20 || c == 0x7F) && !strchr(but, c)) || is_c1)
            return value_refuse_at(e, i, "a control character is not allowed");
    }
    return 0;
}

int value_check_placeholders(const struct key *k, const char *text, struct err *e)
{
    char list[64] = "";

    if (!k->placeholders)
        return 0;
    for (const char *p = strchr(text, '%'); p; p = strchr(p + 2, '%')) {
        if (p[1] == '%' || (p[1] && strchr(k->placeholders, p[1])))
            continue;
        for (const char *l = k->placeholders; *l; l++)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%%%c ", *l);
        bool is_known = p[1] && strchr("hpvgd", p[1]);
        size_t n = p[1] && text_utf8_prefix((struct raw){p, 2}) == 2 ? 2 : 1;
        return value_refuse_at(e, (size_t)(p - text),
                               "`%.*s` is %s; allowed are %sand %%%% for a percent sign", (int)n, p,
                               is_known ? "a placeholder that has no meaning here"
                                        : "no placeholder",
                               list);
    }
    return 0;
}

static int parse_text(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    (void)dir;
    int rc = value_check_text(text, TEXT_MAX_BYTES, "", e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

static int parse_command(const struct key *k, const char *text, void *base, const char *dir,
                         struct err *e)
{
    (void)dir;
    int rc = value_check_text(text, COMMAND_MAX_BYTES, "\t\n", e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

/* ---- names ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._+:-", c));
}

/* The first byte that a name may not hold, or -1. */
static int name_fault(const char *text)
{
    size_t n = strlen(text);

    if (n == 0 || text[0] == '-' || text[0] == '.')
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_name_char(text[i]) || i == NAME_MAX_BYTES)
            return (int)i;
    }
    return -1;
}

static const char NAME_WORDS[] =
    "1 to 100 letters, digits and `.` `_` `+` `:` `-`, the first neither `-` nor `.`";

int name_is_allowed(const char *what, const char *text, struct err *e)
{
    char shown[QUOTE_BYTES];

    if (name_fault(text) < 0)
        return 0;
    return err_set(e, ERR_USAGE, "the %s `%s` is not allowed: %s", what, quote(shown, text),
                   NAME_WORDS);
}

static int parse_name(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    (void)dir;
    int at = name_fault(text);

    if (at >= 0)
        return value_refuse_at(e, (size_t)at, "allowed are %s", NAME_WORDS);
    return value_store_string(k, base, xstrdup(text));
}

/* A user name: nothing that ssh could take for an option, or a shell for anything. */
static int parse_word(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    (void)dir;
    size_t n = strlen(text);

    if (n == 0 || n > NAME_MAX_BYTES || text[0] == '-')
        return value_refuse(k, e);
    for (size_t i = 0; i < n; i++) {
        if (!is_name_char(text[i]) && !strchr("@\\", text[i]))
            return value_refuse(k, e);
    }
    return value_store_string(k, base, xstrdup(text));
}

/* The name of a balancer's server. */
static int parse_server(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    (void)dir;
    size_t n = strlen(text);
    int rc = value_check_placeholders(k, text, e);

    if (rc)
        return rc;
    if (n == 0 || n > NAME_MAX_BYTES)
        return value_refuse(k, e);
    for (size_t i = 0; i < n; i++) {
        if (!is_name_char(text[i]) && text[i] != '%')
            return value_refuse_at(e, i,
                                   "allowed are letters, digits, `.` `_` `+` `:` `-`, %%h and %%p");
    }
    return value_store_string(k, base, xstrdup(text));
}

static int parse_host(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    char **hosts = NULL;
    const char *colon = strchr(text, ':');
    int n = 0;

    (void)dir;
    if (colon && !strchr(colon + 1, ':'))
        return value_refuse_at(e, (size_t)(colon - text),
                               "a port is given apart: `{host: %.*s, port: ...}`",
                               (int)(colon - text < 64 ? colon - text : 64), text);
    int rc = host_expand(text, INSTANCES_MAX, &hosts, &n, e);
    for (int i = 0; i < n; i++) {
        int fault = rc == 0 ? name_fault(hosts[i]) : -1;
        if (fault >= 0)
            rc = value_refuse_at(e, strpbrk(text, "[") ? 0 : (size_t)fault,
                                 "allowed are %s, and ranges", NAME_WORDS);
        free(hosts[i]);
    }
    free(hosts);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

/* ---- paths and URLs ---- */

/* A path on the instances. A slash at the end is dropped. */
static int parse_doc_base(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    (void)dir;
    size_t n = strlen(text);
    int rc = value_check_placeholders(k, text, e);

    if (rc)
        return rc;
    if (n < 2 || n > PATH_MAX_BYTES || text[0] != '/')
        return value_refuse(k, e);
    for (size_t i = 0; i < n; i++) {
        if (!is_name_char(text[i]) && !strchr("/@~,=%", text[i]))
            return value_refuse_at(e, i,
                                   "this character is not allowed; allowed are letters, digits and "
                                   "`/` `.` `_` `+` `:` `-` `@` `~` `,` `=`");
    }
    for (const char *part = text; part; part = strchr(part + 1, '/')) {
        size_t len = strcspn(part + 1, "/");
        bool is_end = part[1] == '\0' && part > text;
        if (!is_end && (len == 0 || (len <= 2 && strncmp(part + 1, "..", len) == 0)))
            return value_refuse_at(e, (size_t)(part - text) + 1,
                                   "`//`, `.` and `..` are not allowed");
    }
    return value_store_string(k, base, xstrndup(text, text[n - 1] == '/' ? n - 1 : n));
}

/* A file of this machine: absolute, from the home folder, or from the configuration folder. */
static char *local_path(const char *text, const char *dir, struct err *e)
{
    const char *home = getenv("HOME");

    if (value_check_text(text, PATH_MAX_BYTES, "", e) != 0)
        return NULL;
    if (text[0] == '/')
        return xstrdup(text);
    if (text[0] != '~')
        return xasprintf("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, text);
    if (text[1] != '\0' && text[1] != '/') {
        value_refuse_at(e, 1, "the home folder of another user is not looked up; write its path");
        return NULL;
    }
    if (!home || home[0] != '/' || text_utf8_prefix(raw_of(home)) != strlen(home)) {
        err_set(e, ERR_USAGE, "`~` has no meaning: HOME is not set");
        return NULL;
    }
    return xasprintf("%s%s", home, text + 1);
}

static int parse_file(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    char *path = local_path(text, dir, e);

    return path ? value_store_string(k, base, path) : ERR_USAGE;
}

static bool has_scheme(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

int value_check_url(const struct key *k, const char *text, struct err *e)
{
    size_t n = strlen(text);

    if (!has_scheme(text) || n > URL_MAX_BYTES)
        return value_refuse(k, e);
    const char *host = strstr(text, "://") + 3;
    size_t len = strcspn(host, "/?#");
    if (len == 0 || *host == ':')
        return value_refuse_at(e, (size_t)(host - text), "the host is missing");
    if (memchr(host, '@', len))
        return value_refuse_at(e, (size_t)(host - text),
                               "a user or password in a URL is not allowed");
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}", text[i]))
            return value_refuse_at(e, i, "this character is not allowed in a URL");
    }
    return 0;
}

static int parse_url(const struct key *k, const char *text, void *base, const char *dir,
                     struct err *e)
{
    (void)dir;
    int rc = value_check_url(k, text, e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

static int parse_source(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    if (!strstr(text, "://"))
        return parse_file(k, text, base, dir, e);
    int rc = value_check_url(k, text, e);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

static int check_url_path(const struct key *k, const char *text, struct err *e)
{
    if (text[0] != '/' || strlen(text) > URL_MAX_BYTES)
        return value_refuse(k, e);
    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p > '~')
            return value_refuse_at(e, (size_t)(p - text), "this character is not allowed in a URL");
    }
    return 0;
}

static int parse_url_path(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    (void)dir;
    int rc = check_url_path(k, text, e);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

static int parse_warmup(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    (void)dir;
    int rc = has_scheme(text) ? value_check_url(k, text, e) : check_url_path(k, text, e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    return rc ? rc : value_add_string(k, base, text, e);
}

bool value_is_host_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[NAME_MAX_BYTES + 1];
    size_t n = colon ? (size_t)(colon - text) : 0;

    if (n == 0 || n >= sizeof host)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    bool is_literal = host[0] == '[' && host[n - 1] == ']' &&
                      n > 3 && strspn(host + 1, "0123456789abcdefABCDEF:.") == n - 2;
    if (!is_literal && (name_fault(host) >= 0 || strchr(host, ':')))
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    long port = digits && digits < 6 ? strtol(colon + 1, NULL, 10) : 0;
    return colon[1 + digits] == '\0' && port > 0 && port < 65536;
}

static int parse_sockets(const struct key *k, const char *text, void *base, const char *dir,
                         struct err *e)
{
    char *const *have = *(char ***)value_field(base, k->at);
    int n = *(int *)value_field(base, k->count_at);

    (void)dir;
    bool is_unix = strncmp(text, "unix:/", 6) == 0;
    bool is_tcp = strncmp(text, "tcp://", 6) == 0 && value_is_host_port(text + 6);
    if (!is_unix && !is_tcp)
        return value_refuse(k, e);
    int rc = value_check_text(text, is_unix ? 5 + UNIX_PATH_MAX_BYTES : URL_MAX_BYTES, "", e);
    for (int i = 0; rc == 0 && i < n; i++) {
        if (strcmp(have[i], text) == 0)
            rc = err_set(e, ERR_USAGE, "the same balancer is named twice");
    }
    return rc ? rc : value_add_string(k, base, text, e);
}

/* ---- patterns ---- */

/* A placeholder becomes two letters, so that places in the pattern stay what they are. */
static char *without_placeholders(const char *text)
{
    char *p = xstrdup(text);

    for (char *c = strchr(p, '%'); c && c[1]; c = strchr(c + 2, '%')) {
        if (c[1] != '%')
            c[0] = c[1] = 'x';
    }
    return p;
}

int value_check_regex(const char *text, struct err *e)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);

    if (!limits)
        return err_set(e, ERR_FAIL, "no memory to compile the pattern");
    pcre2_set_parens_nest_limit(limits, PATTERN_NESTING_MAX);
    pcre2_set_max_pattern_length(limits, PATTERN_MAX_BYTES);
    uint32_t how = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *done =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, how, &code, &at, limits);
    bool is_good = done != NULL;
    pcre2_code_free(done);
    pcre2_compile_context_free(limits);
    if (is_good)
        return 0;
    PCRE2_UCHAR words[160];
    if (pcre2_get_error_message(code, words, sizeof words) < 0)
        words[0] = '\0';
    return value_refuse_at(e, at, "as a PCRE2 pattern it fails: %s", (const char *)words);
}

static int parse_regex(const struct key *k, const char *text, void *base, const char *dir,
                       struct err *e)
{
    (void)dir;
    int rc = value_check_text(text, PATTERN_MAX_BYTES, "\t\n", e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    if (rc)
        return rc;
    char *pattern = k->placeholders ? without_placeholders(text) : xstrdup(text);
    rc = value_check_regex(pattern, e);
    free(pattern);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

/* ---- numbers ---- */

size_t value_read_digits(const char *text, int64_t *v)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > DIGITS_MAX || (n > 1 && text[0] == '0'))
        return 0;
    *v = 0;
    for (size_t i = 0; i < n; i++)
        *v = *v * 10 + (text[i] - '0');
    return n;
}

static int parse_int(const struct key *k, const char *text, void *base, const char *dir,
                     struct err *e)
{
    int64_t v = 0;
    size_t n = value_read_digits(text, &v);

    (void)dir;
    if (n == 0 || text[n] || v < k->min || v > k->max)
        return value_refuse(k, e);
    *(int *)value_field(base, k->at) = (int)v;
    return 0;
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

int64_t value_read_duration(const char *text)
{
    int64_t v = 0;
    size_t n = value_read_digits(text, &v);

    for (size_t i = 0; n && i < ARRAY_LEN(units); i++) {
        if (strcmp(text + n, units[i].name) == 0)
            return v * units[i].ms;
    }
    return strcmp(text, "0") == 0 ? 0 : -1;
}

static int parse_duration(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    int64_t ms = value_read_duration(text);

    (void)dir;
    if (ms < 0 || ms < k->min || ms > k->max)
        return value_refuse(k, e);
    *(int64_t *)value_field(base, k->at) = ms;
    return 0;
}

/* "12.5%" at text: parts of 10,000. Answers the bytes it takes, 0: it is none. */
static size_t read_share(const char *text, int *share)
{
    int64_t whole = 0;
    size_t n = value_read_digits(text, &whole);
    int parts = 0;

    if (n == 0 || whole > 100)
        return 0;
    if (text[n] == '.') {
        size_t m = strspn(text + n + 1, "0123456789");
        if (m == 0 || m > 2)
            return 0;
        parts = (text[n + 1] - '0') * 10 + (m == 2 ? text[n + 2] - '0' : 0);
        n += 1 + m;
    }
    *share = (int)whole * (SHARE_ONE / 100) + parts;
    return text[n] == '%' && *share > 0 && *share <= SHARE_ONE ? n + 1 : 0;
}

static int parse_share(const struct key *k, const char *text, void *base, const char *dir,
                       struct err *e)
{
    int share = 0;
    size_t n = read_share(text, &share);

    (void)dir;
    if (n == 0 || text[n])
        return value_refuse(k, e);
    *(int *)value_field(base, k->at) = share;
    return 0;
}

/* "10%+20%+70%" */
static int parse_shares(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    int shares[SHARES_MAX];
    int count = 0, sum = 0;
    const char *p = text;

    (void)dir;
    for (;;) {
        size_t n = count < SHARES_MAX ? read_share(p, &shares[count]) : 0;
        if (n == 0 || (p[n] != '+' && p[n] != '\0')) {
            value_refuse(k, e);
            if (e)
                e->column = (int)(p - text) + 1;
            return ERR_USAGE;
        }
        sum += shares[count++];
        if (sum > SHARE_ONE)
            return value_refuse_at(e, (size_t)(p - text), "the shares make more than 100%%");
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    int **at = value_field(base, k->at);
    *at = xreallocarray(*at, (size_t)count, sizeof **at);
    memcpy(*at, shares, (size_t)count * sizeof **at);
    *(int *)value_field(base, k->count_at) = count;
    return 0;
}

static int parse_failures(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    int64_t v = 0;
    int share = 0;
    size_t n = value_read_digits(text, &v);
    size_t m = read_share(text, &share);

    (void)dir;
    if (m && text[m] == '\0') {
        *(int *)value_field(base, k->at) = -1;
        *(int *)value_field(base, k->count_at) = share;
        return 0;
    }
    if (n == 0 || text[n] || v > k->max)
        return value_refuse(k, e);
    *(int *)value_field(base, k->at) = (int)v;
    *(int *)value_field(base, k->count_at) = 0;
    return 0;
}

/* ---- words ---- */

static int parse_bool(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    (void)dir;
    int v = word_index("false true", text);
    if (v < 0)
        return value_refuse(k, e);
    *(bool *)value_field(base, k->at) = v == 1;
    return 0;
}

/* The place of the word; negative after a refusal. */
static int choose(const struct key *k, const char *text, struct err *e)
{
    char words[ALLOWED_BYTES];
    int v = word_index(k->choices, text);

    if (v >= 0)
        return v;
    if (!k->later || word_index(k->later, text) < 0)
        return value_refuse(k, e);
    k->type->allowed(k, words, sizeof words);
    return err_set(e, ERR_USAGE, "not built in this version; allowed is %s", words);
}

static int parse_choice(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    (void)dir;
    int v = choose(k, text, e);
    if (v < 0)
        return v;
    *(int *)value_field(base, k->at) = v;
    return 0;
}

static int parse_flag(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    (void)dir;
    int v = choose(k, text, e);
    if (v < 0)
        return v;
    *(bool *)value_field(base, k->at) = v == 1;
    return 0;
}

static int parse_only(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    (void)base;
    (void)dir;
    int v = choose(k, text, e);
    return v < 0 ? v : 0;
}

/* ---- what is allowed, in words ---- */

static void say_duration(char *dst, size_t size, int64_t ms)
{
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(units) && (ms == 0 || ms % units[i].ms))
        i++;
    snprintf(dst, size, ms ? "%lld%s" : "0", (long long)(ms / units[i].ms), units[i].name);
}

static void allowed_int(const struct key *k, char *dst, size_t size)
{
    snprintf(dst, size, "a whole number from %lld to %lld", (long long)k->min, (long long)k->max);
}

static void allowed_duration(const struct key *k, char *dst, size_t size)
{
    char from[24], to[24];

    say_duration(from, sizeof from, k->min);
    say_duration(to, sizeof to, k->max);
    snprintf(dst, size, "a duration from %s to %s, such as `500ms`, `30s`, `5m`, `2h`", from, to);
}

static void allowed_choice(const struct key *k, char *dst, size_t size)
{
    size_t len = 0;

    dst[0] = '\0';
    for (const char *w = k->choices; *w && len < size; ) {
        size_t n = strcspn(w, " ");
        len += (size_t)snprintf(dst + len, size - len, "%s`%.*s`", w == k->choices ? "" : " or ",
                                (int)n, w);
        w += n + (w[n] == ' ');
    }
}

ALLOWED(text, "one line of text")
ALLOWED(name, "a name of letters, digits and `.` `_` `+` `:` `-`")
ALLOWED(word, "a user's name, not first a `-`")
ALLOWED(doc_base, "an absolute path such as `/srv/shop`")
ALLOWED(file, "a path: absolute, from `~/`, or from the configuration folder")
ALLOWED(source, "a folder, or a URL that begins with http:// or https://")
ALLOWED(url, "a URL that begins with http:// or https://, at most 2000 characters")
ALLOWED(url_path, "a path that begins with `/`")
ALLOWED(warmup, "a path that begins with `/` or an http(s) URL, or a list of them")
ALLOWED(regex, "a PCRE2 pattern of at most 4096 bytes")
ALLOWED(command, "a shell command")
ALLOWED(server, "a server's name, such as `%h`")
ALLOWED(host, "a host or a range of hosts, such as `web[01-12].example.com`")
ALLOWED(bool, "`true` or `false`")
ALLOWED(share, "a share above 0% up to 100%, such as `25%`")
ALLOWED(shares, "shares above 0% that make at most 100%, such as `10%+20%+70%`")
ALLOWED(failures, "a count such as `2`, or a share above 0% up to 100%, such as `5%`")
ALLOWED(sockets, "`unix:/path` or `tcp://host:port`, or a list of them")
ALLOWED(instances, "a list of entries such as `{host: web01.example.com}`")
ALLOWED(keys, "a mapping of commands to keys, such as `{zoom: z}`")
ALLOWED(later, "to leave it out")
ALLOWED(rules, "a list of rules, each a mapping such as `{url: \"https://shop.example.com/\"}`")
ALLOWED(rule, "a mapping such as `{memory: 90%, load: 2.0}`")
ALLOWED(receivers,
        "a list of receivers, each a mapping such as `{preset: slack, url_env: CHAT_URL}`")
ALLOWED(environments, "a mapping such as `{staging: {watch: 5m, monitors: light}}`")

TYPE(text, "text", STORE_STRING, parse_text, text)
TYPE(name, "name", STORE_STRING, parse_name, name)
TYPE(word, "name", STORE_STRING, parse_word, word)
TYPE(doc_base, "path", STORE_STRING, parse_doc_base, doc_base)
TYPE(file, "file", STORE_STRING, parse_file, file)
TYPE(source, "folder or URL", STORE_STRING, parse_source, source)
TYPE(url, "URL", STORE_STRING, parse_url, url)
TYPE(url_path, "path", STORE_STRING, parse_url_path, url_path)
TYPE(warmup, "list of paths", STORE_STRINGS, parse_warmup, warmup)
TYPE(regex, "pattern", STORE_STRING, parse_regex, regex)
TYPE(command, "command", STORE_STRING, parse_command, command)
TYPE(server, "name", STORE_STRING, parse_server, server)
TYPE(host, "host", STORE_STRING, parse_host, host)
TYPE(bool, "bool", STORE_BOOL, parse_bool, bool)
TYPE(int, "number", STORE_INT, parse_int, int)
TYPE(duration, "duration", STORE_MS, parse_duration, duration)
TYPE(share, "share", STORE_INT, parse_share, share)
TYPE(shares, "shares", STORE_INTS, parse_shares, shares)
TYPE(failures, "count or share", STORE_FAILURES, parse_failures, failures)
TYPE(choice, "choice", STORE_CHOICE, parse_choice, choice)
TYPE(flag, "choice", STORE_FLAG, parse_flag, choice)
TYPE(only, "choice", STORE_NONE, parse_only, choice)
TYPE(sockets, "list of sockets", STORE_STRINGS, parse_sockets, sockets)
TYPE(instances, "list", STORE_INSTANCES, NULL, instances)
TYPE(keys, "mapping", STORE_KEYS, NULL, keys)
TYPE(later, "not built", STORE_NONE, NULL, later)
TYPE(rules, "list of rules", STORE_RULES, NULL, rules)
TYPE(rule, "rule", STORE_RULES, NULL, rule)
TYPE(receivers, "list of receivers", STORE_RECEIVERS, NULL, receivers)
TYPE(environments, "mapping", STORE_ENVIRONMENTS, NULL, environments)
