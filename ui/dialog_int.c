/* dialog_int.c: the parts that all dialogs are put together from. Knows no dialog. */
#include "config.h"

#include "ui/dialog_int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/say.h"

int wrap_rows(const char *text, int cols)
{
    size_t width = cols > 1 ? (size_t)cols : 1;
    size_t at = 0;
    int rows = 1;

    for (const char *p = text; *p;) {
        size_t bytes = strcspn(p, " ");
        char word[256];
        size_t cells;

        text_copy_safe(word, sizeof word, (struct raw){p, bytes}, TEXT_PLAIN);
        cells = text_cells(word);
        if (at > 0 && at + 1 + cells > width) {
            rows++;
            at = 0;
        }
        at += (at > 0) + cells;
        while (at > width) {
            rows++;
            at -= width;
        }
        p += bytes;
        p += strspn(p, " ");
    }
    return rows;
}

void draw_paragraph(struct canvas *cv, struct rect r, int *row, enum role role, const char *text)
{
    if (*row < r.rows)
        *row += canvas_wrap(cv, r, *row, role, text, true);
}

void draw_answer(struct canvas *cv, struct rect r, const char *yes, bool is_armed)
{
    int row = r.rows - 1;
    int at;

    if (row < 0)
        return;
    canvas_repeat(cv, r, row, 0, r.cols, ROLE_DIALOG, ' ');
    at = canvas_text(cv, r, row, 0, -1, is_armed ? ROLE_KEY : ROLE_DIM, " Y ");
    at += canvas_textf(cv, r, row, at, -1, is_armed ? ROLE_STRONG : ROLE_DIM, " %s   ", yes);
    canvas_text(cv, r, row, at, -1, ROLE_DIM,
                is_armed ? "any other key: no" : "a moment: read it first");
}

static const struct group_line *find_group(const struct snapshot *s, const char *name)
{
    for (int i = 0; i < s->n_groups; i++)
        if (strcmp(s->groups[i].name, name) == 0)
            return &s->groups[i];
    return NULL;
}

void draw_subject(const struct ui *u, struct canvas *cv, struct rect r, const char *group)
{
    const struct group_line *g = find_group(u->snap, group);
    int at = 0;

    if (g && g->environment && g->environment[0]) {
        bool is_prod = strncasecmp(g->environment, "prod", 4) == 0;

        at += canvas_textf(cv, r, 0, at, -1, is_prod ? ROLE_ENV_PROD : ROLE_ENV, " %s ",
                           g->environment);
        at += canvas_text(cv, r, 0, at, -1, ROLE_DIALOG, " ");
    }
    at += canvas_text(cv, r, 0, at, -1, ROLE_STRONG, group);
    if (g && g->site)
        canvas_textf(cv, r, 0, at, -1, ROLE_DIM, "  %s", g->site);
}

int say_out_of_traffic(const struct ui *u, char *dst, size_t size)
{
    enum { NAMED = 3 };
    const struct view *v = &u->snap->present;
    struct buf b;

    buf_init(&b, size > 1 ? size - 1 : 1);
    for (int i = 0; i < v->n_ledger && i < NAMED; i++) {
        char name[300];

        say_instance(name, sizeof name, u->snap, v->ledger[i].host, v->ledger[i].port);
        buf_addf(&b, "%s%s", i ? ", " : "", name);
    }
    if (v->n_ledger > NAMED)
        buf_addf(&b, " and %d more", v->n_ledger - NAMED);
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
    return v->n_ledger;
}

void say_setting_ms(char *dst, size_t size, int64_t ms)
{
    if (ms % 60000 == 0 && ms > 0)
        snprintf(dst, size, "%lldm", (long long)(ms / 60000));
    else if (ms % 1000 == 0)
        snprintf(dst, size, "%llds", (long long)(ms / 1000));
    else
        snprintf(dst, size, "%lldms", (long long)ms);
}

bool key_is(const struct key *k, uint32_t ch)
{
    return k->kind == KEY_CHAR && k->ch == ch;
}
