/* inventory.c: a configuration folder as an inventory: which files there are, what must hold within
 * a group and between groups. Asks no server. */
#include "config.h"

#include "inventory/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "inventory/inventory_int.h"
#include "inventory/packages.h"

enum { FILES_MAX = 10000 };

/* One file of groups.d and what came out of it. */
struct group_file {
    struct source src;
    struct group_config *group; /* never NULL once read; incomplete where there are problems */
    struct place *places;       /* of its instances */
};

struct loader {
    struct inventory *inv;
    struct problems problems;
    struct source main;
    struct group_file *files;
    int n_files;
};

/* ---- within one group ---- */

static struct place group_place(const struct group_file *f)
{
    return (struct place){&f->src, f->group->line ? f->group->line : 1, 1};
}

/* Where a package lies beside its index. A percent sign of the index is no placeholder. */
static char *url_in_index(const char *source, const char *name)
{
    struct buf b;

    buf_init(&b, 0);
    for (const char *p = source; *p; p++)
        buf_adds(&b, *p == '%' ? "%%" : (char[]){*p, '\0'});
    if (b.len && b.p[b.len - 1] != '/')
        buf_addc(&b, '/');
    buf_addf(&b, "%s-%%v.tar.gz", name);
    return buf_take(&b);
}

/* What a key takes from another one. */
static void fill_in(struct group_config *g)
{
    if (!g->site)
        g->site = xstrdup_null(g->name);
    if (!g->package.name)
        g->package.name = xstrdup_null(g->name);
    for (int i = 0; i < g->n_instances; i++) {
        if (g->instances[i].port == 0)
            g->instances[i].port = g->port;
    }
    if (!g->package.url && g->package.name && g->package.source &&
        package_source_is_url(g->package.source))
        g->package.url = url_in_index(g->package.source, g->package.name);
}

static void check_group(struct loader *l, const struct group_file *f)
{
    const struct group_config *g = f->group;

    if (g->traffic.driver == CONFIG_TRAFFIC_HAPROXY && g->traffic.n_sockets == 0)
        problem_add(&l->problems, group_place(f),
                    "`traffic.socket` is missing; driver haproxy wants `unix:/path` or "
                    "`tcp://host:port`");
    if (g->traffic.driver == CONFIG_TRAFFIC_HAPROXY && !g->traffic.backend)
        problem_add(&l->problems, group_place(f),
                    "`traffic.backend` is missing; driver haproxy wants the name of the backend");
    if (g->health.of && (g->health.times > g->health.of || 2 * g->health.times <= g->health.of))
        problem_add(&l->problems, group_place(f),
                    "`monitors.health` wants `times` %d of %d; allowed are at most all and more than "
                    "half of them",
                    g->health.times, g->health.of);
    if (g->package.source && !g->package.url)
        problem_add(&l->problems, group_place(f),
                    "`package.url` is missing; the instances fetch the package from there "
                    "(`deliver: pull`), `%s` is a folder of this machine",
                    g->package.source);
}

/* has_watch: the group says itself how long it is watched. */
static void take_environment(const struct inventory *inv, struct group_config *g, bool has_watch)
{
    for (int i = 0; g->environment && i < inv->n_environments; i++) {
        if (strcmp(inv->environments[i].name, g->environment) == 0)
            environment_apply(&inv->environments[i], g, has_watch);
    }
}

static void read_group_file(struct loader *l, int dirfd, const char *name, struct group_file *f)
{
    struct schema_reader r = {.src = &f->src, .problems = &l->problems, .dir = l->inv->dir};
    int before = l->problems.total;
    yaml_document_t doc;
    char *path = xasprintf("%s/groups.d/%s", l->inv->dir, name);

    f->group = xcalloc(1, sizeof *f->group);
    schema_defaults(&group_table, f->group);
    f->group->file = text_safe(raw_of(path), TEXT_PLAIN);
    int rc = source_read(dirfd, name, path, &f->src, &l->problems);
    free(path);
    if (rc == 1)
        problem_add(&l->problems, (struct place){&f->src, 0, 0}, "is gone");
    rc = rc == 0 ? yaml_read(&f->src, &doc, &l->problems) : -1;
    if (rc == 1)
        problem_add(&l->problems, (struct place){&f->src, 1, 1},
                    "the file is empty; allowed is a group");
    if (rc != 0)
        return;
    r.doc = &doc;
    schema_read(&r, &group_table, yaml_document_get_root_node(&doc), f->group);
    yaml_document_delete(&doc);
    f->places = r.places;
    f->group->line = r.seen[schema_find(&group_table, "group") - group_table.keys];
    fill_in(f->group);
    /* What is given but wrong is not missing as well. */
    if (l->problems.total != before)
        return;
    check_group(l, f);
    take_environment(l->inv, f->group,
                     r.seen[schema_find(&group_table, "watch") - group_table.keys] > 0);
    rules_finish(f->group);
}

/* ---- between groups ---- */

/* A thing that may be there once only. */
struct claim {
    const char *name;
    int port;
    const struct group_config *group;
    struct place at;
    size_t order;
};

static int claim_compare(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int rc = strcasecmp(x->name, y->name);

    if (rc == 0)
        rc = (x->port > y->port) - (x->port < y->port);
    return rc ? rc : (x->order > y->order) - (x->order < y->order);
}

static bool is_same_claim(const struct claim *a, const struct claim *b)
{
    return a->port == b->port && strcasecmp(a->name, b->name) == 0;
}

static void check_hosts(struct loader *l)
{
    size_t n = 0, all = 0;

    for (int i = 0; i < l->n_files; i++)
        all += (size_t)l->files[i].group->n_instances;
    struct claim *claims = xcalloc(all, sizeof *claims);
    for (int i = 0; i < l->n_files; i++) {
        const struct group_file *f = &l->files[i];
        for (int j = 0; j < f->group->n_instances; j++) {
            const struct instance_config *in = &f->group->instances[j];
            if (in->port)
                claims[n] = (struct claim){in->host, in->port, f->group, f->places[j], n};
            n += in->port != 0;
        }
    }
    qsort(claims, n, sizeof *claims, claim_compare);
    const struct claim *first = claims;
    for (size_t i = 1; i < n; i++) {
        if (!is_same_claim(first, &claims[i])) {
            first = &claims[i];
            continue;
        }
        problem_add(&l->problems, claims[i].at,
                    "%s:%d stands twice; the first is in group %s, %s:%d:%d", claims[i].name,
                    claims[i].port, first->group->name ? first->group->name : "?",
                    first->at.src->name, first->at.line, first->at.column);
    }
    free(claims);
}

/* Names that differ in case only are two folders on one disk and one on another: also twice. */
static void check_names(struct loader *l)
{
    for (int i = 0; i < l->n_files; i++) {
        const struct group_file *f = &l->files[i];
        for (int j = 0; f->group->name && j < i; j++) {
            const struct group_config *g = l->files[j].group;
            if (!g->name || strcasecmp(g->name, f->group->name) != 0)
                continue;
            problem_add(&l->problems, group_place(f),
                        "group `%s` stands twice; the first is in %s:%d", f->group->name, g->file,
                        g->line);
            break;
        }
    }
}

/* ---- the folder ---- */

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n > m && strcmp(s + n - m, end) == 0;
}

/* The names of the group files in order; *n of them. Takes fd. */
static char **list_files(struct loader *l, int fd, int *n)
{
    char **names = NULL;
    DIR *d = fdopendir(fd);
    struct dirent *entry;

    *n = 0;
    if (!d) {
        close(fd);
        return NULL;
    }
    while ((entry = readdir(d)) != NULL && *n < FILES_MAX) {
        char shown[QUOTE_BYTES];
        if (entry->d_name[0] == '.')
            continue;
        if (ends_with(entry->d_name, ".yml"))
            problem_add(&l->problems, (struct place){0},
                        "%s/groups.d/%s is not read; allowed are names that end in .yaml",
                        l->inv->dir, quote(shown, entry->d_name));
        if (!ends_with(entry->d_name, ".yaml"))
            continue;
        names = xreallocarray(names, (size_t)*n + 1, sizeof *names);
        names[(*n)++] = xstrdup(entry->d_name);
    }
    closedir(d);
    if (*n)
        qsort(names, (size_t)*n, sizeof *names, name_compare);
    return names;
}

static void read_groups(struct loader *l)
{
    char *path = xasprintf("%s/groups.d", l->inv->dir);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int n = 0;

    if (fd < 0 && errno != ENOENT)
        problem_add(&l->problems, (struct place){0}, "%s cannot be opened: %s", path,
                    strerror(errno));
    if (fd >= 0 && source_check_dir(fd, path, &l->problems) == 0) {
        int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        char **names = again >= 0 ? list_files(l, again, &n) : NULL;
        l->files = xcalloc((size_t)n, sizeof *l->files);
        l->n_files = n;
        for (int i = 0; i < n; i++) {
            read_group_file(l, fd, names[i], &l->files[i]);
            free(names[i]);
        }
        free(names);
    }
    if (fd >= 0)
        close(fd);
    free(path);
}

static void read_main(struct loader *l, int dirfd)
{
    struct schema_reader r = {.src = &l->main, .problems = &l->problems, .dir = l->inv->dir};
    yaml_document_t doc;
    char *path = xasprintf("%s/footplate.yaml", l->inv->dir);
    int rc = source_read(dirfd, "footplate.yaml", path, &l->main, &l->problems);

    free(path);
    if (rc == 0)
        rc = yaml_read(&l->main, &doc, &l->problems);
    if (rc != 0)
        return;
    r.doc = &doc;
    schema_read(&r, &main_table, yaml_document_get_root_node(&doc), l->inv);
    yaml_document_delete(&doc);
}

/* The folder as a person would name it; the caller frees it. NULL after a problem. */
static char *wanted_dir(const char *dir, struct problems *p)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (dir)
        return xstrdup(dir);
    if (xdg && xdg[0] == '/')
        return xasprintf("%s/footplate", xdg);
    if (home && home[0] == '/')
        return xasprintf("%s/.config/footplate", home);
    problem_add(p, (struct place){0},
                "no configuration folder: neither XDG_CONFIG_HOME nor HOME is set; name one by -c");
    return NULL;
}

/* Open it as *fd; its absolute path is answered. */
static char *open_dir(const char *dir, int *fd, struct problems *p)
{
    char shown[QUOTE_BYTES];
    char *name = wanted_dir(dir, p);
    char *path = name ? realpath(name, NULL) : NULL;

    *fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (name && *fd < 0)
        problem_add(p, (struct place){0}, "the configuration folder `%s` cannot be opened: %s",
                    quote(shown, name), strerror(errno));
    if (*fd >= 0 && !text_is_safe(raw_of(path))) {
        problem_add(p, (struct place){0}, "the name of the configuration folder `%s` holds what "
                                          "cannot be shown",
                    quote(shown, path));
        close(*fd);
        *fd = -1;
    }
    free(name);
    return path;
}

static int group_compare(const void *a, const void *b)
{
    const struct group_config *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* Move the groups into the inventory. Only when there is no problem: each has a name then. */
static void take_groups(struct loader *l)
{
    struct inventory *inv = l->inv;

    inv->groups = xcalloc((size_t)l->n_files, sizeof *inv->groups);
    for (int i = 0; i < l->n_files; i++) {
        inv->groups[inv->n_groups++] = *l->files[i].group;
        free(l->files[i].group);
        l->files[i].group = NULL;
    }
    qsort(inv->groups, (size_t)inv->n_groups, sizeof *inv->groups, group_compare);
}

static void loader_release(struct loader *l)
{
    for (int i = 0; i < l->n_files; i++) {
        group_config_free(l->files[i].group);
        source_release(&l->files[i].src);
        free(l->files[i].places);
    }
    free(l->files);
    source_release(&l->main);
    problems_release(&l->problems);
}

enum extent { SETTINGS_ONLY, WITH_GROUPS };

static struct inventory *load(const char *dir, enum extent extent, struct buf *report)
{
    struct loader l = {.inv = xcalloc(1, sizeof *l.inv)};
    int fd = -1;

    schema_defaults(&main_table, l.inv);
    l.inv->dir = open_dir(dir, &fd, &l.problems);
    if (fd >= 0 && source_check_dir(fd, l.inv->dir, &l.problems) == 0) {
        read_main(&l, fd);
        if (extent == WITH_GROUPS)
            read_groups(&l);
        check_names(&l);
        check_hosts(&l);
    }
    if (fd >= 0)
        close(fd);
    if (l.problems.total > 0) {
        problems_write(&l.problems, report);
        inventory_free(l.inv);
        l.inv = NULL;
    } else {
        take_groups(&l);
    }
    loader_release(&l);
    return l.inv;
}

struct inventory *inventory_load(const char *dir, struct buf *report)
{
    return load(dir, WITH_GROUPS, report);
}

struct inventory *inventory_load_settings(const char *dir, struct buf *report)
{
    return load(dir, SETTINGS_ONLY, report);
}

void inventory_free(struct inventory *inv)
{
    if (!inv)
        return;
    for (int i = 0; i < inv->n_groups; i++) {
        schema_release(&group_table, &inv->groups[i]);
        free(inv->groups[i].file);
    }
    free(inv->groups);
    schema_release(&main_table, inv);
    free(inv->dir);
    free(inv);
}

const struct group_config *inventory_group(const struct inventory *inv, const char *name)
{
    for (int i = 0; i < inv->n_groups; i++) {
        if (strcmp(inv->groups[i].name, name) == 0)
            return &inv->groups[i];
    }
    return NULL;
}
