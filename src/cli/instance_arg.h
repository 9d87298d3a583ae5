/* instance_arg.h: HOST[:PORT] on the command line against what is known of a group. */
#ifndef FOOTPLATE_CLI_INSTANCE_ARG_H
#define FOOTPLATE_CLI_INSTANCE_ARG_H

#include "cli/act.h"

enum { HOST_ARG_BYTES = 256 };

struct instance_arg {
    char host[HOST_ARG_BYTES];
    int port;
};

/* Where the instance has to be known. */
enum instance_where { IN_GROUP, IN_DEPLOYMENT, IN_LEDGER };

/* Find the port where none was given, and refuse what is not there (naming the nearest) or stands there
 * with several ports. EXIT_DONE or EXIT_USAGE after a message. */
int instance_arg_read(const struct act *a, const char *text, enum instance_where where,
                      struct instance_arg *out);

/* The action's args: {"host", "port", "why"}. */
json_t *instance_arg_json(const struct instance_arg *in, const char *why);

#endif
