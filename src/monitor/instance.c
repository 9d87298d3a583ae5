/* instance.c: reads process, disk and connections of each instance while a person looks on: one command behind
 * the reading of its machine, in the session that is there for it. It opens none, and an answer that does not
 * come leaves the figures unknown: why is the machine's matter. */
#include "config.h"

#include "monitor/monitor_int.h"

enum { COMMAND_BYTES = 8192 };

static void forget(struct polled *p)
{
    p->vitals = (struct vitals){.load_milli = -1,
                                .cpus = -1,
                                .mem_used_kib = -1,
                                .mem_total_kib = -1,
                                .disk_used_kib = -1,
                                .disk_total_kib = -1,
                                .connections = -1,
                                .process_since = -1,
                                .process_rss_kib = -1};
}

void instance_init(struct polled *p)
{
    forget(p);
    p->vitals_of = 0;
    p->vitals_call = NULL;
}

void instance_release(struct polled *p)
{
    if (p->vitals_call)
        machine_call_cancel(p->vitals_call);
    p->vitals_call = NULL;
}

static void called(void *arg, const char *text, size_t n, const struct err *e)
{
    struct polled *p = arg;
    struct err why;

    (void)n;
    p->vitals_call = NULL;
    p->is_fresh = true;
    if (e || vitals_parse(&p->vitals, text, &why) < 0)
        forget(p);
}

static void ask(struct polled *p)
{
    struct buf b;

    p->vitals_of = p->machine->read_at;
    buf_init(&b, COMMAND_BYTES);
    vitals_command(&b, p->doc_base, p->host, p->port, &p->vitals);
    p->vitals_call =
        machine_call(p->machine, buf_str(&b), SYSTEM_DEADLINE_MS, VITALS_BYTES, called, p);
    buf_release(&b);
}

void instances_turn(struct monitor *m)
{
    for (int g = 0; g < m->n_groups && m->is_looked_on; g++) {
        for (int i = 0; i < m->groups[g]->n; i++) {
            struct polled *p = &m->groups[g]->polled[i];
            const struct machine *x = p->machine;
            if (x->link && x->read_at != p->vitals_of && !p->vitals_call)
                ask(p);
        }
    }
}
