/* vitals.h: how an instance's machine and process are: one command over its session, read from /proc (and df
 * for the disk), and what it answers. Nothing has to be installed there. */
#ifndef FOOTPLATE_MONITOR_VITALS_H
#define FOOTPLATE_MONITOR_VITALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { VITALS_BYTES = 64 << 10 };

/* Figures are -1 where they are not known. */
struct vitals {
    int64_t load_milli;     /* one-minute load average */
    int64_t cpus;
    int64_t mem_used_kib, mem_total_kib;
    int64_t disk_used_kib, disk_total_kib; /* of the file system of doc_base */
    int64_t connections;    /* established, to the instance's port */
    int64_t process_since;  /* wall ms; 0: nothing listens; -1: not to be seen by us */
    int64_t process_rss_kib;
    /* Whom the port belonged to: looked for again only when the socket is another. */
    uint64_t inode, pid;
};

/* host: of the instance: several may have the same port, each at an address of its own. known: of the answer
 * before, zeroed at first. */
void vitals_command(struct buf *b, const char *doc_base, const char *host, int port, const struct vitals *known);
/* 0, or ERR_PROTOCOL in words: not the figures of /proc. */
int vitals_parse(struct vitals *v, const char *text, struct err *e);

#endif
