/* inventory.h: the YAML files of a configuration folder as groups. Reads, checks, answers; asks no
 * server. Every error of every file is found in one run. */
#ifndef FOOTPLATE_INVENTORY_INVENTORY_H
#define FOOTPLATE_INVENTORY_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/types.h"

/* All strings are owned by the inventory and live until inventory_free(). Absent text is NULL.
 * Times are in ms, shares in parts of 10,000. */
struct instance_config {
    char *host;
    int port;
    bool is_canary;
};

enum config_transport { CONFIG_SSH, CONFIG_LOCAL };
enum config_driver { CONFIG_TRAFFIC_NONE, CONFIG_TRAFFIC_HAPROXY };

struct group_config {
    char *name, *site, *path, *doc_base, *health_check_url, *environment;
    int port;
    char *file; /* where it stands */
    int line;
    struct instance_config *instances;
    int n_instances;
    enum strategy strategy;
    enum config_transport transport;
    struct {
        char *config, *user, *identity_file;
        int port;
    } ssh;
    struct {
        char *name, *source, *url;
        bool prestage;
        int prestage_parallel;
    } package;
    struct {
        char *stop, *start;
        int64_t timeout_ms;
    } commands;
    struct {
        enum config_driver driver;
        char **sockets;
        int n_sockets;
        char *backend, *server;
        int64_t drain_timeout_ms, timeout_ms;
    } traffic;
    struct {
        int status;
        char *body, *version;
        int successes;
        int64_t interval_ms;
        char **warmup;
        int n_warmup;
        int64_t warmup_limit_ms;
    } verify;
    struct {
        int max_out;
        int64_t batch_interval_ms, startup_timeout_ms;
        bool ignore_verify;
        int *pattern;
        int n_pattern;
        int max_failures;      /* a count; -1: max_failures_share is meant */
        int max_failures_share;
        int64_t availability_timeout_ms, download_timeout_ms;
        bool count_sick;
    } deployment;
    struct {
        int max_out;
        bool canary, ignore_verify;
    } rollback;
    int keep_releases;
};

/* One line of `keys`: what it means is for who knows the commands. line, column: of the keys. */
struct key_setting {
    char *command, *keys;
    int line, column;
};

struct inventory {
    char *dir;      /* the configuration folder, absolute */
    char *store;    /* folder of the store, absolute, or NULL: the default */
    char *theme;
    bool has_ascii_borders;
    int connections;
    int handshakes_per_server;
    struct key_setting *keys;    /* in the order of the file */
    int n_keys;
    struct group_config *groups; /* in order of name */
    int n_groups;
};

/* Read DIR/footplate.yaml (may be missing) and every .yaml file of DIR/groups.d. NULL dir: the XDG
 * config folder. A folder or file that others may write, or that is neither ours nor root's, is an
 * error, as is a key or value that asks for what this version does not serve.
 * On errors answers NULL and adds to `report` every one of them, each as
 *     file:line:col: what was found, what is allowed
 *       the line
 *       ^
 * At most 200 are written, then how many more there are. */
struct inventory *inventory_load(const char *dir, struct buf *report);
/* The same of footplate.yaml alone, without any group: what a person needs to find the store must not
 * hang on a mistake in the file of some group, least of all for a brake. */
struct inventory *inventory_load_settings(const char *dir, struct buf *report);
void inventory_free(struct inventory *inv);

/* The group of that name, or NULL. */
const struct group_config *inventory_group(const struct inventory *inv, const char *name);

/* The group's frozen form: JSON that group_config_from_json() reads back to an equal one; the
 * caller frees. Also what is mirrored into the store. */
char *group_config_to_json(const struct group_config *g);
struct group_config *group_config_from_json(const char *json, struct err *e);
void group_config_free(struct group_config *g);
struct group_config *group_config_copy(const struct group_config *g);

/* Set one of the keys that an operator may change at Start ("max_out=50%", also
 * "deployment.max_out=") as --set gives it. ERR_USAGE in words. */
int group_config_set(struct group_config *g, const char *assignment, struct err *e);

/* Is this a version (or host) that may reach a server: [A-Za-z0-9._+:-], no leading dash or dot, at
 * most 100 characters. 0 or ERR_USAGE in words. */
int name_is_allowed(const char *what, const char *text, struct err *e);

/* How many failures the deployment tolerates: the count, or the share of n. */
int group_config_max_failures(const struct group_config *g, int n);

#endif
