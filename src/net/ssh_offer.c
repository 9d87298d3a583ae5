/* ssh_offer.c: which key is offered next. The order is the configuration's: each identity that can
 * sign from its file or through the agent, then what else the agent holds, unless IdentitiesOnly.
 * The agent is asked only when the order comes to something that needs it. At most SSH_OFFERS_MAX
 * keys are offered, since the server counts them. It does not know how a key is offered. */
#include "config.h"

#include "net/ssh.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void offers_init(struct offers *o, struct key_cache *keys, const struct ssh_config *config)
{
    size_t i;

    memset(o, 0, sizeof(*o));
    o->n_files = config->n_identities;
    for (i = 0; i < o->n_files; i++)
        o->files[i] = key_cache_get(keys, config->identities[i]);
}

void offers_release(struct offers *o)
{
    size_t i;

    for (i = 0; i < o->n_files; i++)
        ssh_key_unref(o->files[i]);
    for (i = 0; i < o->n_agent_keys; i++)
        ssh_key_unref(o->agent_keys[i]);
    free(o->agent_keys);
    free(o->now_name);
    memset(o, 0, sizeof(*o));
}

void offers_take_agent(struct offers *o, const struct agent_answer *a)
{
    size_t i;

    o->is_agent_asked = true;
    o->agent_err = a->err;
    if (a->err.code || a->n_keys == 0)
        return;
    o->agent_keys = xcalloc(a->n_keys, sizeof(*o->agent_keys));
    for (i = 0; i < a->n_keys; i++)
        o->agent_keys[i] = ssh_key_of_blob(a->keys[i].p, a->keys[i].n);
    o->n_agent_keys = a->n_keys;
}

static bool is_tried(const struct offers *o, const struct ssh_key *k)
{
    size_t i;

    for (i = 0; i < o->n_tried; i++) {
        if (bytes_equal(o->tried[i]->public_key, k->public_key))
            return true;
    }
    return false;
}

static bool agent_has(const struct offers *o, const struct ssh_key *k)
{
    size_t i;

    for (i = 0; i < o->n_agent_keys; i++) {
        if (bytes_equal(o->agent_keys[i]->public_key, k->public_key))
            return true;
    }
    return false;
}

static enum offer_next take(struct offers *o, struct ssh_key *k, const char *name, bool by_agent)
{
    o->now = k;
    o->is_now_agent = by_agent;
    free(o->now_name);
    o->now_name = xasprintf("%s%s", name, by_agent ? " (ssh-agent)" : "");
    return OFFER_KEY;
}

static enum offer_next next_of_agent(struct offers *o)
{
    char print[FINGERPRINT_BYTES];
    size_t i;

    for (i = 0; i < o->n_agent_keys; i++) {
        struct ssh_key *k = o->agent_keys[i];

        if (k->state != KEY_PUBLIC || is_tried(o, k))
            continue;
        key_fingerprint(print, k->public_key.p, k->public_key.n);
        return take(o, k, print, true);
    }
    return OFFER_NONE;
}

enum offer_next offers_next(struct offers *o, const struct ssh_config *config)
{
    bool may_ask = config->agent && !o->is_agent_asked;
    size_t i;

    o->now = NULL;
    if (o->n_tried == SSH_OFFERS_MAX)
        return OFFER_NONE;
    for (i = 0; i < o->n_files; i++) {
        struct ssh_key *k = o->files[i];

        if (!k || k->state == KEY_NOT_USABLE || k->state == KEY_BROKEN || is_tried(o, k))
            continue;
        if (k->state == KEY_CAN_SIGN)
            return take(o, k, config->identities[i], false);
        if (may_ask)
            return OFFER_ASK_AGENT;
        if (k->public_key.n && agent_has(o, k))
            return take(o, k, config->identities[i], true);
    }
    if (config->is_identities_only)
        return OFFER_NONE;
    return may_ask ? OFFER_ASK_AGENT : next_of_agent(o);
}

void offers_refused(struct offers *o)
{
    if (o->now && o->n_tried < SSH_OFFERS_MAX)
        o->tried[o->n_tried++] = o->now;
    o->now = NULL;
}

/* ---- words ---------------------------------------------------------------------------------- */

static void why_add(struct buf *b, const char *text)
{
    buf_addf(b, "%s%s", b->len ? "; " : "", text);
}

static void why_locked(const struct offers *o, const struct ssh_config *config, size_t i,
                       struct buf *b)
{
    const struct ssh_key *k = o->files[i];

    if (k->public_key.n && (agent_has(o, k) || is_tried(o, k)))
        return;
    if (k->state == KEY_LOCKED)
        buf_addf(b, "%s%s has a pass phrase and must be in the ssh-agent (ssh-add %s)",
                 b->len ? "; " : "", config->identities[i], config->identities[i]);
    else
        buf_addf(b, "%s%s is there as a public key only and the ssh-agent does not hold it",
                 b->len ? "; " : "", config->identities[i]);
}

static void why_agent(const struct offers *o, const struct ssh_config *config, struct buf *b)
{
    size_t i, n_bad = 0;

    if (!config->agent) {
        why_add(b, "no ssh-agent (SSH_AUTH_SOCK is not set)");
        return;
    }
    if (o->agent_err.code) {
        why_add(b, o->agent_err.msg);
        return;
    }
    if (!o->is_agent_asked)
        return;
    for (i = 0; i < o->n_agent_keys; i++)
        n_bad += o->agent_keys[i]->state == KEY_NOT_USABLE ? 1 : 0;
    if (o->n_agent_keys == 0)
        why_add(b, "the ssh-agent holds no key");
    else if (n_bad)
        buf_addf(
            b,
            "%s%zu of the %zu keys in the ssh-agent are RSA, certificates or of hardware, which "
            "libssh2 1.10 cannot use",
            b->len ? "; " : "", n_bad, o->n_agent_keys);
    if (o->n_tried == SSH_OFFERS_MAX)
        buf_addf(b, "%sno more than %d keys are offered: name one (ssh.identity_file)",
                 b->len ? "; " : "", SSH_OFFERS_MAX);
}

void offers_why(const struct offers *o, const struct ssh_config *config, struct buf *b)
{
    size_t i, n_there = 0;

    for (i = 0; i < o->n_files; i++) {
        const struct ssh_key *k = o->files[i];

        if (!k && config->is_key_named)
            buf_addf(b, "%s%s does not exist", b->len ? "; " : "", config->identities[i]);
        if (!k)
            continue;
        n_there++;
        if (k->state == KEY_NOT_USABLE || k->state == KEY_BROKEN)
            why_add(b, k->err.msg);
        if (k->state == KEY_LOCKED || k->state == KEY_PUBLIC)
            why_locked(o, config, i, b);
    }
    if (n_there == 0 && !config->is_key_named)
        why_add(b, "none of the identity files exists");
    if (o->n_tried == 0 || o->is_agent_asked)
        why_agent(o, config, b);
}
