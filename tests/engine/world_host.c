/* world_host.c: instances: sessions to their hosts, commands on them, and the runner, which answers as
 * src/steps/runner.sh does. What an operation does to an instance is here in a few phases; it goes on
 * whoever looks. */
#include "config.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { STATUS_MISSING = 93, STATUS_BUSY = 94, STATUS_FENCE = 95, STATUS_REFUSED = 96 };

enum { LINGER_MS = 500 }; /* from a runner's record to its end, and the time a probe takes to see both */

enum session_state { SESSION_OPENING, SESSION_READY, SESSION_LOST };

struct session {
    LIST_ENTRY(session) link;
    struct world *w;
    struct sim_host *host;
    struct session_events events;
    void *arg;
    enum session_state state;
    struct event *ev; /* its opening, or its loss */
    LIST_HEAD(, run) runs;
    bool is_ending;   /* its callbacks are being made */
    bool is_closed;   /* ... and the client has closed it in one of them */
};

enum run_verb { RUN_SEND, RUN_BEGIN, RUN_ATTACH, RUN_KILL, RUN_PROBE };

struct run {
    LIST_ENTRY(run) link;
    struct world *w;
    struct session *session; /* NULL: a stray */
    struct sim_instance *in;
    struct run_events events;
    void *arg;
    enum run_verb verb;
    char op_id[OP_ID_BYTES], version[32];
    enum step step;
    int64_t fence, deadline_s;
    char *input;
    struct event *ev, *deadline;
    int64_t since;
    struct sim_op *follows;
    struct buf out, words;
    int status;
};

/* ---- sessions ------------------------------------------------------------------------------------------- */

static void run_free(struct run *r)
{
    LIST_REMOVE(r, link);
    world_forget(r->w, r->ev);
    world_forget(r->w, r->deadline);
    buf_release(&r->out);
    buf_release(&r->words);
    free(r->input);
    free(r);
}

static void run_end(struct run *r, const struct run_result *result)
{
    struct run_events events = r->events;
    void *arg = r->arg;

    r->w->handles--;
    run_free(r);
    events.done(arg, result);
}

static void session_free(struct session *s)
{
    while (!LIST_EMPTY(&s->runs)) {
        s->w->handles--;
        run_free(LIST_FIRST(&s->runs));
    }
    LIST_REMOVE(s, link);
    world_forget(s->w, s->ev);
    free(s);
}

/* Its runs end first, then it is told lost, all in one moment. */
static void session_lose(struct session *s, int code, const char *words)
{
    struct err e;

    err_set(&e, code, "%s: %s", s->host->name, words);
    s->state = SESSION_LOST;
    world_forget(s->w, s->ev);
    s->ev = NULL;
    s->is_ending = true;
    while (!s->is_closed && !LIST_EMPTY(&s->runs)) {
        struct run_result r = {.status = -1};
        err_set(&r.err, ERR_UNREACHABLE, "%s: the connection was lost", s->host->name);
        run_end(LIST_FIRST(&s->runs), &r);
    }
    if (!s->is_closed)
        s->events.lost(s->arg, &e);
    s->is_ending = false;
    if (s->is_closed)
        session_free(s);
}

static void session_breaks(struct world *w, void *arg)
{
    struct session *s = arg;

    (void)w;
    s->ev = NULL;
    session_lose(s, ERR_UNREACHABLE, "the connection was lost");
}

static bool is_reachable(const struct world *w, const struct sim_host *h)
{
    return h->down_until == 0 && w->now >= h->apart_until;
}

static void session_opens(struct world *w, void *arg)
{
    struct session *s = arg;

    s->ev = NULL;
    if (!is_reachable(w, s->host)) {
        session_lose(s, ERR_UNREACHABLE, "no answer");
    } else if (world_chance(w, w->chaos.session_auth)) {
        session_lose(s, ERR_AUTH, "permission denied");
    } else if (world_chance(w, w->chaos.session_refused)) {
        session_lose(s, ERR_THROTTLED, "connection refused");
    } else {
        s->state = SESSION_READY;
        if (world_chance(w, w->chaos.session_lost))
            s->ev = world_after(w, world_between(w, 5, 8000), session_breaks, s);
        s->events.ready(s->arg);
    }
}

struct session *world_session_open(struct net *net, const struct session_spec *spec,
                                   const struct session_events *ev, void *arg)
{
    struct world *w = (struct world *)net;
    struct session *s = xcalloc(1, sizeof *s);
    int64_t ms = world_between(w, 3, 40);

    s->w = w;
    for (int k = 0; k < w->n_hosts; k++) {
        if (strcmp(w->hosts[k].name, spec->host) == 0)
            s->host = &w->hosts[k];
    }
    s->events = *ev;
    s->arg = arg;
    LIST_INIT(&s->runs);
    LIST_INSERT_HEAD(&w->sessions, s, link);
    w->handles++;
    if (!is_reachable(w, s->host))
        ms = world_between(w, 200, 3000);
    s->ev = world_after(w, ms, session_opens, s);
    return s;
}

void world_session_close(struct session *s)
{
    s->w->handles--;
    while (!LIST_EMPTY(&s->runs))
        world_run_cancel(LIST_FIRST(&s->runs));
    if (s->is_ending)
        s->is_closed = true;
    else
        session_free(s);
}

/* Callbacks may close any session, so the list is read anew after each. */
void host_lose_sessions(struct world *w, const struct sim_host *h)
{
    struct session *s;

again:
    LIST_FOREACH(s, &w->sessions, link) {
        if (s->host == h && s->state == SESSION_READY) {
            session_lose(s, ERR_UNREACHABLE, "the connection was lost");
            goto again;
        }
    }
}

void host_close_all(struct world *w)
{
    while (!LIST_EMPTY(&w->sessions))
        session_free(LIST_FIRST(&w->sessions));
    while (!LIST_EMPTY(&w->strays))
        run_free(LIST_FIRST(&w->strays));
    for (int i = 0; i < w->n; i++) {
        while (w->in[i].ops) {
            struct sim_op *op = w->in[i].ops;
            w->in[i].ops = op->next;
            free(op);
        }
    }
}

/* ---- answers of the runner ------------------------------------------------------------------------------------ */

static void answered(struct world *w, void *arg)
{
    struct run *r = arg;
    struct run_result result = {.status = r->status};

    (void)w;
    r->ev = NULL;
    if (r->out.len)
        r->events.output(r->arg, RUN_STDOUT, r->out.p, r->out.len);
    if (r->words.len)
        r->events.output(r->arg, RUN_STDERR, r->words.p, r->words.len);
    run_end(r, &result);
}

static void answer(struct run *r, int status)
{
    if (!r->session) {
        run_free(r);
        return;
    }
    r->status = status;
    r->ev = world_after(r->w, world_lag(r->w), answered, r);
}

static void boot_text(const struct sim_host *h, int boot, char *dst, size_t size)
{
    snprintf(dst, size, "%s-boot-%d", h->name, boot);
}

static void say_result(struct run *r, const struct sim_op *op)
{
    char boot[40];

    if (!op) {
        buf_addf(&r->words, "footplate: none %s\n", r->op_id);
    } else if (op->has_result) {
        boot_text(r->in->host, op->boot, boot, sizeof boot);
        buf_addf(&r->words, "footplate: result %s %lld %d %s end\n", op->id, (long long)op->fence,
                 op->status, boot);
    } else {
        buf_addf(&r->words, "footplate: gone %s\n", op->id);
    }
}

static void follow(struct run *r, struct sim_op *op)
{
    if (!op->is_ended) {
        r->follows = op;
        return;
    }
    r->follows = NULL;
    buf_addf(&r->out, "footplate-log %s\n%s", op->id, op->log);
    say_result(r, op);
    answer(r, 0);
}

/* Who followed hears of the end; the list may change while they are told, but only by later events. */
static void tell_followers(const struct sim_op *op)
{
    struct session *s;
    struct run *r, *next;

    LIST_FOREACH(s, &op->in->w->sessions, link) {
        for (r = LIST_FIRST(&s->runs); r; r = next) {
            next = LIST_NEXT(r, link);
            if (r->follows == op)
                follow(r, r->follows);
        }
    }
}

/* ---- services -------------------------------------------------------------------------------------------- */

void sim_stop_service(struct sim_instance *in)
{
    in->runs[0] = '\0';
}

void sim_start_service(struct sim_instance *in)
{
    struct world *w = in->w;
    int64_t ms = in->start_delay_ms;

    if (world_chance(w, w->chaos.slow_start))
        ms = world_between(w, 5000, 25000);
    if (world_chance(w, w->chaos.stays_sick))
        ms = INT64_C(1) << 40;
    str_copy(in->runs, sizeof in->runs, in->current);
    in->started_at = w->now;
    in->well_from = w->now + ms;
    in->starts++;
}

/* ---- operations ------------------------------------------------------------------------------------------- */

static void op_log(struct sim_op *op, const char *line)
{
    size_t n = strlen(op->log);

    snprintf(op->log + n, sizeof op->log - n, "%s\n", line);
}

static void op_end(struct sim_op *op, bool has_result, int status)
{
    struct world *w = op->in->w;
    struct world_fact f = {.act = ACT_ENDED, .in = op->in, .op_id = op->id, .step = op->step,
                           .fence = op->fence, .op = op};

    world_forget(w, op->ev);
    world_forget(w, op->deadline);
    op->ev = op->deadline = NULL;
    op->is_ended = true;
    op->ended_at = w->now;
    op->has_result = has_result;
    op->status = status;
    op->in->live = NULL;
    world_act(w, &f);
    tell_followers(op);
}

void sim_abort_op(struct sim_instance *in)
{
    if (in->live)
        op_end(in->live, false, -1);
}

static void add_release(struct sim_instance *in, const char *version)
{
    int k = 0;

    if (in->n_releases == WORLD_RELEASES) {
        while (strcmp(in->releases[k], in->current) == 0)
            k++;
        in->n_releases--;
        memmove(in->releases[k], in->releases[k + 1],
                (size_t)(in->n_releases - k) * sizeof in->releases[0]);
    }
    str_copy(in->releases[in->n_releases++], sizeof in->releases[0], version);
}

static void op_next(struct world *w, void *arg);

static void op_wait(struct sim_op *op, int64_t low, int64_t high)
{
    struct world *w = op->in->w;

    op->phase++;
    if (!op->hangs || op->phase == 1)
        op->ev = world_after(w, world_between(w, low, high), op_next, op);
}

static void download_next(struct sim_op *op)
{
    if (sim_has_release(op->in, op->version)) {
        op_log(op, "it is there and fits its manifest");
        op_end(op, true, 0);
    } else if (op->phase == 1) {
        op_wait(op, 100, 1500);
    } else if (op->fails) {
        op_log(op, "cannot bring the package");
        op_end(op, true, 1);
    } else {
        add_release(op->in, op->version);
        op_log(op, "brought and checked");
        op_end(op, true, 0);
    }
}

/* Which phase of an install fails: its stop, the link, or the start. */
static bool fails_in(const struct sim_op *op, int phase)
{
    return op->fails && (op->boot + op->in->i + op->in->starts) % 3 + 2 == phase;
}

static void install_next(struct sim_op *op)
{
    struct sim_instance *in = op->in;
    struct world_fact f = {.act = ACT_STOP, .in = in, .op_id = op->id, .step = op->step,
                           .fence = op->fence, .op = op};

    if (op->phase == 1 && !sim_has_release(in, op->version)) {
        op_log(op, "the release is not there");
        op_end(op, true, 1);
        return;
    }
    if (fails_in(op, op->phase)) {
        op_log(op, "it ended with status 1");
        op_end(op, true, 1);
        return;
    }
    switch (op->phase) {
    case 1:
        op_wait(op, 10, 200);
        break;
    case 2:
        world_act(in->w, &f);
        sim_stop_service(in);
        op_log(op, "stopped");
        op_wait(op, 5, 20);
        break;
    case 3:
        str_copy(in->current, sizeof in->current, op->version);
        op_log(op, "current is moved");
        op_wait(op, 10, 500);
        break;
    case 4:
        sim_start_service(in);
        op_log(op, "started");
        op_wait(op, 5, 50);
        break;
    default:
        op_end(op, true, 0);
        break;
    }
}

static void op_next(struct world *w, void *arg)
{
    struct sim_op *op = arg;

    (void)w;
    op->ev = NULL;
    if (op->step == STEP_DOWNLOAD)
        download_next(op);
    else
        install_next(op);
}

static void op_late(struct world *w, void *arg)
{
    struct sim_op *op = arg;

    (void)w;
    op->deadline = NULL;
    op_log(op, "hangs");
    op_end(op, true, 124);
}

/* The value of NAME='value' in a script that this program's steps wrote. */
static void script_value(const char *script, const char *name, char *dst, size_t size)
{
    char key[40];

    dst[0] = '\0';
    snprintf(key, sizeof key, "\n%s='", name);
    const char *at = strstr(script, key);
    if (!at)
        return;
    at += strlen(key);
    size_t n = strcspn(at, "'");
    if (n < size) {
        memcpy(dst, at, n);
        dst[n] = '\0';
    }
}

static struct sim_op *op_new(struct run *r)
{
    struct world *w = r->w;
    struct sim_instance *in = r->in;
    struct sim_op *op = xcalloc(1, sizeof *op);
    int fails = r->step == STEP_DOWNLOAD ? w->chaos.download_fails : w->chaos.install_fails;
    char sha[80], want[65];

    op->in = in;
    op->step = r->step;
    op->fence = r->fence;
    op->boot = in->host->boot;
    str_copy(op->id, sizeof op->id, r->op_id);
    script_value(r->input, "VERSION", op->version, sizeof op->version);
    op->fails = world_chance(w, fails);
    op->hangs = world_chance(w, w->chaos.step_hangs);
    if (r->step == STEP_DOWNLOAD) {
        script_value(r->input, "SHA", sha, sizeof sha);
        world_digest(op->version, want);
        op->fails |= strcmp(sha, want) != 0;
    }
    op->next = in->ops;
    in->ops = op;
    in->live = op;
    in->fence = r->fence;
    op->deadline = world_after(w, r->deadline_s * 1000, op_late, op);
    op_wait(op, 5, 40);
    return op;
}

/* ---- verbs ---------------------------------------------------------------------------------------------- */

static void do_send(struct run *r)
{
    r->in->has_runner = true;
    answer(r, 0);
}

static void do_begin(struct run *r);

static void begin_again(struct world *w, void *arg)
{
    struct run *r = arg;

    (void)w;
    r->ev = NULL;
    do_begin(r);
}

static void refuse(struct run *r, int status, const char *words)
{
    buf_addf(&r->words, "footplate: %s\n", words);
    answer(r, status);
}

/* The lock is waited for at most 2 s; then fence, then the record of the operation. */
static void do_begin(struct run *r)
{
    struct sim_instance *in = r->in;
    struct sim_op *op = sim_find_op(in, r->op_id);

    if (in->live && r->w->now - r->since < 2000) {
        r->ev = world_after(r->w, 100, begin_again, r);
        return;
    }
    if (in->live)
        refuse(r, STATUS_BUSY, "busy a runner lives");
    else if (r->fence < in->fence)
        refuse(r, STATUS_FENCE, "fence is older: another engine drives this instance");
    else if (op)
        refuse(r, STATUS_BUSY, "busy operation was begun before");
    else
        follow(r, op_new(r));
}

static void do_attach(struct run *r)
{
    struct sim_op *op = sim_find_op(r->in, r->op_id);

    if (op) {
        follow(r, op);
        return;
    }
    say_result(r, NULL);
    answer(r, 0);
}

static void do_kill(struct run *r)
{
    struct sim_op *op = r->in->live;

    if (op && strcmp(op->id, r->op_id) != 0) {
        buf_addf(&r->words, "footplate: other %s\n", op->id);
        answer(r, 0);
        return;
    }
    if (op && world_chance(r->w, r->w->chaos.kill_fails)) {
        buf_addf(&r->words, "footplate: alive 4711\n");
        answer(r, 0);
        return;
    }
    if (op)
        op_end(op, true, 143);
    say_result(r, sim_find_op(r->in, r->op_id));
    buf_addf(&r->words, "footplate: idle\n");
    answer(r, 0);
}

/* A probe asks who lives before it asks for the record. */
static bool lingers(struct world *w, const struct sim_op *op)
{
    return op && op->has_result && !op->in->live && w->now - op->ended_at < LINGER_MS &&
           world_chance(w, w->chaos.runner_lingers);
}

static void do_probe(struct run *r)
{
    const struct sim_instance *in = r->in;
    const struct sim_op *op = sim_find_op(r->in, r->op_id);
    const struct sim_op *live = lingers(r->w, op) ? op : in->live;
    char boot[40];

    boot_text(in->host, in->host->boot, boot, sizeof boot);
    buf_addf(&r->words, "footplate: fact boot %s\nfootplate: fact machine machine-%s\n", boot,
             in->host->name);
    buf_addf(&r->words, "footplate: fact current %s\n", in->current[0] ? in->current : "-");
    if (live)
        buf_addf(&r->words, "footplate: fact live %s %s\n", live->id, step_name(live->step));
    if (strcmp(r->version, "-") != 0 && sim_has_release(in, r->version))
        buf_addf(&r->words, "footplate: fact release yes\n");
    if (op) {
        boot_text(in->host, op->boot, boot, sizeof boot);
        buf_addf(&r->words, "footplate: fact begun %s\n", boot);
        if (op->has_result)
            say_result(r, op);
        buf_addf(&r->words, "footplate: fact text done\n");
    }
    buf_addf(&r->words, "footplate: fact end\n");
    answer(r, 0);
}

static void act(struct run *r)
{
    static void (*const verbs[])(struct run *) = {[RUN_SEND] = do_send, [RUN_BEGIN] = do_begin,
                                                  [RUN_ATTACH] = do_attach, [RUN_KILL] = do_kill,
                                                  [RUN_PROBE] = do_probe};
    struct world_fact f = {.act = r->verb == RUN_BEGIN ? ACT_BEGIN : ACT_KILL, .in = r->in,
                           .op_id = r->op_id, .step = r->step, .fence = r->fence,
                           .op = sim_find_op(r->in, r->op_id)};

    r->since = r->w->now;
    if (!r->in->has_runner && r->verb != RUN_SEND) {
        answer(r, STATUS_MISSING);
        return;
    }
    if ((r->verb == RUN_BEGIN || r->verb == RUN_KILL) && !world_act(r->w, &f))
        return;
    if (r->verb == RUN_BEGIN && f.op)
        f.op->begun++;
    verbs[r->verb](r);
}

/* A command has arrived, unless its host is away: then its session is lost sooner or later. */
static void delivered(struct world *w, void *arg)
{
    struct run *r = arg;
    struct session *s = r->session;

    r->ev = NULL;
    if (!is_reachable(w, r->in->host)) {
        if (!s)
            run_free(r);
        else if (!s->ev)
            s->ev = world_after(w, world_between(w, 500, 5000), session_breaks, s);
        return;
    }
    bool is_cut = s && world_chance(w, w->chaos.run_cut);
    if (!is_cut || world_chance(w, 500))
        act(r);
    if (is_cut && !s->ev)
        s->ev = world_after(w, 0, session_breaks, s);
}

/* ---- commands ------------------------------------------------------------------------------------------- */

/* The instance whose runner's path the command names: '/srv/shop-8080/.footplate... */
static struct sim_instance *instance_of(const struct session *s, const char *command)
{
    for (int i = 0; i < s->w->n; i++) {
        struct sim_instance *in = &s->w->in[i];
        char path[80];
        snprintf(path, sizeof path, "'%s/.footplate", in->doc_base);
        if (in->host == s->host && strstr(command, path))
            return in;
    }
    return NULL;
}

static bool parse_verb(struct run *r, const char *words)
{
    char step[16] = "";
    long long fence = 0, deadline = 0;

    if (sscanf(words, "begin %32s %lld %15s %lld", r->op_id, &fence, step, &deadline) == 4) {
        r->verb = RUN_BEGIN;
        r->fence = fence;
        r->deadline_s = deadline;
        int s = step_parse(step);
        r->step = s < 0 ? STEP_COUNT : (enum step)s;
        return s >= 0;
    }
    if (sscanf(words, "probe %32s '%31[^']'", r->op_id, r->version) == 2 ||
        sscanf(words, "probe %32s %31s", r->op_id, r->version) == 2) {
        r->verb = RUN_PROBE;
        return true;
    }
    if (sscanf(words, "attach %32s", r->op_id) == 1) {
        r->verb = RUN_ATTACH;
        return true;
    }
    r->verb = RUN_KILL;
    return sscanf(words, "kill %32s", r->op_id) == 1;
}

static bool parse_command(struct run *r, const char *command)
{
    const char *at;

    if (strncmp(command, "umask 077; d=", 13) == 0) {
        r->verb = RUN_SEND;
        return true;
    }
    if (strncmp(command, "[ -f ", 5) != 0 || !(at = strstr(command, "|| exit 93; exec sh '")))
        return false;
    at = strchr(at + strlen("|| exit 93; exec sh '"), '\'');
    return at && at[1] == ' ' && parse_verb(r, at + 2);
}

static void run_late(struct world *w, void *arg)
{
    struct run *r = arg;
    struct run_result result = {.status = -1};

    (void)w;
    r->deadline = NULL;
    err_set(&result.err, ERR_TIMEOUT, "%s: no answer in time", r->in->host->name);
    run_end(r, &result);
}

struct run *world_run_start(struct session *s, const struct run_spec *spec,
                            const struct run_events *ev, void *arg)
{
    struct run *r = xcalloc(1, sizeof *r);

    r->w = s->w;
    r->session = s;
    r->events = *ev;
    r->arg = arg;
    r->input = spec->input ? xstrndup(spec->input, spec->input_len) : xstrdup("");
    buf_init(&r->out, 0);
    buf_init(&r->words, 0);
    r->in = instance_of(s, spec->command);
    if (!r->in || !parse_command(r, spec->command)) {
        fprintf(stderr, "world: no such command: %s\n", spec->command);
        abort();
    }
    LIST_INSERT_HEAD(&s->runs, r, link);
    s->w->handles++;
    r->ev = world_after(s->w, world_lag(s->w), delivered, r);
    if (spec->deadline_ms)
        r->deadline = world_after(s->w, spec->deadline_ms, run_late, r);
    return r;
}

/* What is still on its way may arrive all the same. */
void world_run_cancel(struct run *r)
{
    struct world *w = r->w;
    bool is_on_its_way = r->ev && !r->follows && r->since == 0;

    w->handles--;
    if (!is_on_its_way || world_chance(w, 500)) {
        run_free(r);
        return;
    }
    LIST_REMOVE(r, link);
    world_forget(w, r->deadline);
    r->deadline = NULL;
    r->session = NULL;
    LIST_INSERT_HEAD(&w->strays, r, link);
}
