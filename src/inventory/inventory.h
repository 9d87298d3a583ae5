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

/* ---- watching (SPEC section 9) ---- */

/* Whom a rule asks. Which of them a rule is, follows from the key that it has: url, connect, prometheus,
 * number, scrape, tail or exporter; `system` is a mapping, and one rule. */
enum monitor_source {
    MONITOR_REQUEST,    /* user: a GET to the site, as a user would */
    MONITOR_CONNECT,    /* network: name, connect and, with tls, handshake; loss */
    MONITOR_PROMETHEUS, /* business: a query that gives one number */
    MONITOR_NUMBER,     /* business: a URL whose answer is a number, or JSON that holds it */
    MONITOR_SCRAPE,     /* application: the text exposition of every instance */
    MONITOR_TAIL,       /* application: lines of a file on every instance that match */
    MONITOR_EXPORTER,   /* system: node_exporter on every instance */
    MONITOR_SYSTEM,     /* system: the figures of every instance, over its transport */
    MONITOR_SOURCE_COUNT
};

enum monitor_worse { WORSE_HIGH, WORSE_LOW, WORSE_BOTH }; /* which way is bad news */
enum monitor_forecast { FORECAST_NONE, FORECAST_WEEKLY };

/* One rule of a layer. A limit that is not set is -1 (shares, times, counts) or NAN (numbers). Texts may
 * hold placeholders, and %% for a percent sign: url, body, connect, scrape and exporter %h %p %g, tail these and
 * %d, prometheus and query %g. pattern, json and names of metrics hold none: there a % is a %. A rule
 * whose url or connect holds %h or %p is asked of every instance, as are scrape, tail, exporter and system. */
struct monitor_config {
    enum layer layer;
    enum monitor_source source;
    char *name;             /* one of its kind in the group; made from what it asks where not given */
    int64_t every_ms;
    bool is_warning;        /* on_bad: warn; else a bad verdict brakes */
    int in_a_row;           /* `times`: how many answers in a row break a limit; 3 */
    char *url, *body;       /* request, number; body: a pattern that the answer must hold */
    int status;
    int64_t within_ms;      /* request, connect: an answer that takes longer is none */
    int success;            /* request: least share of good answers in the last 20 */
    char *connect;          /* "host:port" */
    bool has_tls;
    int loss;               /* connect: most share without an answer in the last 20 */
    char *prometheus, *query;
    char *json;             /* number: path of the number in the answer, "data.orders" */
    enum monitor_forecast forecast;
    enum monitor_worse worse;
    double at_least, at_most; /* prometheus, number: hard limits */
    char *scrape, *calls, *errors, *latency; /* names of metrics, with label matchers */
    char *version;          /* scrape: the label that names the version of the application; NULL: none does */
    int most_errors;        /* scrape: most share of errors */
    char *tail, *pattern;
    int lines;              /* tail: at_most: N/TIME; so many lines in that time are allowed */
    int64_t lines_ms;
    char *exporter, *mount; /* exporter: its URL, and the file system that is meant by disk */
    int memory, disk;       /* system, exporter: most share in use */
    int64_t load_milli;     /* system: most load a processor, thousandths */
    int line;               /* where it stands in the group's file */
};

/* One receiver of `notify`. Exactly one of hook, url, url_env and url_file is set, at most one of
 * secret_env and secret_file. Of a secret only where it stands is known: *_env names a variable of the
 * environment, *_file a file (absolute), read when it is used. A url that stands here is no secret: it
 * is of a host alone, or of this machine. */
enum notify_preset {
    PRESET_GENERIC, PRESET_SLACK, PRESET_DINGTALK, PRESET_WECOM, PRESET_FEISHU, PRESET_COUNT
};

struct notify_config {
    char *name;             /* one of its kind in the group */
    char *hook;             /* command on this machine; the message as JSON on its standard input */
    char *url, *url_env, *url_file;
    char *secret_env, *secret_file; /* for signed webhooks */
    enum notify_preset preset;
    char *template;         /* JSON with {placeholders} in its texts; NULL: the preset's */
    char **on;              /* "started", "waiting", ...; none: all */
    int n_on;
    int64_t digest_ms;      /* what comes within this time goes in one message */
    int per_minute;         /* at most so many messages */
    int line;
};

/* One of `environments` in footplate.yaml: what holds for groups whose `environment` is its name. */
enum environment_monitors {
    ENVIRONMENT_FULL,
    ENVIRONMENT_LIGHT, /* every rule is asked three times as rarely, and warns only */
    ENVIRONMENT_NONE   /* no rule counts */
};

struct environment_config {
    char *name;
    int64_t watch_ms; /* -1: not said */
    enum environment_monitors monitors;
};

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
    struct {
        int64_t every_ms;   /* how often an instance is asked how it is */
        int times, of;      /* its health changes by so many alike of the last `of`; of 0: by so many in a row */
    } health;
    int64_t watch_ms;       /* how long the group is watched after SUCCESS; 0: not */
    int64_t baseline_ms;    /* PENDING waits at most so long for baselines */
    int64_t warmup_ms;      /* what an instance shows so soon after its markup is not judged */
    struct monitor_config *monitors; /* in the order of the layers, then of the file */
    int n_monitors;
    struct notify_config *notify;
    int n_notify;
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
    char *crl;      /* PEM, absolute: revoked certificates, for all https; NULL: nobody asks */
    struct key_setting *keys;    /* in the order of the file */
    int n_keys;
    struct environment_config *environments; /* in the order of the file */
    int n_environments;
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
