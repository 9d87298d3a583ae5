/* gauge_connect.c: how long the way from this host takes: name, TCP, and the TLS handshake where it is
 * wanted. A connection that does not stand is a loss; several in twenty are what the rule's `loss` counts. It
 * sends no packets of its own making: ICMP wants rights that a jump host does not give. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "steps/steps.h"

enum { NAME_AGE_MS = 0, WORDS_BYTES = 200 };

struct trial {
    struct gauge gauge;
    char *address;
    struct connecting *connecting;
};

static void trial_free(struct gauge *g)
{
    struct trial *t = (struct trial *)g;

    if (t->connecting)
        g->subject.net->ops->connect_cancel(t->connecting);
    free(t->address);
    free(t);
}

static struct gauge *trial_new(const struct gauge_subject *s, struct err *e)
{
    struct trial *t;

    if (!s->net->ops->connect_start) {
        err_set(e, ERR_UNAVAILABLE, "connections cannot be tried here");
        return NULL;
    }
    t = xcalloc(1, sizeof *t);
    t->address = expand_placeholders(s->rule->connect, s->host, s->port, "", s->cfg->name,
                                     s->doc_base ? s->doc_base : "");
    return &t->gauge;
}

/* From the stage before to this one; NAN where no connection stood, of which the words say how far it came. */
static double stage_ms(const struct connect_result *r, int64_t before, int64_t at)
{
    return r->err.code || at < 0 || before < 0 ? NAN : (double)(at - before);
}

static void tried(void *arg, const struct connect_result *r)
{
    struct trial *t = arg;
    const struct monitor_config *rule = t->gauge.subject.rule;
    bool is_late = rule->within_ms > 0 && r->total_us > rule->within_ms * 1000;
    char words[WORDS_BYTES] = "";
    double values[FIGURES_MAX];

    t->connecting = NULL;
    if (r->err.code)
        text_copy_safe(words, sizeof words, raw_of(r->err.msg), 0);
    else if (is_late)
        snprintf(words, sizeof words, "%lld ms, more than %lld", (long long)r->total_us / 1000,
                 (long long)rule->within_ms);
    /* A file of this machine: of the server nothing is known. */
    bool is_silent = r->err.code == ERR_IO;
    const char *said = words[0] ? words : NULL;
    values[CONNECT_SUCCESS] = is_silent ? NAN : r->err.code || is_late ? 0 : 100;
    values[CONNECT_TIME] = r->err.code ? NAN : (double)r->total_us / 1000.0;
    values[CONNECT_NAME_MS] = stage_ms(r, 0, r->name_ms);
    values[CONNECT_TCP_MS] = stage_ms(r, r->name_ms, r->connect_ms);
    values[CONNECT_TLS_MS] = stage_ms(r, r->connect_ms, r->tls_ms);
    gauge_done(&t->gauge, &(struct gauge_answer){.values = values, .silence = is_silent ? said : NULL,
                                                 .words = is_silent ? NULL : said});
}

static void trial_ask(struct gauge *g, int64_t deadline_ms)
{
    struct trial *t = (struct trial *)g;
    const struct monitor_config *rule = g->subject.rule;
    struct connect_spec spec = {.address = t->address,
                                .deadline_ms = deadline_ms,
                                .name_age_ms = NAME_AGE_MS,
                                .is_tls = rule->has_tls};

    t->connecting = g->subject.net->ops->connect_start(g->subject.net, &spec, tried, t);
}

const struct gauge_ops gauge_connect = {.source = MONITOR_CONNECT,
                                        .new_gauge = trial_new,
                                        .free_gauge = trial_free,
                                        .ask = trial_ask};
