/* rows.c: copies of store rows, so that a job on the worker's thread shares nothing with the loop. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void str_set(char **dst, const char *src)
{
    char *copy = xstrdup_null(src);

    free(*dst);
    *dst = copy;
}

void str_setf(char **dst, const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = xstrdup("");
    va_end(ap);
    free(*dst);
    *dst = s;
}

/* The string members of a row, by offset: one loop copies and frees them all. */
#define MEMBER(type, name) offsetof(struct type, name)

static const size_t deployment_strings[] = {
    MEMBER(deployment_row, group),          MEMBER(deployment_row, version),
    MEMBER(deployment_row, from_version),   MEMBER(deployment_row, package_sha256),
    MEMBER(deployment_row, config),         MEMBER(deployment_row, config_hash),
    MEMBER(deployment_row, brake_text),     MEMBER(deployment_row, waiting),
    MEMBER(deployment_row, driver),         MEMBER(deployment_row, why),
    MEMBER(deployment_row, summary),        MEMBER(deployment_row, watch_text),
};

static const size_t target_strings[] = {
    MEMBER(target_row, host),       MEMBER(target_row, version_before),
    MEMBER(target_row, version_now), MEMBER(target_row, traffic),
    MEMBER(target_row, error),      MEMBER(target_row, progress),
    MEMBER(target_row, boot_id),    MEMBER(target_row, machine_id),
    MEMBER(target_row, exclude_why),
};

static const size_t action_strings[] = {
    MEMBER(action_row, group),      MEMBER(action_row, args), MEMBER(action_row, driver),
    MEMBER(action_row, tty),        MEMBER(action_row, ssh_client), MEMBER(action_row, tmux),
    MEMBER(action_row, verdict_text),
};

static char **member(void *row, size_t offset)
{
    return (char **)(void *)((char *)row + offset);
}

static void own_strings(void *row, const size_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char **s = member(row, offsets[i]);
        *s = xstrdup_null(*s);
    }
}

static void free_strings(void *row, const size_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char **s = member(row, offsets[i]);
        free(*s);
        *s = NULL;
    }
}

void deployment_row_copy(struct deployment_row *dst, const struct deployment_row *src)
{
    *dst = *src;
    own_strings(dst, deployment_strings, ARRAY_LEN(deployment_strings));
}

void deployment_row_release(struct deployment_row *d)
{
    free_strings(d, deployment_strings, ARRAY_LEN(deployment_strings));
}

void target_row_copy(struct target_row *dst, const struct target_row *src)
{
    *dst = *src;
    own_strings(dst, target_strings, ARRAY_LEN(target_strings));
}

void target_row_release(struct target_row *t)
{
    free_strings(t, target_strings, ARRAY_LEN(target_strings));
}

void action_row_copy(struct action_row *dst, const struct action_row *src)
{
    *dst = *src;
    own_strings(dst, action_strings, ARRAY_LEN(action_strings));
}

void action_row_release(struct action_row *a)
{
    free_strings(a, action_strings, ARRAY_LEN(action_strings));
}
