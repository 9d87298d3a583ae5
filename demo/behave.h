/* behave.h: how a release of shop behaves, read from the shop.conf of its package: good, or wrong
 * in one of several ways, most of which its health does not show.
 *
 *   version=TEXT
 *   health=never            503 for ever
 *   refuse_host=HOST        503 there, until DOC_BASE/cured exists
 *   start_delay_ms=N        deaf so long
 *   error_rate=PERCENT      of the requests for pages: 500
 *   work_ms=N               a page takes N ms, give or take a half
 *   slow_ms=N               a page takes N ms more,
 *   slow_host=HOST            on that host only
 *   slow_health=yes           and health too (no: health stays quick)
 *   lose_orders=PERCENT     so many orders are answered and not recorded in the end,
 *   lose_over=SECONDS         growing from none over that time since the start (0: at once)
 *   leak_kib_per_s=N        memory lost, touched,
 *   leak_most_mib=N           up to that (200, and never more than 1024) */
#ifndef DEMO_BEHAVE_H
#define DEMO_BEHAVE_H

#include <stdbool.h>
#include <stdint.h>

struct leak;

struct behave {
    char version[64];
    char refuse_host[64];
    char slow_host[64];
    int start_delay_ms;
    int error_percent;
    int work_ms, slow_ms;
    int lose_percent, lose_over_s;
    int leak_kib_per_s, leak_most_mib;
    bool is_never_healthy;
    bool is_health_slow;
    uint32_t dice;
    int64_t leaked_kib;
    struct leak *leak;
};

/* A good one without a name. */
void behave_init(struct behave *b);
void behave_release(struct behave *b);

/* key=value a line; keys of others (shopctl reads some) are passed over. 0, or -1 with errno. */
int behave_read(struct behave *b, const char *path);

bool behave_is_refused(const struct behave *b, const char *host, const char *doc_base);
bool behave_fails(struct behave *b);
bool behave_loses_order(struct behave *b, int64_t age_ms);

/* How long a page takes on that host, and how long an answer of health. */
int64_t behave_page_us(struct behave *b, const char *host);
int64_t behave_health_us(const struct behave *b, const char *host);

/* Leaks what is due at that age; when it wants to be called again, INT64_MAX for never. */
int64_t behave_leak(struct behave *b, int64_t age_ms);

#endif
