/* behave.c: what a release of shop does wrong, and when. It decides and, for a leak, does it; it
 * knows nothing of requests or sockets. */
#include "config.h"

#include "demo/behave.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAK_EVERY_MS = 250, LEAK_CHUNK_KIB = 16, LEAK_LIMIT_MIB = 1024 };

/* Still linked: this is the leak of a program that keeps what it no longer needs. */
struct leak {
    struct leak *next;
    char bytes[LEAK_CHUNK_KIB * 1024 - sizeof(struct leak *)];
};

static const struct {
    const char *key;
    size_t offset;
    int most;
} numbers[] = {
    {"start_delay_ms", offsetof(struct behave, start_delay_ms), 3600000},
    {"error_rate", offsetof(struct behave, error_percent), 100},
    {"work_ms", offsetof(struct behave, work_ms), 60000},
    {"slow_ms", offsetof(struct behave, slow_ms), 60000},
    {"lose_orders", offsetof(struct behave, lose_percent), 100},
    {"lose_over", offsetof(struct behave, lose_over_s), 86400},
    {"leak_kib_per_s", offsetof(struct behave, leak_kib_per_s), LEAK_LIMIT_MIB * 1024},
    {"leak_most_mib", offsetof(struct behave, leak_most_mib), LEAK_LIMIT_MIB},
};

static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"version", offsetof(struct behave, version)},
    {"refuse_host", offsetof(struct behave, refuse_host)},
    {"slow_host", offsetof(struct behave, slow_host)},
};

enum { TEXT_BYTES = sizeof((struct behave *)NULL)->version };

void behave_init(struct behave *b)
{
    *b = (struct behave){.version = "-", .leak_most_mib = 200};
}

void behave_release(struct behave *b)
{
    while (b->leak != NULL) {
        struct leak *next = b->leak->next;

        free(b->leak);
        b->leak = next;
    }
}

static void behave_set(struct behave *b, const char *key, const char *value)
{
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(key, texts[i].key) == 0) {
            snprintf((char *)b + texts[i].offset, TEXT_BYTES, "%s", value);
        }
    }
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(key, numbers[i].key) == 0) {
            long n = strtol(value, NULL, 10);
            int taken = n < 0 ? 0 : n > numbers[i].most ? numbers[i].most : (int)n;

            memcpy((char *)b + numbers[i].offset, &taken, sizeof taken);
        }
    }
    if (strcmp(key, "health") == 0) {
        b->is_never_healthy = strcmp(value, "never") == 0;
    } else if (strcmp(key, "slow_health") == 0) {
        b->is_health_slow = strcmp(value, "yes") == 0;
    }
}

int behave_read(struct behave *b, const char *path)
{
    char line[256];
    FILE *f = fopen(path, "re");

    if (f == NULL) {
        return -1;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        char *equals = strchr(line, '=');

        line[strcspn(line, "\r\n")] = '\0';
        if (equals != NULL && line[0] != '#') {
            *equals = '\0';
            behave_set(b, line, equals + 1);
        }
    }
    fclose(f);
    return 0;
}

bool behave_is_refused(const struct behave *b, const char *host, const char *doc_base)
{
    char cure[4096];

    if (b->refuse_host[0] == '\0' || strcmp(b->refuse_host, host) != 0) {
        return false;
    }
    snprintf(cure, sizeof cure, "%s/cured", doc_base);
    return access(cure, F_OK) != 0;
}

/* 0 to below - 1. A small generator of its own: what happens is the same at every run. */
static uint32_t roll(struct behave *b, uint32_t below)
{
    b->dice = b->dice * 1664525u + 1013904223u;
    return (b->dice >> 16) % below;
}

bool behave_fails(struct behave *b)
{
    return (int)roll(b, 100) < b->error_percent;
}

bool behave_loses_order(struct behave *b, int64_t age_ms)
{
    int64_t over_ms = (int64_t)b->lose_over_s * 1000;
    int64_t permille = (int64_t)b->lose_percent * 10;

    if (age_ms < over_ms) {
        permille = permille * age_ms / over_ms;
    }
    return permille > 0 && roll(b, 1000) < permille;
}

static int64_t slow_us(const struct behave *b, const char *host)
{
    bool is_here = b->slow_host[0] == '\0' || strcmp(b->slow_host, host) == 0;

    return is_here ? (int64_t)b->slow_ms * 1000 : 0;
}

int64_t behave_page_us(struct behave *b, const char *host)
{
    int64_t work = b->work_ms > 0 ? (int64_t)b->work_ms * (500 + roll(b, 1000)) : 0;

    return work + slow_us(b, host);
}

int64_t behave_health_us(const struct behave *b, const char *host)
{
    return b->is_health_slow ? slow_us(b, host) : 0;
}

int64_t behave_leak(struct behave *b, int64_t age_ms)
{
    int64_t most = (int64_t)b->leak_most_mib * 1024;
    int64_t due = age_ms * b->leak_kib_per_s / 1000;

    if (b->leak_kib_per_s == 0 || b->leaked_kib >= most) {
        return INT64_MAX;
    }
    while (b->leaked_kib + LEAK_CHUNK_KIB <= (due < most ? due : most)) {
        struct leak *l = malloc(sizeof *l);

        if (l == NULL) {
            return INT64_MAX;
        }
        /* Touched, and not all the same: it is resident, and nothing merges it. */
        memset(l->bytes, (int)roll(b, 255) + 1, sizeof l->bytes);
        l->next = b->leak;
        b->leak = l;
        b->leaked_kib += LEAK_CHUNK_KIB;
    }
    return age_ms + LEAK_EVERY_MS;
}
