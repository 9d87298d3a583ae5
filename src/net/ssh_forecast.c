/* ssh_forecast.c: says how a session of transport ssh would be opened, and what would stand in its
 * way, from this machine's files and agent alone; and what was used by one that is open. */
#include "config.h"

#include "net/ssh.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { AGENT_MS = 30000 };

/* timer: the answer that is there already, or the agent's deadline. */
struct forecast {
    struct ssh_hub *hub;
    struct session_spec spec;
    struct ssh_config *config;
    struct config_ask *config_ask;
    struct agent_ask *agent_ask;
    struct net_timer *timer;
    struct offers offers;
    struct buf line;
    struct err err;
    forecast_done done;
    void *arg;
};

const struct session_info *session_info(const struct session *s)
{
    return s->ops == ssh_transport() && s->is_ready ? &((const struct ssh_session *)s)->info : NULL;
}

static void forecast_free(struct forecast *f)
{
    session_spec_release(&f->spec);
    offers_release(&f->offers);
    ssh_config_unref(f->config);
    buf_release(&f->line);
    free(f);
}

void session_forecast_cancel(struct forecast *f)
{
    if (f->config_ask)
        config_ask_cancel(f->config_ask);
    if (f->agent_ask)
        agent_cancel(f->agent_ask);
    net_timer_clear(&f->timer);
    forecast_free(f);
}

static void forecast_answer(struct forecast *f)
{
    struct session_forecast answer = {.err = f->err, .line = buf_str(&f->line)};

    net_timer_clear(&f->timer);
    if (answer.err.code && !f->config)
        answer.line = "";
    f->done(f->arg, &answer);
    forecast_free(f);
}

/* The first thing that stands in the way is the one that is told. */
static void obstacle(struct forecast *f, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void obstacle(struct forecast *f, int code, const char *fmt, ...)
{
    va_list ap;

    if (f->err.code)
        return;
    va_start(ap, fmt);
    err_vset(&f->err, code, fmt, ap);
    va_end(ap);
    err_prefix(&f->err, "%s", f->spec.host);
}

/* ---- the server's key ----------------------------------------------------------------------- */

static void hostkey_tell(struct forecast *f)
{
    struct known_hosts *files[SSH_CONFIG_FILES_MAX];
    size_t n = ssh_known_files(f->hub, f->config, files);
    char *name = ssh_known_name(f->config);
    const char *open = ssh_known_open(files, n);
    struct known_answer a;
    int t, n_told = 0, n_usable = 0;

    known_hosts_ask(files, n, name, &a);
    buf_adds(&f->line, a.n_plain ? ", host key known (" : ", host key not known");
    for (t = 0; t < KEY_TYPE_COUNT; t++) {
        if (!(a.type_mask & 1u << t))
            continue;
        buf_addf(&f->line, "%s%s", n_told++ ? " " : "", key_type_text((enum key_type)t));
        n_usable += key_type_may_host((enum key_type)t) ? 1 : 0;
    }
    if (a.n_plain)
        buf_addc(&f->line, ')');
    if (open)
        obstacle(f, ERR_HOSTKEY,
                 "%s may be written by others than its owner, so no host key is judged by it; look "
                 "through it, then: chmod go-w '%s'", open, open);
    else if (a.n_plain == 0 && a.n_ca)
        obstacle(
            f, ERR_HOSTKEY,
            "%s is known by a certificate authority only, which transport ssh cannot judge; add "
            "its own key to %s",
            name, n ? f->config->known_files[0] : "known_hosts");
    else if (a.n_plain == 0)
        obstacle(f, ERR_HOSTKEY, "no host key of %s is in %s; connect once by ssh and compare it",
                 name, n ? f->config->known_files[0] : "known_hosts");
    else if (n_usable == 0)
        obstacle(
            f, ERR_HOSTKEY,
            "only an RSA host key of %s is known, which libssh2 1.10 cannot check; add its ed25519 "
            "or ECDSA key",
            name);
    free(name);
}

/* ---- our keys ------------------------------------------------------------------------------- */

static void keys_tell(struct forecast *f);

static void keys_came(void *arg, const struct agent_answer *a)
{
    struct forecast *f = arg;

    f->agent_ask = NULL;
    net_timer_clear(&f->timer);
    offers_take_agent(&f->offers, a);
    keys_tell(f);
}

static void agent_late(void *arg)
{
    struct forecast *f = arg;
    struct agent_answer a = {.n_keys = 0};

    f->timer = NULL;
    agent_cancel(f->agent_ask);
    f->agent_ask = NULL;
    err_set(&a.err, ERR_TIMEOUT, "ssh-agent: no answer within %d s", AGENT_MS / 1000);
    offers_take_agent(&f->offers, &a);
    keys_tell(f);
}

static void keys_tell(struct forecast *f)
{
    struct net_real *net = f->hub->net;
    enum offer_next next = offers_next(&f->offers, f->config);
    struct buf why;

    if (next == OFFER_ASK_AGENT) {
        f->agent_ask = agent_list(&net->loop, f->config->agent, keys_came, f);
        f->timer = net_timer_start(&net->base, AGENT_MS, agent_late, f);
        return;
    }
    if (next == OFFER_KEY) {
        buf_addf(&f->line, ", key %s", f->offers.now_name);
    } else {
        buf_init(&why, ERR_MSG_BYTES);
        offers_why(&f->offers, f->config, &why);
        buf_adds(&f->line, ", no key");
        obstacle(f, ERR_AUTH, "no key to offer for %s: %s", f->config->user, buf_str(&why));
        buf_release(&why);
    }
    hostkey_tell(f);
    forecast_answer(f);
}

/* ---- the way -------------------------------------------------------------------------------- */

static void way_tell(struct forecast *f)
{
    const struct ssh_config *c = f->config;

    buf_addf(&f->line, "%s@%s:%d", c->user, c->hostname, c->port);
    if (c->proxy_jump)
        buf_addf(&f->line, " through %s", c->proxy_jump);
    if (c->proxy_command)
        obstacle(
            f, ERR_USAGE,
            "ssh's configuration has a ProxyCommand (%.80s), which transport ssh does not run; "
            "use ProxyJump",
            c->proxy_command);
    if (c->certificate)
        obstacle(
            f, ERR_USAGE,
            "ssh's configuration names a certificate (%.120s), which libssh2 1.10 cannot offer; "
            "use a plain ed25519 or ECDSA key",
            c->certificate);
    offers_init(&f->offers, f->hub->keys, c);
    keys_tell(f);
}

static void config_came(void *arg, struct ssh_config *config, const struct err *e)
{
    struct forecast *f = arg;

    f->config_ask = NULL;
    if (config) {
        f->config = ssh_config_ref(config);
        way_tell(f);
    } else {
        f->err = *e;
        forecast_answer(f);
    }
}

static void config_known(void *arg)
{
    struct forecast *f = arg;

    f->timer = NULL;
    if (f->config)
        way_tell(f);
    else
        forecast_answer(f);
}

struct forecast *session_forecast(struct net *net, const struct session_spec *spec,
                                  forecast_done done, void *arg)
{
    struct forecast *f = xcalloc(1, sizeof(*f));

    f->hub = ssh_hub(net_real(net));
    session_spec_copy(&f->spec, spec);
    f->done = done;
    f->arg = arg;
    buf_init(&f->line, 2048);
    if (session_spec_check(spec, &f->err) == 0)
        f->config = config_cache_get(f->hub->configs, &f->spec);
    if (f->config || f->err.code)
        f->timer = net_timer_start(net, 0, config_known, f);
    else
        f->config_ask = config_ask_start(f->hub->configs, &f->spec, config_came, f);
    return f;
}
