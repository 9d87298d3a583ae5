/* inst_table.h: the instances of a group as rows with columns: what is known of each from plan,
 * store and pollers, who comes first, and how a row is drawn in the width that there is. For the
 * instances pane and what looks like it. */
#ifndef FOOTPLATE_UI_INST_TABLE_H
#define FOOTPLATE_UI_INST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ui/canvas.h"
#include "ui/say.h"
#include "ui/snapshot.h"

/* Who comes first; those of one rank keep the order of the plan. */
enum inst_rank {
    INST_FAILED,
    INST_UNKNOWN,
    INST_SICK,
    INST_MOVING,
    INST_OUT,     /* out of traffic, and nothing is done about it now */
    INST_REST,
    INST_ELSE     /* of the group, but not in the release that is shown */
};

/* Figures of machine and process that are older than this are old: three of the pollers' slowest rounds. */
enum { SYSTEM_STALE_MS = 45000 };

/* All borrowed from the snapshot. What the store does not know is NULL; of a past release only the
 * target is shown, what an instance does today is not. */
struct inst {
    const char *host;
    int port;
    const struct target_row *target;
    const struct instance_row *known;
    const struct sample_row *sample;
    int64_t wall; /* when they were read */
    enum inst_rank rank;
};

struct inst_table {
    const struct snapshot *s;
    struct inst *rows;
    int n;
    const char *wanted; /* version of the release that is shown; NULL: idle */
    bool is_idle, is_past, has_ports, has_cpus;
    int name_cells, version_cells; /* of the longest */
    int n_failed, n_unknown, n_sick, n_moving;
    int64_t oldest_running;        /* wall ms */
};

/* Read a snapshot, which must live as long as the table is used. The table is all 0 before the
 * first. */
void inst_table_make(struct inst_table *t, const struct snapshot *s);
void inst_table_release(struct inst_table *t);

/* The heads of the columns, in one row. */
void inst_table_head(const struct inst_table *t, struct canvas *cv, struct rect r);
void inst_table_row(const struct inst_table *t, int row, int64_t wall, struct canvas *cv,
                    struct rect r);

/* "web01", with its port where ports differ. */
void inst_name(const struct inst_table *t, const struct inst *i, char *dst, size_t size);
/* The balancer's state as read last, by the release or apart from it; NULL: never. */
const char *inst_traffic(const struct inst *i);
/* The same as a mark, with the sessions of that reading. */
struct mark inst_traffic_mark(const struct inst *i);
/* The version that runs as far as anybody knows; NULL: not known. */
const char *inst_version(const struct inst *i);
/* Everything that a row says, for a filter. */
void inst_text(const struct inst_table *t, const struct inst *i, struct buf *out);
/* When (wall ms) rows change by time alone, -1 never. */
int64_t inst_table_next(const struct inst_table *t, int64_t wall);

#endif
