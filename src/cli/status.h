/* status.h: a view as JSON and as text; shared by `status`, the prompts and following. */
#ifndef FOOTPLATE_CLI_STATUS_H
#define FOOTPLATE_CLI_STATUS_H

#include <jansson.h>
#include <stdio.h>

#include "cli/watched.h"
#include "store/view.h"

/* One element of `status --json`, with what the poller last saw. The caller's. */
json_t *status_json(const struct view *v, const struct watched *w, const struct sample_row *samples,
                    int n_samples);

enum status_flags { STATUS_BRIEF = 0, STATUS_TARGETS = 1 /* every target of every batch begun */,
                    STATUS_SHORT = 2 };

/* For a person, on stdout, within out_width() cells. */
void status_print(const struct view *v, const struct watched *w, unsigned flags);
/* "shop-web 1.5.0 ROLLING_OUT 2/5 BRAKED, bad: orders a minute" on one line, for the line of another program. */
void status_print_short(const struct view *v, const struct watched *w);
/* One line of it, with its name in the left column, broken to the width. */
void status_line(const char *name, const char *text);

/* The exit status (enum cli_exit) that says how this group stands. */
int status_exit(const struct view *v);

/* "#7 release 1.0.0 -> 1.1.0": what a deployment is, in a few words; from may be NULL. */
void status_say_deployment(const struct deployment_row *d, char *dst, size_t size);

/* What a person can do now, as commands: "footplate continue shop-web   bake: ...". On f. */
void status_print_commands(const struct view *v, FILE *f);

/* A wall time as RFC 3339, or null for 0. A string made safe, or null. */
json_t *json_time(int64_t wall_ms);
json_t *json_safe(const char *text);
/* A figure, or null where there is none (NAN). */
json_t *json_figure(double value);

/* Print a JSON value on stdout, indented, with a line's end, and give it back. */
void json_print(json_t *value);

#endif
