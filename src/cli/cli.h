/* cli.h: what every command of the program shares: the folders, the store, messages, exit
 * statuses. The command line reads the store, inserts actions and questions and rings the bell; it
 * talks to no server. */
#ifndef FOOTPLATE_CLI_CLI_H
#define FOOTPLATE_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/options.h"
#include "inventory/inventory.h"
#include "store/store.h"

/* Exit statuses: a public interface, in the manual. */
enum cli_exit {
    EXIT_DONE = 0,
    EXIT_USAGE = 2,   /* usage or configuration */
    EXIT_REFUSED = 3, /* not in this state, or not confirmed */
    EXIT_UNABLE = 4,  /* store, lease, engine */
    EXIT_WAITS = 10,
    EXIT_FAILED = 11,
    EXIT_BRAKED = 12,
    EXIT_INTERRUPTED = 13,
    EXIT_LEDGER = 20,
    EXIT_SIGINT = 130 /* Ctrl-C ended the following; the release goes on */
};

/* config_dir, store_arg and driver_arg are borrowed from argv. store_dir and inventory are found at
 * first need and belong to it. */
struct cli {
    const char *config_dir;
    const char *store_arg;
    const char *driver_arg;
    char *store_dir;
    struct inventory *inventory;
    bool is_inventory_wrong; /* it was read in silence, and has errors */
};

/* One command: one file, one entry of the table in commands.c. */
struct cmd {
    const char *name;
    const char *words; /* "GROUP VERSION"; "" for none */
    int min_words, max_words;
    const char *help;  /* one sentence */
    const struct opt *opts;
    int n_opts;
    int (*run)(struct cli *c, const struct args *a);
};

/* The commands, in the order of the manual. */
extern const struct cmd *const commands[];
extern const int n_commands;
const struct cmd *command_find(const char *name);
/* The nearest command to a word, or NULL. */
const char *command_nearest(const char *word);
/* Is it a command of footplate that this version does not hold yet? */
bool command_is_later(const char *name);
/* The options that stand before or after every command: -c, --store, --driver, --version, --help.
 */
enum { GLOBAL_CONFIG, GLOBAL_STORE, GLOBAL_DRIVER, GLOBAL_VERSION, GLOBAL_HELP, GLOBAL_COUNT };
extern const struct opt global_opts[GLOBAL_COUNT];

/* A message on stderr, "footplate: ...", one line, made safe for the terminal; answers status. */
int cli_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for a struct err, whose code picks the status: usage 2, refused 3, anything else 4. */
int cli_fail_err(const struct err *e);
int cli_status_of(int err_code);
/* What was printed goes out: EXIT_DONE, or EXIT_UNABLE, and it was said why; that a reader has gone away is its
 * own wish, and nothing is said. */
int cli_flush(void);
/* A message that is no failure, on stderr. */
void cli_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The inventory, loaded once. NULL: all its errors were printed, the exit status is 2. */
const struct inventory *cli_inventory(struct cli *c);
/* The same without a word; NULL where it has errors. */
const struct inventory *cli_inventory_quiet(struct cli *c);

/* footplate.yaml alone, the caller's to free; the defaults where nothing was ever configured.
 * NULL: its errors were printed, the exit status is 2. */
struct inventory *cli_settings(const struct cli *c);

/* The store's folder: --store (a folder, or the footplate.db in one), else `store:` of
 * footplate.yaml, else the XDG state folder. NULL: said why on stderr, exit status 2. */
const char *cli_store_dir(struct cli *c);

/* Open the store to read it. EXIT_DONE and *s, which is NULL where nothing was ever released and
 * there is none; else a status after a message. */
int cli_store_read(struct cli *c, struct store **s);

/* Read the row of a group by name. Answers EXIT_DONE and *row, or a status after a message: 2 for
 * a name that neither store nor inventory holds (with the nearest), 3 for a group of the inventory
 * that nothing was ever done with. */
int cli_group(struct cli *c, struct store *s, const char *name, struct group_row **row);

/* Is the name a group of the store or the inventory? EXIT_DONE, or 2 after a message. s may be
 * NULL. */
int cli_group_exists(struct cli *c, struct store *s, const char *name);

/* "web01:8080" or "web01". port 0 where none is named; ERR_USAGE in words. host of size bytes. */
int cli_parse_instance(const char *text, char *host, size_t size, int *port, struct err *e);

void cli_release(struct cli *c);

#endif
