/* place.h: a folder of its own for each test of the store, removed at the end; and the few words
 * that every one of them needs. */
#ifndef FOOTPLATE_TESTS_STORE_PLACE_H
#define FOOTPLATE_TESTS_STORE_PLACE_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "must.h"
#include "store/store.h"

struct place {
    char dir[64];
};

static inline void place_init(struct place *p)
{
    snprintf(p->dir, sizeof p->dir, "/tmp/fp-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
}

static inline void place_release(struct place *p)
{
    DIR *d = opendir(p->dir);
    const struct dirent *entry;

    while (d && (entry = readdir(d)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d)
        closedir(d);
    rmdir(p->dir);
}

/* The store of that place, or the test fails with the words of the error. */
static inline struct store *place_store(const struct place *p, unsigned flags)
{
    struct err e = {0};
    struct store *s = store_open(p->dir, flags, &e);

    ck_assert_msg(s != NULL, "open: %s", e.msg);
    return s;
}

#endif
