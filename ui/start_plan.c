/* start_plan.c: lines that are scrolled below the sentence of a dialog. Of Start it puts the plan's JSON into
 * lines: what will be warned of first, then the batches with their instances and who is skipped and why,
 * then the commands of each step. Reads leniently: what is missing is not shown. */
#include "config.h"

#include "ui/start_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/answer.h"
#include "ui/dialog_int.h"

struct plan_line {
    enum role role;
    int indent;
    char *text;
};

struct plan_text {
    struct plan_line *lines;
    int n, room;
};

void plan_text_add(struct plan_text *t, enum role role, int indent, const char *text)
{
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 32;
        t->lines = xreallocarray(t->lines, (size_t)t->room, sizeof *t->lines);
    }
    t->lines[t->n++] = (struct plan_line){role, indent, xstrdup(text)};
}

static void add_batch(struct plan_text *t, const json_t *batch)
{
    const json_t *list = json_object_get(batch, "instances");
    char name[64];
    const json_t *in;
    size_t i;

    snprintf(name, sizeof name, "batch %lld%s: %zu instance%s",
             (long long)json_integer_value(json_object_get(batch, "index")) + 1,
             json_is_true(json_object_get(batch, "canary")) ? ", canary" : "", json_array_size(list),
             json_array_size(list) == 1 ? "" : "s");
    plan_text_add(t, ROLE_STRONG, 0, name);
    json_array_foreach (list, i, in) {
        const char *why = answer_text(in, "why");
        const char *version = answer_text(in, "version");
        bool is_skipped = json_is_true(json_object_get(in, "skip"));
        struct buf b;

        buf_init(&b, 1024);
        buf_addf(&b, "%s:%lld  now %s%s%s%s", answer_text(in, "host"),
                 (long long)json_integer_value(json_object_get(in, "port")), version[0] ? version : "?",
                 is_skipped ? "  skipped" : "", why[0] ? ": " : "", why);
        plan_text_add(t, is_skipped ? ROLE_DIM : why[0] ? ROLE_WARN : ROLE_DIALOG, 2, buf_str(&b));
        buf_release(&b);
    }
}

static void add_step(struct plan_text *t, const json_t *step)
{
    const json_t *lines = json_object_get(step, "lines");
    const json_t *line;
    size_t i;

    plan_text_add(t, ROLE_STRONG, 0, answer_text(step, "step"));
    json_array_foreach (lines, i, line)
        plan_text_add(t, ROLE_DIALOG, 2, json_string_value(line) ? json_string_value(line) : "");
}

void plan_text_warn(struct plan_text *t, const json_t *list)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (list, i, entry) {
        char *words = xasprintf("! %s", json_string_value(entry) ? json_string_value(entry) : "");

        plan_text_add(t, ROLE_WARN, 0, words);
        free(words);
    }
}

struct plan_text *plan_text_empty(void)
{
    return xcalloc(1, sizeof(struct plan_text));
}

struct plan_text *plan_text_new(const json_t *plan, const json_t *notes)
{
    struct plan_text *t = plan_text_empty();
    const json_t *entry;
    size_t i;

    plan_text_warn(t, notes);
    plan_text_warn(t, json_object_get(plan, "warnings"));
    json_array_foreach (json_object_get(plan, "batches"), i, entry)
        add_batch(t, entry);
    if (json_array_size(json_object_get(plan, "steps")) > 0)
        plan_text_add(t, ROLE_DIM, 0, "what is run on each instance:");
    json_array_foreach (json_object_get(plan, "steps"), i, entry)
        add_step(t, entry);
    if (answer_text(plan, "sha256")[0]) {
        char *words = xasprintf("package sha256 %s", answer_text(plan, "sha256"));

        plan_text_add(t, ROLE_DIM, 0, words);
        free(words);
    }
    return t;
}

void plan_text_free(struct plan_text *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->n; i++)
        free(t->lines[i].text);
    free(t->lines);
    free(t);
}

int plan_text_count(const struct plan_text *t)
{
    return t->n;
}

int plan_text_draw(const struct plan_text *t, struct canvas *cv, struct rect r, int first)
{
    int row = 0;
    int i = first;

    for (; i < t->n && row < r.rows; i++) {
        const struct plan_line *l = &t->lines[i];
        struct rect at = {r.row, r.col + l->indent, r.rows, r.cols - l->indent};

        row += canvas_wrap(cv, at, row, l->role, l->text, true);
    }
    return i - first;
}

int plan_text_rows(const struct plan_text *t, int cols)
{
    int rows = 0;

    for (int i = 0; i < t->n; i++)
        rows += wrap_rows(t->lines[i].text, cols - t->lines[i].indent);
    return rows;
}

void plan_text_draw_place(const struct plan_text *t, struct canvas *cv, struct rect r, int first,
                          int visible)
{
    enum { ANSWER_CELLS = 42 };
    char words[64];
    int at;

    if (first == 0 && visible >= t->n)
        return;
    snprintf(words, sizeof words, "%d-%d of %d; Up, Down", first + 1, first + visible, t->n);
    if (r.cols - (int)strlen(words) < ANSWER_CELLS)
        *strchr(words, ';') = '\0';
    at = r.cols - (int)strlen(words);
    canvas_text(cv, r, r.rows - 1, at > 0 ? at : 0, -1, ROLE_DIM, words);
}

bool plan_text_key(const struct plan_text *t, const struct key *k, int *first, int visible)
{
    int step = visible > 1 ? visible - 1 : 1;

    switch (k->kind) {
    case KEY_DOWN: *first += *first + visible < t->n; return true;
    case KEY_UP: *first -= *first > 0; return true;
    case KEY_PGDN: *first += *first + visible < t->n ? step : 0; return true;
    case KEY_PGUP: *first = *first > step ? *first - step : 0; return true;
    case KEY_HOME: *first = 0; return true;
    default: return false;
    }
}
