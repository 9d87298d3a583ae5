/* ssh_agent.h: asks an ssh-agent for its keys and for signatures, without ever waiting for it.
 * One connection a question. A question is owned by who asked until its callback; cancel before. */
#ifndef FOOTPLATE_NET_SSH_AGENT_H
#define FOOTPLATE_NET_SSH_AGENT_H

#include <stddef.h>
#include <uv.h>

#include "base/err.h"
#include "net/ssh_wire.h"

struct agent_ask;

/* What it answered. Views are valid during the callback. keys: n_keys public keys and their
 * comments (of a list); signature: without the type's name in front (of a signature). */
struct agent_answer {
    struct err err;
    const struct bytes *keys;
    const struct bytes *comments;
    size_t n_keys;
    struct bytes signature;
};

typedef void (*agent_done)(void *arg, const struct agent_answer *a);

/* The callback never comes before these have returned. No deadline: who asks has one. */
struct agent_ask *agent_list(uv_loop_t *loop, const char *path, agent_done done, void *arg);
struct agent_ask *agent_sign(uv_loop_t *loop, const char *path, struct bytes key, struct bytes data,
                             agent_done done, void *arg);
void agent_cancel(struct agent_ask *a);

#endif
