/* lookup.h: questions to the system's resolver, each on a thread of this world's own, so bounded
 * that names whose server hangs never take the threads of all others. */
#ifndef FOOTPLATE_NET_LOOKUP_H
#define FOOTPLATE_NET_LOOKUP_H

#include <stdbool.h>

#include "net/net_int.h"

/* status: 0, or EAI_*. addresses: IP texts in the order of the system's resolver, each once. */
struct lookup_answer {
    int status;
    const char *const *addresses;
    int n;
};

/* One who waits for an answer; the owner's memory, and all its fields are lookup.c's. */
struct lookup_asker {
    TAILQ_ENTRY(lookup_asker) link;
    struct lookup *lookup; /* NULL: waits for nothing */
    void (*answered)(struct lookup_asker *asker, const struct lookup_answer *answer);
};

/* Ask for host, or join those who do. answered is called from the loop, once; what it is given is
 * valid during the call, and kept (names.h). 0, or -1 when the loop gives no bell. */
int lookup_ask(struct net_real *net, const char *host, struct lookup_asker *asker);

/* Wait no more. What is under way goes on, what has not begun is dropped where nobody else waits. */
void lookup_leave(struct net_real *net, struct lookup_asker *asker);

/* Has the system been asked already? */
bool lookup_is_under_way(const struct lookup_asker *asker);

/* Nobody waits any more: leave the threads to themselves; those that hang touch nothing of the
 * world. */
void lookups_close(struct net_real *net);

#endif
