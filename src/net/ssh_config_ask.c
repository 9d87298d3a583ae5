/* ssh_config_ask.c: runs `ssh -G -v` as a child, a few at once, and keeps the answers by the file
 * times of what the child said it read. `-v` names the files; a configuration with `Match exec`
 * cannot be known by files and is kept for a short time only. What the answers mean is
 * ssh_config.c's affair.
 *
 *     asked -> waiting (at most JOBS_AT_ONCE run) -> running -> ended: the callbacks of all who
 * asked
 *
 * A job that is late is killed and answered at once; its memory waits for its handles. */
#include "config.h"

#include "net/ssh_config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/ssh_config_share.h"
#include "net/ssh_file.h"

enum {
    JOBS_AT_ONCE = 4,
    ANSWERS_AT_ONCE = 128, /* some milliseconds */
    JOB_MS = 5000,
    VOLATILE_MS = 30000,
    MAX_OUTPUT_BYTES = 256 << 10,
    MAX_COMPLAINT_BYTES = 400,
    MAX_STAMPS = 32,
    MAX_ARGS = 12,
    MAX_ENTRIES = 16384
};

/* is_read: a file that ssh read, not a folder or one that was not there. */
struct stamped {
    char *path;
    struct file_stamp stamp;
    bool is_read;
};

/* One answer that is kept. until_ms: of the loop's clock; 0: while the files are the same. share:
 * it holds for other hosts with the same base (all of the key but the host). */
struct kept {
    TAILQ_ENTRY(kept) link;
    TAILQ_ENTRY(kept) share_link;
    struct config_share *share;
    uint64_t looked_ms; /* when the files were last looked at */
    char *base;
    char *key;
    struct ssh_config *config;
    struct stamped stamps[MAX_STAMPS];
    size_t n_stamps;
    uint64_t until_ms;
};

struct config_ask {
    TAILQ_ENTRY(config_ask) link;
    struct job *job;
    config_done done;
    void *arg;
};

/* One child, for all who ask the same. */
struct job {
    TAILQ_ENTRY(job) link;
    struct config_cache *cache;
    TAILQ_HEAD(, config_ask) asks;
    char *key;
    struct session_spec spec; /* own copies */
    char *port_text;
    uv_process_t process;
    uv_pipe_t out, err;
    uv_timer_t timer;
    struct buf out_text, err_text;
    char read_space[4096];
    int n_handles;
    int n_reading;
    int status;
    bool is_spawned;
    bool is_exited;
    bool is_answered;
};

TAILQ_HEAD(job_list, job);
TAILQ_HEAD(kept_list, kept);

struct config_cache {
    uv_loop_t *loop;
    struct kept_list kept;
    struct kept_list shares;
    int n_kept;
    struct job_list waiting;
    struct job_list running;
    int n_running;
    bool is_freed; /* memory waits for the last job */
};

/* ---- what is kept --------------------------------------------------------------------------- */

static char *spec_base(const struct session_spec *spec)
{
    return xasprintf("%s\n%d\n%s\n%s", spec->ssh_config ? spec->ssh_config : "", spec->port,
                     spec->user ? spec->user : "", spec->identity_file ? spec->identity_file : "");
}

static char *spec_key(const struct session_spec *spec)
{
    char *base = spec_base(spec);
    char *key = xasprintf("%s\n%s", base, spec->host);

    free(base);
    return key;
}

static void kept_free(struct config_cache *c, struct kept *k)
{
    size_t i;

    TAILQ_REMOVE(&c->kept, k, link);
    c->n_kept--;
    if (k->share)
        TAILQ_REMOVE(&c->shares, k, share_link);
    config_share_free(k->share);
    for (i = 0; i < k->n_stamps; i++)
        free(k->stamps[i].path);
    ssh_config_unref(k->config);
    free(k->base);
    free(k->key);
    free(k);
}

/* The files are looked at once in a turn of the loop. */
static bool kept_is_true(struct config_cache *c, struct kept *k)
{
    struct file_stamp now;
    size_t i;

    if (k->until_ms && uv_now(c->loop) >= k->until_ms)
        return false;
    if (k->looked_ms == uv_now(c->loop))
        return true;
    k->looked_ms = uv_now(c->loop);
    for (i = 0; i < k->n_stamps; i++) {
        file_stamp(k->stamps[i].path, &now);
        if (!file_stamp_equal(&k->stamps[i].stamp, &now))
            return false;
    }
    return true;
}

/* The answer for another host, told for this one. */
static struct ssh_config *shared_get(struct config_cache *c, const struct session_spec *spec)
{
    struct ssh_config *config = NULL;
    char *base = spec_base(spec);
    char *text = NULL;
    struct kept *k, *next;

    for (k = TAILQ_FIRST(&c->shares); k && !text; k = next) {
        next = TAILQ_NEXT(k, share_link);
        if (strcmp(k->base, base) != 0)
            continue;
        if (kept_is_true(c, k))
            text = config_share_text(k->share, spec->host);
        else
            kept_free(c, k);
    }
    free(base);
    if (text && ssh_config_parse(text, spec, &config, NULL) != 0)
        config = NULL;
    free(text);
    return config;
}

struct ssh_config *config_cache_get(struct config_cache *c, const struct session_spec *spec)
{
    char *key = spec_key(spec);
    struct ssh_config *config = NULL;
    struct kept *k;

    TAILQ_FOREACH(k, &c->kept, link) {
        if (strcmp(k->key, key) == 0)
            break;
    }
    free(key);
    if (k && kept_is_true(c, k))
        config = ssh_config_ref(k->config);
    else if (k)
        kept_free(c, k);
    return config ? config : shared_get(c, spec);
}

static struct stamped *stamp_add(struct kept *k, const char *path, size_t n)
{
    struct stamped *s = &k->stamps[k->n_stamps];
    size_t i;

    for (i = 0; i < k->n_stamps; i++) {
        if (strlen(k->stamps[i].path) == n && strncmp(k->stamps[i].path, path, n) == 0)
            return &k->stamps[i];
    }
    if (k->n_stamps == MAX_STAMPS) {
        k->until_ms = 1; /* more files than can be watched: not kept */
        return NULL;
    }
    s->path = xstrndup(path, n);
    file_stamp(s->path, &s->stamp);
    k->n_stamps++;
    return s;
}

/* The folder of a file that an Include named, so that a new neighbour is seen. */
static void folder_add(struct kept *k, const char *path, size_t n)
{
    while (n && path[n - 1] != '/')
        n--;
    if (n > 1)
        stamp_add(k, path, n - 1);
}

/* The answer may hold for other hosts, if the files say nothing of this one. */
static void share_try(struct config_cache *c, struct kept *k, const struct job *j)
{
    const char *files[MAX_STAMPS];
    size_t i, n = 0;

    if (k->until_ms)
        return;
    for (i = 0; i < k->n_stamps; i++) {
        if (k->stamps[i].is_read)
            files[n++] = k->stamps[i].path;
    }
    k->share = config_share_new(buf_str(&j->out_text), j->spec.host, files, n);
    if (k->share)
        TAILQ_INSERT_HEAD(&c->shares, k, share_link);
}

static void trace_line(struct kept *k, struct config_cache *c, const char *line)
{
    static const char read[] = "Reading configuration data ";
    static const char included[] = ": Including file ";
    static const char none[] = ": include ";
    const char *p = strstr(line, read);
    struct stamped *s = NULL;

    if (p)
        s = stamp_add(k, p + sizeof(read) - 1, strlen(p + sizeof(read) - 1));
    if (s)
        s->is_read = true;
    if (p)
        return;
    p = strstr(line, included);
    if (p)
        folder_add(k, p + sizeof(included) - 1, strcspn(p + sizeof(included) - 1, " "));
    p = strstr(line, none);
    if (p)
        folder_add(k, p + sizeof(none) - 1, strcspn(p + sizeof(none) - 1, " "));
    if (strstr(line, "Executing command: ") && k->until_ms == 0)
        k->until_ms = uv_now(c->loop) + VOLATILE_MS;
}

/* Stamps are taken after the child read the files; one that changed in between is seen at the next
 * change only. A person who edits twice within a second wants the second. */
static void kept_add(struct config_cache *c, struct job *j, struct ssh_config *config)
{
    struct kept *k = xcalloc(1, sizeof(*k));
    const char *p = buf_str(&j->err_text);
    char *own = ssh_config_expand("~/.ssh/config", config, j->spec.host);

    k->key = xstrdup(j->key);
    k->base = spec_base(&j->spec);
    k->config = ssh_config_ref(config);
    while (*p) {
        size_t n = strcspn(p, "\r\n");
        char *line = xstrndup(p, n);

        trace_line(k, c, line);
        free(line);
        p += n;
        p += strspn(p, "\r\n");
    }
    if (!j->spec.ssh_config && own) {
        stamp_add(k, own, strlen(own));
        stamp_add(k, "/etc/ssh/ssh_config", strlen("/etc/ssh/ssh_config"));
    }
    free(own);
    share_try(c, k, j);
    TAILQ_INSERT_HEAD(&c->kept, k, link);
    if (++c->n_kept > MAX_ENTRIES)
        kept_free(c, TAILQ_LAST(&c->kept, kept_list));
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static void jobs_begin(struct config_cache *c);

static void job_free(struct job *j)
{
    session_spec_release(&j->spec);
    free(j->port_text);
    free(j->key);
    buf_release(&j->out_text);
    buf_release(&j->err_text);
    free(j);
}

static void asks_answer(struct job *j, struct ssh_config *config, const struct err *e)
{
    struct config_ask *a;

    while ((a = TAILQ_FIRST(&j->asks))) {
        TAILQ_REMOVE(&j->asks, a, link);
        a->done(a->arg, config, e);
        free(a);
    }
    ssh_config_unref(config);
}

/* Those who wait for a child, and whose answer is known by now. */
static void waiting_answer(struct config_cache *c)
{
    struct err none = {0};
    struct ssh_config *config;
    struct job *j, *next;
    int n = 0;

    for (j = TAILQ_FIRST(&c->waiting); j && n < ANSWERS_AT_ONCE; j = next, n++) {
        next = TAILQ_NEXT(j, link);
        config = config_cache_get(c, &j->spec);
        if (!config)
            continue;
        TAILQ_REMOVE(&c->waiting, j, link);
        asks_answer(j, config, &none);
        job_free(j);
    }
}

static void job_handle_closed(uv_handle_t *h)
{
    struct job *j = h->data;
    struct config_cache *c = j->cache;

    if (--j->n_handles)
        return;
    TAILQ_REMOVE(&c->running, j, link);
    c->n_running--;
    job_free(j);
    if (!c->is_freed) {
        waiting_answer(c);
        jobs_begin(c);
    } else if (TAILQ_EMPTY(&c->running)) {
        free(c);
    }
}

static void handle_close(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, job_handle_closed);
}

/* All that is left is memory. A child that has not been reaped keeps the process handle. */
static void job_let_go(struct job *j)
{
    handle_close((uv_handle_t *)&j->out);
    handle_close((uv_handle_t *)&j->err);
    handle_close((uv_handle_t *)&j->timer);
    if (j->is_exited || !j->is_spawned)
        handle_close((uv_handle_t *)&j->process);
    else
        uv_process_kill(&j->process, SIGKILL);
}

static void job_answer(struct job *j, struct ssh_config *config, const struct err *e)
{
    j->is_answered = true;
    job_let_go(j);
    asks_answer(j, config, e);
}

static bool is_trace(const char *line)
{
    static const char *const starts[] = {"debug", "OpenSSH_", "Pseudo-terminal"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(starts); i++) {
        if (strncmp(line, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

/* What ssh complained of, without its trace. */
static char *complaint(const struct job *j)
{
    const char *p = buf_str(&j->err_text);
    struct buf b;

    buf_init(&b, MAX_COMPLAINT_BYTES);
    while (*p) {
        size_t n = strcspn(p, "\r\n");

        if (n && !is_trace(p)) {
            buf_adds(&b, b.len ? "; " : "");
            buf_add(&b, p, n);
        }
        p += n;
        p += strspn(p, "\r\n");
    }
    return buf_take(&b);
}

static void job_finish(struct job *j)
{
    struct ssh_config *config = NULL;
    struct err e = {0};
    char *why;

    if (j->is_answered)
        return;
    if (j->status != 0 || j->out_text.is_full) {
        why = complaint(j);
        err_set(&e, ERR_USAGE, "%s: ssh -G failed: %s", j->spec.host,
                *why ? why : "without a word");
        free(why);
    } else if (ssh_config_parse(buf_str(&j->out_text), &j->spec, &config, &e) == 0) {
        kept_add(j->cache, j, config);
    }
    job_answer(j, config, &e);
}

static void job_late(uv_timer_t *timer)
{
    struct job *j = timer->data;
    struct err e;

    err_set(&e, ERR_TIMEOUT, "%s: no answer from ssh -G within %d s", j->spec.host, JOB_MS / 1000);
    if (!j->is_answered)
        job_answer(j, NULL, &e);
}

static void job_exited(uv_process_t *process, int64_t status, int signal_number)
{
    struct job *j = process->data;

    j->is_exited = true;
    j->status = signal_number ? -1 : (int)status;
    if (j->is_answered)
        handle_close((uv_handle_t *)process);
    else if (j->n_reading == 0)
        job_finish(j);
}

static void job_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct job *j = h->data;

    (void)suggested;
    *buf = uv_buf_init(j->read_space, sizeof(j->read_space));
}

static void job_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
    struct job *j = pipe->data;

    if (n > 0)
        buf_add(pipe == (uv_stream_t *)&j->out ? &j->out_text : &j->err_text, buf->base, (size_t)n);
    if (n >= 0)
        return;
    uv_read_stop(pipe);
    j->n_reading--;
    if (j->n_reading == 0 && j->is_exited)
        job_finish(j);
}

static void pipe_open(struct job *j, uv_pipe_t *pipe, uv_stdio_container_t *stdio)
{
    uv_pipe_init(j->cache->loop, pipe, 0);
    pipe->data = j;
    j->n_handles++;
    stdio->flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    stdio->data.stream = (uv_stream_t *)pipe;
}

static int job_spawn(struct job *j)
{
    const char *args[MAX_ARGS] = {"ssh", "-G", "-v"};
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};
    uv_process_options_t options = {
        .file = "ssh",
        .exit_cb = job_exited,
        .stdio = stdio,
        .stdio_count = 3,
    };
    int n = 3;

    if (j->spec.ssh_config) {
        args[n++] = "-F";
        args[n++] = j->spec.ssh_config;
    }
    if (j->spec.user) {
        args[n++] = "-l";
        args[n++] = j->spec.user;
    }
    if (j->spec.port > 0) {
        args[n++] = "-p";
        args[n++] = j->port_text;
    }
    args[n++] = "--";
    args[n] = j->spec.host;
    options.args = (char **)(uintptr_t)args;
    pipe_open(j, &j->out, &stdio[1]);
    pipe_open(j, &j->err, &stdio[2]);
    j->process.data = j;
    j->n_handles++;
    return uv_spawn(j->cache->loop, &j->process, &options);
}

/* No ssh on this machine: what OpenSSH would take by default, unless its file was asked for. */
static void job_without_ssh(struct job *j, int status)
{
    struct ssh_config *config = NULL;
    struct err e = {0};

    if (status != UV_ENOENT || j->spec.ssh_config)
        err_set(&e, ERR_UNAVAILABLE, "%s: cannot run ssh -G: %s", j->spec.host,
                uv_strerror(status));
    else
        ssh_config_parse("", &j->spec, &config, &e);
    job_answer(j, config, &e);
}

static void job_unspawned(uv_timer_t *timer)
{
    struct job *j = timer->data;

    job_without_ssh(j, j->status);
}

static void job_begin(struct job *j)
{
    struct config_cache *c = j->cache;
    int status;

    TAILQ_INSERT_TAIL(&c->running, j, link);
    c->n_running++;
    uv_update_time(c->loop);
    uv_timer_init(c->loop, &j->timer);
    j->timer.data = j;
    j->n_handles++;
    status = job_spawn(j);
    if (status != 0) {
        j->status = status;
        uv_timer_start(&j->timer, job_unspawned, 0, 0);
        return;
    }
    j->is_spawned = true;
    uv_timer_start(&j->timer, job_late, JOB_MS, 0);
    j->n_reading = 2;
    uv_read_start((uv_stream_t *)&j->out, job_alloc, job_read);
    uv_read_start((uv_stream_t *)&j->err, job_alloc, job_read);
}

static void jobs_begin(struct config_cache *c)
{
    struct job *j;

    while (c->n_running < JOBS_AT_ONCE && (j = TAILQ_FIRST(&c->waiting))) {
        TAILQ_REMOVE(&c->waiting, j, link);
        job_begin(j);
    }
}

/* ---- asking --------------------------------------------------------------------------------- */

static struct job *job_find(struct job_list *list, const char *key)
{
    struct job *j;

    TAILQ_FOREACH(j, list, link) {
        if (!j->is_answered && strcmp(j->key, key) == 0)
            return j;
    }
    return NULL;
}

static struct job *job_new(struct config_cache *c, const struct session_spec *spec)
{
    struct job *j = xcalloc(1, sizeof(*j));

    j->cache = c;
    TAILQ_INIT(&j->asks);
    session_spec_copy(&j->spec, spec);
    j->port_text = xasprintf("%d", spec->port);
    buf_init(&j->out_text, MAX_OUTPUT_BYTES);
    buf_init(&j->err_text, MAX_OUTPUT_BYTES);
    TAILQ_INSERT_TAIL(&c->waiting, j, link);
    return j;
}

struct config_ask *config_ask_start(struct config_cache *c, const struct session_spec *spec,
                                    config_done done, void *arg)
{
    struct config_ask *a = xcalloc(1, sizeof(*a));
    char *key = spec_key(spec);
    struct job *j = job_find(&c->running, key);

    if (!j)
        j = job_find(&c->waiting, key);
    if (!j) {
        j = job_new(c, spec);
        j->key = key;
        key = NULL;
    }
    free(key);
    a->job = j;
    a->done = done;
    a->arg = arg;
    TAILQ_INSERT_TAIL(&j->asks, a, link);
    jobs_begin(c);
    return a;
}

/* The job goes on: its answer is worth keeping. */
void config_ask_cancel(struct config_ask *a)
{
    TAILQ_REMOVE(&a->job->asks, a, link);
    free(a);
}

struct config_cache *config_cache_new(uv_loop_t *loop)
{
    struct config_cache *c = xcalloc(1, sizeof(*c));

    c->loop = loop;
    TAILQ_INIT(&c->kept);
    TAILQ_INIT(&c->shares);
    TAILQ_INIT(&c->waiting);
    TAILQ_INIT(&c->running);
    return c;
}

void config_cache_free(struct config_cache *c)
{
    struct job *j;

    c->is_freed = true;
    while (!TAILQ_EMPTY(&c->kept))
        kept_free(c, TAILQ_FIRST(&c->kept));
    while ((j = TAILQ_FIRST(&c->waiting))) {
        TAILQ_REMOVE(&c->waiting, j, link);
        job_free(j);
    }
    TAILQ_FOREACH(j, &c->running, link) {
        if (!j->is_answered) {
            j->is_answered = true;
            job_let_go(j);
        }
    }
    if (TAILQ_EMPTY(&c->running))
        free(c);
}
