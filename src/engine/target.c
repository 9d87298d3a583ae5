/* target.c: a target's strings: the frozen configuration with this instance's placeholders put in, as
 * its steps borrow them. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *target_label(const struct target *t)
{
    return t->row.host;
}

static char *expand(const struct target *t, const char *text)
{
    return expand_placeholders(text, t->row.host, t->row.port, t->r->row.version, t->r->row.group,
                               t->doc_base);
}

static void expand_all(struct target *t)
{
    const struct group_config *c = t->r->cfg;

    t->doc_base = expand_placeholders(c->doc_base, t->row.host, t->row.port, t->r->row.version,
                                      t->r->row.group, "");
    t->url = expand(t, c->package.url);
    t->stop = expand(t, c->commands.stop);
    t->start = expand(t, c->commands.start);
    t->health_url = expand(t, c->health_check_url);
    t->expect_body = expand_pattern(c->verify.body, t->row.host, t->row.port, t->r->row.version,
                                    t->r->row.group, t->doc_base);
    t->expect_version = expand(t, c->verify.version);
    t->warmup = xcalloc((size_t)c->verify.n_warmup + 1, sizeof *t->warmup);
    for (int i = 0; i < c->verify.n_warmup; i++)
        t->warmup[i] = expand(t, c->verify.warmup[i]);
}

void target_prepare(struct target *t)
{
    const struct release *r = t->r;
    const struct group_config *c = r->cfg;

    expand_all(t);
    struct session_spec spec = {
        .transport = c->transport == CONFIG_LOCAL ? TRANSPORT_LOCAL : TRANSPORT_SSH,
        .host = t->row.host,
        .port = c->ssh.port,
        .user = c->ssh.user,
        .identity_file = c->ssh.identity_file,
        .ssh_config = c->ssh.config};
    t->link = link_new(r->e->net, &spec, LINK_GIVE_UP_MS);
    t->st = (struct step_target){.net = r->e->net,
                                 .link = t->link,
                                 .traffic = r->traffic,
                                 .traffic_index = t->i,
                                 .group = r->row.group,
                                 .host = t->row.host,
                                 .port = t->row.port,
                                 .doc_base = t->doc_base,
                                 .package_name = c->package.name,
                                 .version = r->row.version,
                                 .package_sha256 = r->row.package_sha256 ? r->row.package_sha256 : "",
                                 .package_url = t->url,
                                 .stop_command = t->stop,
                                 .start_command = t->start,
                                 .health_url = t->health_url,
                                 .expect_status = c->verify.status,
                                 .expect_body = t->expect_body,
                                 .expect_version = t->expect_version,
                                 .successes = c->verify.successes,
                                 .interval_ms = c->verify.interval_ms,
                                 .warmup = (const char *const *)t->warmup,
                                 .n_warmup = c->verify.n_warmup,
                                 .warmup_limit_ms = c->verify.warmup_limit_ms,
                                 .ignore_verify = r->core.ignore_verify,
                                 .keep_releases = c->keep_releases,
                                 .keep_version = r->row.from_version,
                                 .drain_timeout_ms = c->traffic.drain_timeout_ms,
                                 .download_timeout_ms = c->deployment.download_timeout_ms,
                                 .command_timeout_ms = c->commands.timeout_ms,
                                 .startup_timeout_ms = c->deployment.startup_timeout_ms,
                                 .traffic_timeout_ms = c->traffic.timeout_ms,
                                 .fence = r->e->fence};
}

void target_release(struct target *t)
{
    if (t->op)
        step_detach(t->op);
    if (t->prestage)
        step_detach(t->prestage);
    if (t->probe)
        probe_cancel(t->probe);
    if (t->read)
        traffic_cancel(t->read);
    if (t->redrain)
        traffic_cancel(t->redrain);
    if (t->health && t->r->e->net)
        t->r->e->net->ops->http_cancel(t->health);
    t->op = t->prestage = NULL;
    t->probe = NULL;
    t->read = t->redrain = NULL;
    t->health = NULL;
    if (t->link)
        link_free(t->link);
    t->link = NULL;
    free(t->prepare_error);
    free(t->doc_base);
    free(t->url);
    free(t->stop);
    free(t->start);
    free(t->health_url);
    free(t->expect_body);
    free(t->expect_version);
    for (size_t i = 0; t->warmup && t->warmup[i]; i++)
        free(t->warmup[i]);
    free(t->warmup);
    target_row_release(&t->row);
}

struct traffic *group_traffic(struct engine *e, const struct group_config *cfg,
                              const struct traffic_instance *in, int n, struct err *err)
{
    struct traffic_config c = {
        .driver = cfg->traffic.driver == CONFIG_TRAFFIC_HAPROXY ? TRAFFIC_DRIVER_HAPROXY
                                                                : TRAFFIC_DRIVER_NONE,
        .sockets = (const char *const *)cfg->traffic.sockets,
        .n_sockets = cfg->traffic.n_sockets,
        .backend = cfg->traffic.backend,
        .server = cfg->traffic.server,
        .timeout_ms = cfg->traffic.timeout_ms};

    return traffic_new(e->net, &c, in, n, err);
}

struct traffic *release_traffic(struct engine *e, const struct group_config *cfg,
                                const struct target *t, int n, struct err *err)
{
    struct traffic_instance *in = xcalloc((size_t)n, sizeof *in);

    for (int i = 0; i < n; i++) {
        in[i].host = t[i].row.host;
        in[i].port = t[i].row.port;
    }
    struct traffic *tr = group_traffic(e, cfg, in, n, err);
    free(in);
    return tr;
}
