/* say.h: words and marks that panes, lines and dialogs share, so that a thing has one name everywhere. */
#ifndef FOOTPLATE_UI_SAY_H
#define FOOTPLATE_UI_SAY_H

#include <stddef.h>
#include <stdint.h>

#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/snapshot.h"

/* A state on the screen: a mark of one ASCII cell, a word, a role. */
struct mark {
    const char *glyph;
    const char *word;
    enum role role;
};

struct mark mark_deploy(const struct view *v);              /* "> smoking", "! braked", "= waits" */
struct mark mark_target(const struct target_row *t);        /* "> install", "x verify", "+ done" */
struct mark mark_traffic(const struct instance_row *i, const char *traffic); /* "in", "out", "draining 3" */
struct mark mark_health(const struct sample_row *s, int64_t wall);           /* "ok", "sick", "?" with age */
struct mark mark_step_cell(const struct target_row *t, enum step step);      /* one of the five cells */
struct mark mark_result(const struct deployment_row *d);    /* of an old release */
struct mark mark_log(char level);

/* "4 s", "3 min 02 s", "2 h 05 min", narrow: at most 9 cells. */
void say_span(char *dst, size_t size, int64_t ms);
/* Wall time, of today "14:03:22", else "11-20 14:03". */
void say_when(char *dst, size_t size, int64_t wall, int64_t now_wall);
/* "web01" where all ports of the group are the same, else "web01:8080". */
void say_instance(char *dst, size_t size, const struct snapshot *s, const char *host, int port);
/* One sentence: what the release waits for, who or what can free it, since when, which key. */
void say_waiting(char *dst, size_t size, const struct snapshot *s, const struct keymap *m, int64_t wall);
/* "usually 4 min 10 s; 1 min over", or "about 3 min left"; "" where there is nothing to go by. */
void say_eta(char *dst, size_t size, const struct snapshot *s, int64_t wall);
/* "2 of 10 out, limit 2". */
void say_availability(char *dst, size_t size, const struct snapshot *s);

#endif
