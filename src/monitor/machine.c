/* machine.c: reads load, memory and uptime of the hosts that instances run on, over the group's own
 * transport, while a person looks on.
 *
 *     due -> link (kept, or its turn to be opened) -> one constant command -> figures -> due again
 *                     |                                   |
 *                     +---- refused or lost: the error, the link closed, a pause
 *
 * Instances on one host share a machine, so that a host is asked once however many it carries. More
 * machines than sessions: most keep theirs, the others take turns with what is left. It does not know
 * what an instance is. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* One new session a tick at most. sshd counts refused logins against this whole host (FAULTS 0.12). */
enum {
    LINK_GIVE_UP_MS = 5000,
    PAUSE_MS = 15000,
    PAUSE_REFUSED_MS = 61000,
    OUTPUT_BYTES = 16 << 10,
    ROTATING = 8
};

static const char command[] = "cat /proc/loadavg /proc/uptime /proc/meminfo";

/* ---- life ---------------------------------------------------------------------------------------------- */

static char *key_of(const struct group_config *c, const char *host)
{
    return xasprintf("%d %s %d %s %s %s", (int)c->transport, host, c->ssh.port,
                     c->ssh.user ? c->ssh.user : "", c->ssh.identity_file ? c->ssh.identity_file : "",
                     c->ssh.config ? c->ssh.config : "");
}

static struct machine *machine_new(struct monitor *m, const struct group_config *c, const char *host)
{
    struct machine *x = xcalloc(1, sizeof *x);

    x->m = m;
    x->spec = (struct session_spec){
        .transport = c->transport == CONFIG_LOCAL ? TRANSPORT_LOCAL : TRANSPORT_SSH,
        .host = xstrdup(host),
        .port = c->ssh.port,
        .user = xstrdup_null(c->ssh.user),
        .identity_file = xstrdup_null(c->ssh.identity_file),
        .ssh_config = xstrdup_null(c->ssh.config)};
    x->load_milli = x->mem_used_kib = x->mem_total_kib = x->uptime_s = -1;
    buf_init(&x->out, OUTPUT_BYTES);
    TAILQ_INIT(&x->calls);
    TAILQ_INSERT_TAIL(&m->machines, x, entry);
    m->n_machines++;
    return x;
}

struct machine *machine_get(struct monitor *m, const struct group_config *cfg, const char *host)
{
    char *key = key_of(cfg, host);
    struct machine *x;

    TAILQ_FOREACH(x, &m->machines, entry) {
        if (strcmp(x->key, key) == 0)
            break;
    }
    if (x) {
        free(key);
    } else {
        x = machine_new(m, cfg, host);
        x->key = key;
    }
    x->users++;
    return x;
}

static void machine_close(struct machine *x)
{
    struct net *net = x->m->net;

    machine_calls_lost(x);
    if (x->run)
        net->ops->run_cancel(x->run);
    if (x->wait)
        link_cancel(x->wait);
    if (x->link) {
        link_free(x->link);
        x->m->n_sessions--;
    }
    x->run = NULL;
    x->wait = NULL;
    x->link = NULL;
}

static void free_text(const char *s)
{
    free((void *)(uintptr_t)s);
}

void machine_put_back(struct machine *x)
{
    if (--x->users > 0)
        return;
    machine_close(x);
    TAILQ_REMOVE(&x->m->machines, x, entry);
    x->m->n_machines--;
    free_text(x->spec.host);
    free_text(x->spec.user);
    free_text(x->spec.identity_file);
    free_text(x->spec.ssh_config);
    buf_release(&x->out);
    free(x->error);
    free(x->key);
    free(x);
}

/* ---- what was answered --------------------------------------------------------------------------------- */

/* A number with at most three decimals that count, in thousandths; *end is behind it. -1: none. */
static int64_t parse_milli(const char *text, const char **end)
{
    char *rest;
    long long whole = strtoll(text, &rest, 10);
    int64_t milli, unit = 100;

    if (rest == text || whole < 0 || whole > INT64_MAX / 2000)
        return -1;
    milli = whole * 1000;
    for (rest += *rest == '.'; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
        milli += unit * (*rest - '0');
    *end = rest;
    return milli;
}

/* The figure behind "NAME:" at the start of a line, in KiB; -1: none. */
static int64_t parse_kib(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            long long kib = strtoll(line + n + 1, NULL, 10);
            return kib >= 0 && kib < INT64_MAX / 2000 ? kib : -1;
        }
    }
    return -1;
}

int machine_parse(struct machine *x, const char *text, struct err *e)
{
    const char *at = text;
    int64_t load = parse_milli(at, &at);
    int64_t uptime, total, available;
    char first[80];

    at = load >= 0 ? strchr(at, '\n') : NULL;
    uptime = at ? parse_milli(at + 1, &at) : -1;
    total = parse_kib(text, "MemTotal");
    available = parse_kib(text, "MemAvailable");
    if (load < 0 || uptime < 0 || total <= 0) {
        text_copy_safe(first, sizeof first, (struct raw){text, strcspn(text, "\r\n")}, 0);
        return err_set(e, ERR_PROTOCOL, "%s: not the figures of /proc: \"%s\"", x->spec.host, first);
    }
    if (available < 0) /* a kernel before 3.14 */
        available = parse_kib(text, "MemFree");
    x->load_milli = load;
    x->uptime_s = uptime / 1000;
    x->mem_total_kib = total;
    x->mem_used_kib = available >= 0 && available <= total ? total - available : -1;
    return 0;
}

static void set_error(struct machine *x, const char *error)
{
    bool is_same = x->error && error ? strcmp(x->error, error) == 0 : x->error == error;

    if (is_same)
        return;
    free(x->error);
    x->error = xstrdup_null(error);
    x->is_news = true;
}

void machine_failed(struct machine *x, const struct err *e)
{
    bool is_refused = e->code == ERR_AUTH || e->code == ERR_HOSTKEY;
    int64_t pause = is_refused ? PAUSE_REFUSED_MS : PAUSE_MS;

    set_error(x, e->msg);
    x->next_at = net_mono_ms(x->m->net) + pause;
    machine_close(x);
}

static void output(void *arg, enum run_stream stream, const char *p, size_t n)
{
    struct machine *x = arg;

    if (stream == RUN_STDOUT)
        buf_add(&x->out, p, n);
}

static void ran(void *arg, const struct run_result *r)
{
    struct machine *x = arg;
    struct err e = r->err;

    x->run = NULL;
    if (e.code || machine_parse(x, buf_str(&x->out), &e) < 0) {
        machine_failed(x, &e);
        return;
    }
    x->read_at = net_wall_ms(x->m->net);
    x->is_fresh = true;
    set_error(x, NULL);
    x->is_read = true;
}

/* ---- whose turn it is ------------------------------------------------------------------------------------ */

static void linked(void *arg, struct session *s, const struct err *e)
{
    static const struct run_events events = {.output = output, .done = ran};
    struct machine *x = arg;
    struct net *net = x->m->net;
    struct run_spec spec = {
        .command = command, .deadline_ms = SYSTEM_DEADLINE_MS, .max_output = OUTPUT_BYTES};

    x->wait = NULL;
    if (!s) {
        machine_failed(x, e);
        return;
    }
    buf_reset(&x->out);
    x->run = net->ops->run_start(s, &spec, &events, x);
}

struct link *machine_link(struct machine *x)
{
    struct monitor *m = x->m;

    if (!x->link && m->n_sessions < m->sessions_max) {
        x->link = link_new(m->net, &x->spec, LINK_GIVE_UP_MS);
        m->n_sessions++;
    }
    return x->link;
}

static void machine_ask(struct machine *x, int64_t now)
{
    struct monitor *m = x->m;

    if (!machine_link(x))
        return;
    x->turn = ++m->turns;
    x->is_read = false;
    x->next_at = now + SYSTEM_EVERY_MS / m->haste;
    x->wait = link_want(x->link, linked, x);
}

/* It has been read, and others wait for a session. */
static bool has_had_its_turn(const struct machine *x, int64_t now)
{
    const struct monitor *m = x->m;

    return x->is_read && x->link && !x->wait && !x->run && !machine_is_called(x, now) &&
           m->n_machines > m->sessions_max && m->n_sessions > m->sessions_max - ROTATING;
}

void machines_turn(struct monitor *m, int64_t now)
{
    struct machine *x, *next = NULL;

    TAILQ_FOREACH(x, &m->machines, entry) {
        machine_calls_turn(x, now);
        if ((!m->is_looked_on && !machine_is_called(x, now)) || has_had_its_turn(x, now))
            machine_close(x);
        if (!m->is_looked_on || x->wait || x->run || x->next_at > now)
            continue;
        if (x->link)
            machine_ask(x, now);
        else if (!next || x->turn < next->turn)
            next = x;
    }
    if (next && m->n_sessions < m->sessions_max)
        machine_ask(next, now);
}
