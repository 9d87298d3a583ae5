/* poll.c: asks instances for their health, each in its turn, and judges by pulse.h. Knows nothing of
 * groups changing or of the store: a instance's fields are all it works on. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- what is asked ----------------------------------------------------------------------------------- */

/* An expectation that names the version says nothing while no version is known. */
static char *expectation(const struct polled *p, const char *text, bool is_pattern)
{
    const char *version = p->version ? p->version : "";

    if (!p->version && echo_is_versioned(text))
        return NULL;
    return is_pattern ? expand_pattern(text, p->host, p->port, version, p->group->name, p->doc_base)
                      : expand_placeholders(text, p->host, p->port, version, p->group->name,
                                            p->doc_base);
}

void polled_release(struct polled *p)
{
    if (p->is_asking)
        p->group->m->polls[p->places].n--;
    p->is_asking = false;
    health_free(p->health);
    p->health = NULL;
    free(p->doc_base);
    free(p->url);
    free(p->expect_body);
    free(p->expect_version);
    free(p->trouble);
    p->doc_base = p->url = p->expect_body = p->expect_version = p->trouble = NULL;
}

void polled_prepare(struct polled *p)
{
    const struct group_config *c = p->group->cfg;
    const char *version = p->version ? p->version : "";
    struct err e;

    polled_release(p);
    p->doc_base = expand_placeholders(c->doc_base, p->host, p->port, version, p->group->name, "");
    p->url = expand_placeholders(c->health_check_url, p->host, p->port, version, p->group->name,
                                 p->doc_base);
    p->expect_body = expectation(p, c->verify.body, true);
    p->expect_version = expectation(p, c->verify.version, false);
    p->st = (struct step_target){.net = p->group->m->net,
                                 .group = p->group->name,
                                 .host = p->host,
                                 .port = p->port,
                                 .health_url = p->url,
                                 .name_age_ms = NAME_AGE_MS,
                                 .expect_status = c->verify.status,
                                 .expect_body = p->expect_body,
                                 .expect_version = p->expect_version};
    p->health = health_new(&p->st, &e);
    if (!p->health)
        p->trouble = xstrdup(e.msg);
}

/* ---- what was answered ------------------------------------------------------------------------------- */

static void set_text(struct polled *p, char *field, size_t size, const char *text)
{
    if (strncmp(field, text, size - 1) == 0)
        return;
    str_copy(field, size, text);
    p->is_news = true;
}

static void note_change(struct polled *p, bool is_changed)
{
    if (!is_changed)
        return;
    p->is_news = true;
    p->group->m->is_changed = true;
}

/* The URL stands beside it on every screen. */
static const char *without_url(const struct polled *p, const char *text)
{
    size_t n = strlen(p->url);

    if (strncmp(text, p->url, n) == 0 && strncmp(text + n, ": ", 2) == 0)
        return text + n + 2;
    return text;
}

static void note_echo(struct polled *p, const struct health_answer *a)
{
    char echo[sizeof p->echo] = "";

    if (!p->group->echo || !a->is_read)
        return;
    if (a->is_well && p->version)
        str_copy(echo, sizeof echo, p->version);
    else
        echo_find(p->group->echo, p->host, p->port, a->body, a->body_len, echo, sizeof echo);
    set_text(p, p->echo, sizeof p->echo, echo);
}

static void note_seen(struct polled *p, const struct health_answer *a)
{
    char text[sizeof p->seen];

    if (a->is_well)
        snprintf(text, sizeof text, "%d", p->st.expect_status);
    else if (a->err.code == ERR_TIMEOUT)
        snprintf(text, sizeof text, "no answer within %d s", POLL_DEADLINE_MS / 1000);
    else if (p->version && p->echo[0] && strcmp(p->echo, p->version) != 0)
        snprintf(text, sizeof text, "it runs %s, not %s", p->echo, p->version);
    else
        str_copy(text, sizeof text, without_url(p, a->seen));
    set_text(p, p->seen, sizeof p->seen, text);
}

static void answered(void *arg, const struct health_answer *a)
{
    struct polled *p = arg;
    struct monitor *m = p->group->m;

    p->is_asking = false;
    m->polls[p->places].n--;
    p->places = a->err.code == ERR_TIMEOUT ? PLACES_SLOW : PLACES_PROMPT;
    if (a->err.code == ERR_TIMEOUT && monitor_has_slept(m, p->asked_at))
        return;
    p->answered_at = net_wall_ms(m->net);
    p->heard_at = net_mono_ms(m->net);
    p->is_fresh = true;
    if (a->is_read) {
        p->latency_ms = a->total_ms;
        p->connect_us = a->connect_us;
        p->tls_us = a->tls_us;
        p->first_byte_us = a->first_byte_us;
    }
    note_echo(p, a);
    note_seen(p, a);
    note_change(p, pulse_take(&p->pulse, &p->group->pulse, a->is_well, p->answered_at));
}

/* ---- whose turn it is -------------------------------------------------------------------------------- */

static void ask(struct polled *p, int64_t now)
{
    struct monitor *m = p->group->m;
    int64_t every = p->group->every_ms / m->haste;

    p->next_at = monitor_next(p->next_at, every, now);
    if (!p->health) {
        set_text(p, p->seen, sizeof p->seen, p->trouble);
        return;
    }
    p->is_asking = true;
    p->asked_at = now;
    m->polls[p->places].n++;
    health_ask(p->health, POLL_DEADLINE_MS, answered, p);
}

static void forget_old(struct polled *p, int64_t now)
{
    if (p->pulse.health == HEALTH_UNKNOWN || now - p->heard_at <= POLLS_STALE * p->group->every_ms)
        return;
    note_change(p, pulse_forget(&p->pulse, net_wall_ms(p->group->m->net)));
}

static struct polled *next_polled(struct monitor *m, struct places *turn)
{
    struct watched *g = m->groups[turn->group];
    struct polled *p = &g->polled[turn->one];

    if (++turn->one >= g->n) {
        turn->one = 0;
        turn->group = (turn->group + 1) % m->n_groups;
    }
    return p;
}

/* Where it stops for want of a place it goes on the next time: nobody is passed over. */
static void take_turns(struct monitor *m, int places, int most, int n, int64_t now)
{
    struct places *own = &m->polls[places];

    for (int i = 0; i < n && own->n < most; i++) {
        struct polled *p = next_polled(m, own);
        if (p->places != places)
            continue;
        if (!p->is_asking && p->next_at <= now)
            ask(p, now);
        if (p->next_at > now)
            monitor_due(m, p->next_at);
    }
    if (own->n >= most)
        monitor_due(m, now);
}

void polls_turn(struct monitor *m, int64_t now)
{
    int n = 0;

    for (int g = 0; g < m->n_groups; g++) {
        n += m->groups[g]->n;
        for (int i = 0; i < m->groups[g]->n; i++)
            forget_old(&m->groups[g]->polled[i], now);
    }
    take_turns(m, PLACES_PROMPT, POLLS_AT_ONCE, n, now);
    take_turns(m, PLACES_SLOW, POLLS_SLOW_AT_ONCE, n, now);
}
