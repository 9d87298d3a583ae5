/* notify_send.c: one message to one receiver: a command of this machine, or a POST. The secrets are read
 * for each message, and are in no error. What is done about a failure is not known here. */
#include "config.h"

#include "monitor/notify_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/net.h"
#include "net/sign.h"

enum { MINUTE_MS = 60000, ANSWER_BYTES = 16 << 10 };

bool sink_may_send(const struct sink *k, int per_minute, int64_t now)
{
    int most = per_minute > 0 && per_minute < NOTIFY_RATE_MOST ? per_minute : NOTIFY_RATE_MOST;

    if (k->n_sent < most)
        return true;
    return now - k->sent_at[(k->n_sent - most) % NOTIFY_RATE_MOST] >= MINUTE_MS;
}

void sink_cut(struct sink *k)
{
    const struct net_ops *ops = k->net->ops;

    if (k->http)
        ops->http_cancel(k->http);
    if (k->session)
        ops->session_close(k->session);
    if (k->late)
        ops->timer_cancel(k->late);
    k->http = NULL;
    k->session = NULL;
    k->run = NULL;
    k->late = NULL;
    secret_free(k->command);
    secret_free(k->url);
    free(k->input);
    k->command = k->input = k->url = NULL;
}

/* The session is closed later, from outside its own callbacks. */
static void is_over(struct sink *k)
{
    k->is_over = true;
}

/* ---- a command ---------------------------------------------------------------------------------------------- */

static void hook_done(void *arg, const struct run_result *r)
{
    struct sink *k = arg;

    k->run = NULL;
    k->result = r->err;
    if (r->err.code == 0 && r->status != 0)
        err_set(&k->result, ERR_FAIL, "the hook ends with %d", r->status);
    is_over(k);
}

/* What it says is its own affair. */
static void hook_says(void *arg, enum run_stream stream, const char *p, size_t n)
{
    (void)arg;
    (void)stream;
    (void)p;
    (void)n;
}

static void session_ready(void *arg)
{
    static const struct run_events events = {.output = hook_says, .done = hook_done};
    struct sink *k = arg;
    const struct run_spec spec = {.command = k->command,
                                  .input = k->input,
                                  .input_len = strlen(k->input),
                                  .deadline_ms = NOTIFY_DEADLINE_MS,
                                  .max_output = 1};

    k->run = k->net->ops->run_start(k->session, &spec, &events, k);
}

static void session_lost(void *arg, const struct err *e)
{
    struct sink *k = arg;

    if (k->is_over)
        return;
    k->result = *e;
    is_over(k);
}

static void send_hook(struct sink *k, const struct group_config *cfg, const struct notify_config *to,
                      const struct told *list, int n)
{
    static const struct session_events events = {.ready = session_ready, .lost = session_lost};
    const struct session_spec spec = {.transport = TRANSPORT_LOCAL};

    k->command = notify_command(cfg, to->hook, list, n);
    k->input = notify_json(cfg, list, n);
    k->session = k->net->ops->session_open(k->net, &spec, &events, k);
}

/* ---- a webhook ---------------------------------------------------------------------------------------------- */

static bool is_hopeless_status(int status)
{
    return status >= 400 && status < 500 && status != 408 && status != 429;
}

static void answered(void *arg, const struct http_result *r)
{
    struct sink *k = arg;

    k->http = NULL;
    k->result = r->err;
    if (r->err.code == 0 && (r->status < 200 || r->status > 299)) {
        err_set(&k->result, ERR_FAIL, "it answers with status %d", r->status);
        k->is_hopeless = is_hopeless_status(r->status);
    } else if (r->err.code == 0) {
        k->is_hopeless = notify_answer(k->preset, k->url, r->body, r->body_len, &k->result) == ERR_REFUSED;
    }
    if (r->err.code == ERR_USAGE)
        k->is_hopeless = true;
    is_over(k);
}

/* Of preset generic: the receiver can tell that it is of us, and when. */
static char *signature(const char *secret, const char *body, int64_t wall)
{
    char *data = xasprintf("%" PRId64 ".%s", wall / 1000, body), sign[SIGN_TEXT_BYTES];

    sign_hmac_sha256(secret, strlen(secret), data, strlen(data), sign);
    free(data);
    return xasprintf("X-Footplate-Signature: t=%" PRId64 ",sha256=%s", wall / 1000, sign);
}

static void post(struct sink *k, const struct notify_config *to, const char *url, const char *secret,
                 const char *body, int64_t wall)
{
    char called[200];
    char *header = to->preset == PRESET_GENERIC && secret ? signature(secret, body, wall) : NULL;
    const char *headers[] = {header};

    k->url = notify_url(to, url, secret, wall);
    snprintf(called, sizeof called, "the webhook of %.100s", k->name);
    const struct http_spec spec = {.url = k->url,
                                   .called = called,
                                   .deadline_ms = NOTIFY_DEADLINE_MS,
                                   .max_body = ANSWER_BYTES,
                                   .post = body,
                                   .content_type = "application/json; charset=utf-8",
                                   .headers = headers,
                                   .n_headers = header ? 1 : 0};
    k->http = k->net->ops->http_get(k->net, &spec, answered, k);
    secret_free(header);
}

static void failed_before(void *arg)
{
    struct sink *k = arg;

    k->late = NULL;
    is_over(k);
}

static void send_post(struct sink *k, const struct group_config *cfg, const struct notify_config *to,
                      const struct told *list, int n)
{
    int64_t wall = net_wall_ms(k->net);
    char *url = NULL, *secret = NULL;

    int rc = secret_read(to->secret_env, to->secret_file, "secret", &secret, &k->result);
    if (rc == 0)
        rc = secret_read(to->url_env, to->url_file, "url", &url, &k->result);
    if (rc == 0) {
        char *body = notify_body(cfg, to, list, n, secret, wall);
        post(k, to, url ? url : to->url, secret, body, wall);
        secret_free(body);
    } else {
        k->late = k->net->ops->timer_start(k->net, 0, failed_before, k);
    }
    secret_free(url);
    secret_free(secret);
}

void sink_send(struct sink *k, const struct group_config *cfg, const struct notify_config *to,
               const struct told *list, int n)
{
    k->is_busy = true;
    k->is_over = k->is_hopeless = false;
    k->result = (struct err){0};
    k->preset = to->preset;
    k->sent_at[k->n_sent % NOTIFY_RATE_MOST] = net_mono_ms(k->net);
    if (++k->n_sent >= 2 * NOTIFY_RATE_MOST)
        k->n_sent -= NOTIFY_RATE_MOST;
    if (to->hook)
        send_hook(k, cfg, to, list, n);
    else
        send_post(k, cfg, to, list, n);
}
