/* echo.h: which version a health answer names, where the group's verify.expect says how versions stand
 * in it (%v). */
#ifndef FOOTPLATE_MONITOR_ECHO_H
#define FOOTPLATE_MONITOR_ECHO_H

#include <stdbool.h>
#include <stddef.h>

#include "inventory/inventory.h"

struct echo;

/* NULL: the configuration expects no version, or its pattern cannot be read as one with a version. The
 * configuration must outlive it. */
struct echo *echo_new(const struct group_config *cfg);
void echo_free(struct echo *x);

/* Versions that it may be, for an expectation that is no pattern; copied. */
void echo_set_known(struct echo *x, const char *const *versions, int n);

/* The version that this body names, into dst; "" none that can be told. host, port: of the instance. */
void echo_find(const struct echo *x, const char *host, int port, const char *body, size_t n,
               char *dst, size_t size);

/* Does the text hold %v? NULL does not. */
bool echo_is_versioned(const char *text);

#endif
