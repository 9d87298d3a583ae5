/* value_watch.c: one text of a file to one value of the types that watching and telling have:
 * addresses, queries, names of metrics, numbers, rates, what a receiver is told. Knows no key by
 * name; opens nothing. */
#include "config.h"

#include "inventory/schema_int.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "inventory/inventory_int.h"
#include "inventory/selector.h"
#include "inventory/value_int.h"

enum {
    QUERY_MAX_BYTES = 4096,
    TEMPLATE_MAX_BYTES = 16384,
    JSON_PATH_MAX_BYTES = 200,
    VARIABLE_MAX_BYTES = 100,
    NUMBER_DIGITS_MAX = 15, /* so many are exact in a double */
    LINES_MAX = 1000000,
    LOAD_MAX_MILLI = 1000000
};

/* ---- texts ---- */

static int parse_label(const struct key *k, const char *text, void *base, const char *dir,
                       struct err *e)
{
    size_t n = strlen(text);

    (void)dir;
    int rc = value_check_text(text, ERR_MSG_BYTES, "", e);
    if (rc)
        return rc;
    if (!text_is_safe(raw_of(text)) || text[0] == ' ' || text[n - 1] == ' ')
        return value_refuse(k, e);
    if (text_cells(text) > LABEL_CELLS)
        return value_refuse_at(e, text_cut(text, LABEL_CELLS),
                               "it has %zu characters; allowed are %d", text_cells(text),
                               LABEL_CELLS);
    return value_store_string(k, base, xstrdup(text));
}

static int parse_query(const struct key *k, const char *text, void *base, const char *dir,
                       struct err *e)
{
    (void)dir;
    int rc = value_check_text(text, QUERY_MAX_BYTES, "\t\n", e);
    if (rc == 0 && text[strspn(text, " \t\n")] == '\0')
        rc = value_refuse(k, e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    return rc ? rc : value_store_string(k, base, xstrdup(text));
}

/* Parts that stand apart by a dot: keys of objects, places in lists. */
static int parse_json_path(const struct key *k, const char *text, void *base, const char *dir,
                           struct err *e)
{
    (void)dir;
    int rc = value_check_text(text, JSON_PATH_MAX_BYTES, "", e);
    if (rc)
        return rc;
    for (const char *part = text; part; part = strchr(part, '.'), part += part != NULL) {
        if (strcspn(part, ".") == 0)
            return value_refuse_at(e, (size_t)(part - text), "a part between two dots is empty");
    }
    return value_store_string(k, base, xstrdup(text));
}

static int parse_metric(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    struct selector s;

    (void)dir;
    int rc = value_check_text(text, TEMPLATE_MAX_BYTES, "\t", e);
    if (rc == 0)
        rc = selector_parse(text, &s, e);
    if (rc)
        return rc;
    selector_release(&s);
    return value_store_string(k, base, xstrdup(text));
}

/* A file of the instances. */
static int parse_tailed(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    (void)dir;
    int rc = value_check_text(text, PATH_MAX_BYTES, "", e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    if (rc)
        return rc;
    if ((text[0] != '/' && strncmp(text, "%d/", 3) != 0) || text[strlen(text) - 1] == '/')
        return value_refuse(k, e);
    return value_store_string(k, base, xstrdup(text));
}

/* A file system of the instances. */
static int parse_mount(const struct key *k, const char *text, void *base, const char *dir,
                       struct err *e)
{
    if (strcmp(text, "/") != 0)
        return type_doc_base.parse(k, text, base, dir, e);
    return value_store_string(k, base, xstrdup(text));
}

/* A variable of the environment, or a label of a metric: their names have one form. */
static int parse_variable(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    size_t n = selector_word(text, "");

    (void)dir;
    if (n == 0 || n > VARIABLE_MAX_BYTES || text[n])
        return value_refuse(k, e);
    return value_store_string(k, base, xstrdup(text));
}

/* What is inside the texts of it is the sender's matter; as a whole it must be JSON. */
static int parse_template(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    json_error_t why;

    (void)dir;
    int rc = value_check_text(text, TEMPLATE_MAX_BYTES, "\t\n", e);
    if (rc)
        return rc;
    json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    json_decref(v);
    if (!v)
        return value_refuse_at(e, (size_t)(why.position > 0 ? why.position - 1 : 0),
                               "as JSON it fails: %s; placeholders such as {text} stand in its "
                               "quoted texts",
                               why.text);
    return value_store_string(k, base, xstrdup(text));
}

/* Words of k->choices; "all" is one more. */
static int parse_events(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    char *const *have = *(char ***)value_field(base, k->at);
    int n = *(int *)value_field(base, k->count_at);

    (void)dir;
    if (strcmp(text, "all") != 0 && word_index(k->choices, text) < 0)
        return value_refuse(k, e);
    for (int i = 0; i < n; i++) {
        if (strcmp(have[i], text) == 0)
            return err_set(e, ERR_USAGE, "it is named twice");
        if (strcmp(have[i], "all") == 0 || strcmp(text, "all") == 0)
            return err_set(e, ERR_USAGE, "`all` stands alone");
    }
    return value_add_string(k, base, text, e);
}

/* ---- whom one asks and tells ---- */

/* The beginning of URLs: paths are put behind it. A slash at the end is dropped. */
static int parse_base_url(const struct key *k, const char *text, void *base, const char *dir,
                          struct err *e)
{
    (void)dir;
    int rc = value_check_url(k, text, e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    if (rc)
        return rc;
    size_t n = strcspn(text, "?#");
    if (text[n])
        return value_refuse_at(e, n, "`?` and `#` are not allowed: /api/v1/query is put behind it");
    return value_store_string(k, base, xstrndup(text, text[n - 1] == '/' ? n - 1 : n));
}

/* "host:port", either of which may be a placeholder: looked at with something in its place. */
static int parse_address(const struct key *k, const char *text, void *base, const char *dir,
                         struct err *e)
{
    struct buf b;

    (void)dir;
    int rc = value_check_text(text, PATH_MAX_BYTES, "", e);
    if (rc == 0)
        rc = value_check_placeholders(k, text, e);
    if (rc)
        return rc;
    buf_init(&b, 0);
    for (const char *p = text; *p; p++) {
        buf_addc(&b, *p == '%' ? '1' : *p);
        p += *p == '%';
    }
    bool is_good = value_is_host_port(buf_str(&b)) && !strstr(text, "%%");
    buf_release(&b);
    return is_good ? value_store_string(k, base, xstrdup(text)) : value_refuse(k, e);
}

/* Is the host, of n bytes with its port, this machine? */
static bool is_loopback(const char *host, size_t n)
{
    static const char *const names[] = {"localhost", "[::1]"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);
        if (n >= len && strncasecmp(host, names[i], len) == 0 && (n == len || host[len] == ':'))
            return true;
    }
    size_t digits = strspn(host, "0123456789.:");
    return strncmp(host, "127.", 4) == 0 && digits >= n;
}

/* Who knows the URL of a chat's webhook may write there: it is a secret, but for its host. */
static int parse_receiver_url(const struct key *k, const char *text, void *base, const char *dir,
                              struct err *e)
{
    (void)dir;
    int rc = value_check_url(k, text, e);
    if (rc)
        return rc;
    const char *host = strstr(text, "://") + 3;
    size_t n = strcspn(host, "/?#");
    bool is_bare = host[n] == '\0' || strcmp(host + n, "/") == 0;
    if (!is_bare && !is_loopback(host, n))
        return value_refuse_at(e, (size_t)(host - text) + n,
                               "whoever reads this may write there; put it into a variable or a "
                               "file and name that, by `url_env` or `url_file`");
    return value_store_string(k, base, xstrdup(text));
}

/* ---- numbers ---- */

/* "-12.5" at text: the number without its point, and how many digits stand behind the point. Answers
 * the bytes it takes; 0: it is none, or has more digits than a double holds. */
static size_t read_decimal(const char *text, int64_t *v, int *places)
{
    size_t n = text[0] == '-', digits = strspn(text + n, "0123456789"), behind = 0;

    if (digits == 0 || (digits > 1 && text[n] == '0'))
        return 0;
    if (text[n + digits] == '.') {
        behind = strspn(text + n + digits + 1, "0123456789");
        if (behind == 0)
            return 0;
    }
    if (digits + behind > NUMBER_DIGITS_MAX)
        return 0;
    size_t end = n + digits + (behind ? behind + 1 : 0);
    *v = 0;
    for (size_t i = n; i < end; i++) {
        if (text[i] != '.')
            *v = *v * 10 + (text[i] - '0');
    }
    *v = text[0] == '-' ? -*v : *v;
    *places = (int)behind;
    return end;
}

static int parse_number(const struct key *k, const char *text, void *base, const char *dir,
                        struct err *e)
{
    int64_t v = 0;
    int places = 0;
    size_t n = read_decimal(text, &v, &places);
    double power = 1;

    (void)dir;
    if (n == 0 || text[n])
        return value_refuse(k, e);
    for (; places > 0; places--)
        power *= 10;
    *(double *)value_field(base, k->at) = (double)v / power;
    return 0;
}

static int parse_load(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    enum { PLACES = 3 };
    int64_t v = 0;
    int places = 0;
    size_t n = read_decimal(text, &v, &places);

    (void)dir;
    for (; n && places < PLACES; places++)
        v *= 10;
    if (n == 0 || text[n] || places > PLACES || v <= 0 || v > LOAD_MAX_MILLI)
        return value_refuse(k, e);
    *(int64_t *)value_field(base, k->at) = v;
    return 0;
}

/* "3/1m": so many in that time. */
static int parse_rate(const struct key *k, const char *text, void *base, const char *dir,
                      struct err *e)
{
    int64_t v = 0;
    size_t n = value_read_digits(text, &v);
    int64_t ms = n && text[n] == '/' ? value_read_duration(text + n + 1) : -1;

    (void)dir;
    if (ms < 0 || ms < k->min || ms > k->max || v > LINES_MAX)
        return value_refuse(k, e);
    *(int *)value_field(base, k->at) = (int)v;
    *(int64_t *)value_field(base, k->count_at) = ms;
    return 0;
}

/* ---- what is allowed, in words ---- */

static void allowed_events(const struct key *k, char *dst, size_t size)
{
    snprintf(dst, size, "`all`, or some of %s as a list", k->choices);
}

ALLOWED(label, "a name of at most 30 characters, such as `home page`, no space at its ends")
ALLOWED(base_url, "a URL such as `http://prometheus.example.com:9090`")
ALLOWED(address, "`host:port`, such as `%h:%p` or `db.example.com:5432`")
ALLOWED(query, "a query of PromQL that gives one number, of at most 4096 bytes")
ALLOWED(json_path, "the way to a number in the answer, such as `data.orders`")
ALLOWED(metric, "the name of a metric, such as `http_requests_total{code=~\"5..\"}`")
ALLOWED(metric_label, "the name of a label, such as `version`")
ALLOWED(tailed, "a file of the instances: a path that begins with `/` or `%d/`")
ALLOWED(mount, "where a file system is mounted, such as `/` or `/srv`")
ALLOWED(rate, "so many in so much time, 1s to 24h, such as `3/1m`")
ALLOWED(number, "a number of at most 15 digits, such as `10`, `-3` or `99.5`")
ALLOWED(load, "a load a processor above 0 up to 1000, at most three decimal places, such as `2.0`")
ALLOWED(variable, "a variable of the environment, such as `FOOTPLATE_CHAT`")
ALLOWED(receiver_url,
        "a URL that begins with http:// or https://, of a host alone or of this machine")
ALLOWED(template, "JSON, of at most 16384 bytes")

TYPE(label, "label", STORE_STRING, parse_label, label)
TYPE(base_url, "URL", STORE_STRING, parse_base_url, base_url)
TYPE(address, "address", STORE_STRING, parse_address, address)
TYPE(query, "query", STORE_STRING, parse_query, query)
TYPE(json_path, "words", STORE_STRING, parse_json_path, json_path)
TYPE(metric, "metric", STORE_STRING, parse_metric, metric)
TYPE(metric_label, "label", STORE_STRING, parse_variable, metric_label)
TYPE(tailed, "path", STORE_STRING, parse_tailed, tailed)
TYPE(mount, "path", STORE_STRING, parse_mount, mount)
TYPE(rate, "rate", STORE_RATE, parse_rate, rate)
TYPE(number, "decimal", STORE_NUMBER, parse_number, number)
TYPE(load, "decimal", STORE_MS, parse_load, load)
TYPE(variable, "variable", STORE_STRING, parse_variable, variable)
TYPE(receiver_url, "URL", STORE_STRING, parse_receiver_url, receiver_url)
TYPE(template, "JSON", STORE_STRING, parse_template, template)
TYPE(events, "list of words", STORE_STRINGS, parse_events, events)
