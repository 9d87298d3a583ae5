/* haproxy_parse.c: reads the answers of HAProxy 2.x's runtime API, line by line:
 *
 *     "1", "# be_id be_name srv_id ...", rows   servers: blanks between, columns by their names
 *     "# pxname,svname,...", rows               sessions: commas between, quoted where needed
 *     "Name: HAProxy", "Pid: 17", ...           which process answered
 *
 * each part ended by an empty line. Everything that does not fit is an error: a part that is
 * missing must never read as a server that is missing. It does not know who asked, nor what for. */
#include "config.h"

#include "traffic/haproxy_parse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { COLUMNS_MAX = 256, WORDS_BYTES = 200 };

enum state_column {
    ST_BACKEND,
    ST_NAME,
    ST_ADDRESS,
    ST_PORT,
    ST_OP,
    ST_ADMIN,
    ST_WEIGHT,
    ST_COUNT
};
enum stat_column { SS_BACKEND, SS_NAME, SS_QUEUE, SS_SESSIONS, SS_COUNT };

static const char *const state_columns[ST_COUNT] = {"be_name",    "srv_name",     "srv_addr",
                                                    "srv_port",   "srv_op_state", "srv_admin_state",
                                                    "srv_uweight"};
static const char *const stat_columns[SS_COUNT] = {"pxname", "svname", "qcur", "scur"};

enum part { PART_NONE, PART_STATE, PART_STAT, PART_INFO };

struct stat_row {
    const char *name;
    int sessions;
};

/* One reading through a report's text. at: where the wanted columns are. */
struct parse {
    struct haproxy_report *r;
    const char *backend;
    struct err *e;
    enum part part;
    int state_at[ST_COUNT];
    int stat_at[SS_COUNT];
    bool has_state;
    bool has_stat;
    bool has_info;
    int servers_cap;
    struct stat_row *rows;
    int n_rows;
    int rows_cap;
    char *fields[COLUMNS_MAX];
};

/* A number of at most nine digits, or -1. */
static int number_parse(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n > 0 && n <= 9 && s[n] == '\0' ? (int)strtol(s, NULL, 10) : -1;
}

/* HAProxy's words, cut and made plain: they are shown to a person. */
static void words_copy(char *dst, size_t size, const char *s)
{
    size_t n = 0;

    while (*s == '\n' || *s == ' ' || *s == '>')
        s++;
    for (; *s && *s != '\n' && n < size - 1; s++)
        dst[n++] = *s >= ' ' && *s < 127 ? *s : '?';
    dst[n] = '\0';
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* Split at blanks, in place. */
static int words_split(char *line, char **fields)
{
    int n = 0;
    char *save = line;
    char *word;

    while (n < COLUMNS_MAX && (word = strsep(&save, " "))) {
        if (*word)
            fields[n++] = word;
    }
    return n;
}

/* Take one field of a comma-separated line, in place; answers what follows it, NULL at the end. */
static char *csv_field(char *p, char **field)
{
    char *out = p;
    bool is_quoted = *p == '"';

    if (is_quoted)
        p++;
    *field = out;
    while (*p && (is_quoted || *p != ',')) {
        if (is_quoted && *p == '"' && p[1] != '"') {
            is_quoted = false;
            p++;
            continue;
        }
        if (is_quoted && *p == '"')
            p++;
        *out++ = *p++;
    }
    if (*p == '\0') {
        *out = '\0';
        return NULL;
    }
    *out = '\0';
    return p + 1;
}

static int csv_split(char *line, char **fields)
{
    int n = 0;

    while (line && n < COLUMNS_MAX)
        line = csv_field(line, &fields[n++]);
    return n;
}

static int columns_find(struct parse *p, int n_fields, const char *const *names, int n, int *at)
{
    int i;
    int k;

    for (i = 0; i < n; i++) {
        at[i] = -1;
        for (k = 0; k < n_fields && at[i] < 0; k++) {
            if (strcmp(p->fields[k], names[i]) == 0)
                at[i] = k;
        }
        if (at[i] < 0)
            return err_set(p->e, ERR_PROTOCOL, "no column %s in HAProxy's answer", names[i]);
    }
    return 0;
}

static bool fields_hold(const int *at, int n, int n_fields)
{
    int i;

    for (i = 0; i < n; i++) {
        if (at[i] >= n_fields)
            return false;
    }
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int state_row(struct parse *p, char *line)
{
    struct haproxy_report *r = p->r;
    struct haproxy_server s = {.sessions = -1};
    int n = words_split(line, p->fields);
    int admin;

    if (!fields_hold(p->state_at, ST_COUNT, n))
        return err_set(p->e, ERR_PROTOCOL, "a row of servers state is cut");
    if (strcmp(p->fields[p->state_at[ST_BACKEND]], p->backend) != 0)
        return 0;
    s.name = p->fields[p->state_at[ST_NAME]];
    s.address = p->fields[p->state_at[ST_ADDRESS]];
    s.port = number_parse(p->fields[p->state_at[ST_PORT]]);
    s.op = number_parse(p->fields[p->state_at[ST_OP]]);
    s.weight = number_parse(p->fields[p->state_at[ST_WEIGHT]]);
    admin = number_parse(p->fields[p->state_at[ST_ADMIN]]);
    if (s.port < 0 || s.op < 0 || s.op > 3 || s.weight < 0 || admin < 0)
        return err_set(p->e, ERR_PROTOCOL,
                       "a row of servers state has no numbers where they belong");
    s.admin = (unsigned)admin;
    if (r->n == p->servers_cap) {
        p->servers_cap = p->servers_cap ? 2 * p->servers_cap : 32;
        r->servers = xreallocarray(r->servers, (size_t)p->servers_cap, sizeof(s));
    }
    r->servers[r->n++] = s;
    return 0;
}

static int stat_row(struct parse *p, char *line)
{
    int n = csv_split(line, p->fields);
    struct stat_row row;
    int sessions;
    int queue;

    if (!fields_hold(p->stat_at, SS_COUNT, n))
        return err_set(p->e, ERR_PROTOCOL, "a row of stat is cut");
    if (strcmp(p->fields[p->stat_at[SS_BACKEND]], p->backend) != 0)
        return 0;
    sessions = number_parse(p->fields[p->stat_at[SS_SESSIONS]]);
    queue = number_parse(p->fields[p->stat_at[SS_QUEUE]]);
    row.name = p->fields[p->stat_at[SS_NAME]];
    row.sessions = sessions >= 0 && queue >= 0 ? sessions + queue : -1;
    if (p->n_rows == p->rows_cap) {
        p->rows_cap = p->rows_cap ? 2 * p->rows_cap : 32;
        p->rows = xreallocarray(p->rows, (size_t)p->rows_cap, sizeof(row));
    }
    p->rows[p->n_rows++] = row;
    return 0;
}

static void info_row(struct parse *p, char *line)
{
    char *value = strstr(line, ": ");
    const struct {
        const char *key;
        int64_t *to;
    } keys[] = {
        {"Pid", &p->r->pid}, {"Uptime_sec", &p->r->uptime_s}, {"Start_time_sec", &p->r->start_s}};
    size_t i;

    if (!value)
        return;
    *value = '\0';
    value += 2;
    for (i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(line, keys[i].key) == 0 && strspn(value, "0123456789") < 18)
            *keys[i].to = strtoll(value, NULL, 10);
    }
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* A line between two parts: it says which part begins, or is HAProxy's refusal. */
static int part_begin(struct parse *p, char *line)
{
    char words[WORDS_BYTES];

    if (strcmp(line, "1") == 0)
        return 0;
    if (strncmp(line, "# be_id ", 8) == 0 && !p->has_state) {
        p->part = PART_STATE;
        p->has_state = true;
        return columns_find(p, words_split(line + 2, p->fields), state_columns, ST_COUNT,
                            p->state_at);
    }
    if (strncmp(line, "# pxname,", 9) == 0 && !p->has_stat) {
        p->part = PART_STAT;
        p->has_stat = true;
        return columns_find(p, csv_split(line + 2, p->fields), stat_columns, SS_COUNT, p->stat_at);
    }
    if (strncmp(line, "Name: ", 6) == 0 && !p->has_info) {
        p->part = PART_INFO;
        p->has_info = true;
        return 0;
    }
    words_copy(words, sizeof(words), line);
    if (strcmp(words, "Can't find backend.") == 0)
        return err_set(p->e, ERR_NOTFOUND, "HAProxy has no backend %s", p->backend);
    return err_set(p->e, ERR_REFUSED, "HAProxy says: %s", words);
}

static int line_take(struct parse *p, char *line)
{
    size_t n = strlen(line);

    if (n > 0 && line[n - 1] == '\r')
        line[n - 1] = '\0';
    if (line[0] == '\0') {
        p->part = PART_NONE;
        return 0;
    }
    switch (p->part) {
    case PART_STATE:
        return state_row(p, line);
    case PART_STAT:
        return stat_row(p, line);
    case PART_INFO:
        info_row(p, line);
        return 0;
    case PART_NONE:
        break;
    }
    return part_begin(p, line);
}

/* ---- the table ------------------------------------------------------------------------------- */

static int server_by_name(const void *a, const void *b)
{
    const struct haproxy_server *x = a;
    const struct haproxy_server *y = b;

    return strcmp(x->name, y->name);
}

static int address_compare(const char *address, int port, const struct haproxy_server *s)
{
    int by_address = strcmp(address, s->address);

    return by_address ? by_address : (port > s->port) - (port < s->port);
}

static int server_by_address(const void *a, const void *b)
{
    const struct haproxy_server *const *x = a;
    const struct haproxy_server *const *y = b;
    int order = address_compare((*x)->address, (*x)->port, *y);

    return order ? order : strcmp((*x)->name, (*y)->name);
}

static int row_by_name(const void *a, const void *b)
{
    const struct stat_row *x = a;
    const struct stat_row *y = b;

    return strcmp(x->name, y->name);
}

/* Sort both tables and give each server its sessions. */
static void tables_join(struct parse *p)
{
    struct haproxy_report *r = p->r;
    const struct stat_row *row;
    struct stat_row key;
    int i;

    if (r->n > 0)
        qsort(r->servers, (size_t)r->n, sizeof(*r->servers), server_by_name);
    if (p->n_rows > 0)
        qsort(p->rows, (size_t)p->n_rows, sizeof(*p->rows), row_by_name);
    r->by_address = xcalloc((size_t)r->n + 1, sizeof(*r->by_address));
    for (i = 0; i < r->n; i++) {
        r->by_address[i] = &r->servers[i];
        key.name = r->servers[i].name;
        row =
            p->n_rows ? bsearch(&key, p->rows, (size_t)p->n_rows, sizeof(key), row_by_name) : NULL;
        if (row)
            r->servers[i].sessions = row->sessions;
    }
    if (r->n > 0)
        qsort(r->by_address, (size_t)r->n, sizeof(const void *), server_by_address);
}

static int parts_check(const struct parse *p)
{
    if (!p->has_state || !p->has_stat || !p->has_info || p->r->pid == 0)
        return err_set(p->e, ERR_PROTOCOL, "HAProxy's answer is not complete");
    return 0;
}

int haproxy_report_parse(struct haproxy_report *r, const char *text, size_t len,
                         const char *backend, struct err *e)
{
    struct parse p = {.r = r, .backend = backend, .e = e};
    int status = 0;
    char *rest;
    char *line;

    memset(r, 0, sizeof(*r));
    r->text = xstrndup(text, len);
    rest = r->text;
    while (status == 0 && (line = strsep(&rest, "\n")))
        status = line_take(&p, line);
    if (status == 0)
        status = parts_check(&p);
    if (status == 0)
        tables_join(&p);
    free(p.rows);
    if (status != 0)
        haproxy_report_release(r);
    return status;
}

void haproxy_report_release(struct haproxy_report *r)
{
    free(r->text);
    free(r->servers);
    free(r->by_address);
    memset(r, 0, sizeof(*r));
}

const struct haproxy_server *haproxy_find_name(const struct haproxy_report *r, const char *name)
{
    struct haproxy_server key = {.name = name};

    if (r->n == 0)
        return NULL;
    return bsearch(&key, r->servers, (size_t)r->n, sizeof(key), server_by_name);
}

const struct haproxy_server *haproxy_find_address(const struct haproxy_report *r,
                                                  const char *address, int port, int *count)
{
    int low = 0;
    int high = r->n;
    int middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (address_compare(address, port, r->by_address[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (*count = 0; low + *count < r->n; (*count)++) {
        if (address_compare(address, port, r->by_address[low + *count]) != 0)
            break;
    }
    return *count > 0 ? r->by_address[low] : NULL;
}

enum traffic_state haproxy_state(const struct haproxy_server *s)
{
    if (s->admin & ~(unsigned)HAPROXY_ADMIN_DRAIN)
        return TRAFFIC_MAINT;
    if (s->admin & HAPROXY_ADMIN_DRAIN)
        return s->sessions == 0 ? TRAFFIC_DRAINED : TRAFFIC_DRAINING;
    if (s->weight == 0)
        return TRAFFIC_MAINT;
    return s->op == 1 || s->op == 2 ? TRAFFIC_READY : TRAFFIC_DOWN;
}

int haproxy_set_parse(const char *text, struct err *e)
{
    char words[WORDS_BYTES];

    if (text[strspn(text, " \r\n")] == '\0')
        return 0;
    words_copy(words, sizeof(words), text);
    return err_set(e, ERR_REFUSED, "HAProxy says: %s", words);
}
