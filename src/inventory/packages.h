/* packages.h: the versions on offer in a group's package source, when it is a folder: files
 * NAME-VERSION.tar.gz with NAME-VERSION.tar.gz.sha256 or a line in SHA256SUMS. An http(s) index is
 * the same list fetched by the engine; packages_parse_sums() reads it. */
#ifndef FOOTPLATE_INVENTORY_PACKAGES_H
#define FOOTPLATE_INVENTORY_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct package {
    char *version;
    char *file;       /* NAME-VERSION.tar.gz */
    char sha256[65];  /* "" when no digest is given: it cannot be released */
    int64_t size;     /* bytes; -1 not known */
    int64_t mtime_ms; /* wall; 0 not known */
};

struct package_list {
    struct package *items; /* newest version first, by version order (1.10.0 before 1.9.0) */
    int n;
};

bool package_source_is_url(const char *source);

/* Scan a folder. */
int packages_scan(const char *source, const char *name, struct package_list *out, struct err *e);

/* Read the text of a SHA256SUMS file: the lines that name a package of `name`. */
int packages_parse_sums(const char *text, size_t len, const char *name, struct package_list *out,
                        struct err *e);
void package_list_release(struct package_list *l);

const struct package *package_find(const struct package_list *l, const char *version);

/* Order of versions: digits by number, the rest by text; <0, 0, >0. */
int version_compare(const char *a, const char *b);

#endif
