/* folder.h: a configuration folder of its own for one test, and what a load of it says. */
#ifndef FOOTPLATE_TESTS_INVENTORY_FOLDER_H
#define FOOTPLATE_TESTS_INVENTORY_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "inventory/inventory.h"
#include "suite.h"

struct folder {
    char path[64];
    struct buf report;
    struct inventory *inv;
};

/* The least that a group must say. */
static const char GROUP_A[] = "group: a\n"
                              "doc_base: /srv/a\n"
                              "port: 8080\n"
                              "health_check_url: http://%h:%p/health\n"
                              "instances: [{host: a1}]\n"
                              "package: {source: /srv/packages, url: 'http://p/a-%v.tar.gz'}\n";

static inline void folder_init(struct folder *f)
{
    char groups[96];

    str_copy(f->path, sizeof f->path, "/tmp/footplate-inventory-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->path));
    snprintf(groups, sizeof groups, "%s/groups.d", f->path);
    umask(022);
    ck_assert_int_eq(mkdir(groups, 0755), 0);
    buf_init(&f->report, 0);
    f->inv = NULL;
}

static inline void folder_write_bytes(struct folder *f, const char *name, const void *p, size_t n)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(p, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

static inline void folder_write(struct folder *f, const char *name, const char *text)
{
    folder_write_bytes(f, name, text, strlen(text));
}

/* Load it anew; the report is f->report. */
static inline const struct inventory *folder_load(struct folder *f)
{
    inventory_free(f->inv);
    buf_reset(&f->report);
    f->inv = inventory_load(f->path, &f->report);
    ck_assert_msg((f->inv != NULL) == (f->report.len == 0), "%s", buf_str(&f->report));
    return f->inv;
}

static inline int folder_drop_one(const char *path, const struct stat *st, int kind,
                                  struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void folder_release(struct folder *f)
{
    inventory_free(f->inv);
    buf_release(&f->report);
    nftw(f->path, folder_drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The group must be good. */
static inline const struct group_config *folder_group(struct folder *f, const char *text)
{
    folder_write(f, "groups.d/g.yaml", text);
    ck_assert_msg(folder_load(f) != NULL, "%s", buf_str(&f->report));
    ck_assert_int_eq(f->inv->n_groups, 1);
    return &f->inv->groups[0];
}

/* The group must be refused in a report that holds `wanted`. */
static inline void folder_refuses(struct folder *f, const char *text, const char *wanted)
{
    folder_write(f, "groups.d/g.yaml", text);
    ck_assert_msg(folder_load(f) == NULL, "taken: %s", text);
    ck_assert_msg(strstr(buf_str(&f->report), wanted) != NULL, "wanted: %s\ngot: %s", wanted,
                  buf_str(&f->report));
}

/* GROUP_A and one more line. */
static inline const struct group_config *folder_with(struct folder *f, const char *line)
{
    char *text = xasprintf("%s%s\n", GROUP_A, line);
    const struct group_config *g = folder_group(f, text);

    free(text);
    return g;
}

static inline void folder_refuses_with(struct folder *f, const char *line, const char *wanted)
{
    char *text = xasprintf("%s%s\n", GROUP_A, line);

    folder_refuses(f, text, wanted);
    free(text);
}

#endif
