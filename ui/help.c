/* help.c: the keys, those of where a person is first; typing leaves only the lines that have it.
 * Made from the list of commands alone. */
#include "config.h"

#include "ui/screen_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    FILTER_BYTES = 40,
    HELP_COLS = 76,
    KEY_CELLS = 15,
    SECTIONS_MAX = 3,
    ROWS_MAX = COMMAND_COUNT + SECTIONS_MAX
};

/* A line: a command, or (CMD_NONE) the head of a section. */
struct help_row {
    enum command command;
    char head[48];
};

struct help {
    enum pane_id focus;
    unsigned places;
    char filter[FILTER_BYTES];
    struct help_row rows[ROWS_MAX];
    int n;
    int top;
    int visible; /* as last drawn */
};

static bool has_text(const char *where, const char *what)
{
    size_t n = strlen(what);

    for (; *where; where++) {
        size_t i = 0;
        while (i < n && where[i] &&
               tolower((unsigned char)where[i]) == tolower((unsigned char)what[i]))
            i++;
        if (i == n)
            return true;
    }
    return n == 0;
}

static bool is_wanted(const struct help *h, const struct ui *u, enum command c)
{
    const struct command_info *i = command_info(c);

    return has_text(i->help, h->filter) || has_text(i->name, h->filter) ||
           has_text(keymap_keys(u->keymap, c), h->filter);
}

/* In which section a command stands: what acts, what only this place has, the rest. */
static int section_of(const struct help *h, enum command c)
{
    unsigned places = command_info(c)->places;

    if (h->places == IN_DIALOG)
        return places & IN_DIALOG ? 0 : -1;
    if (command_is_action(c))
        return 1;
    if (!(places & IN_ALL) && (places & h->places))
        return 0;
    return places & (h->places | IN_ALL) ? 2 : -1;
}

static void fill(struct help *h, const struct ui *u)
{
    char heads[SECTIONS_MAX][48];

    snprintf(heads[0], sizeof heads[0], "%s",
             h->places == IN_DIALOG ? "in a dialog" : pane_name(h->focus));
    snprintf(heads[1], sizeof heads[1], "the release");
    snprintf(heads[2], sizeof heads[2], "everywhere");
    h->n = 0;
    for (int section = 0; section < SECTIONS_MAX; section++) {
        int head = h->n;
        h->rows[h->n].command = CMD_NONE;
        str_copy(h->rows[h->n++].head, sizeof h->rows[0].head, heads[section]);
        for (int c = 0; c < COMMAND_COUNT; c++)
            if (section_of(h, (enum command)c) == section && is_wanted(h, u, (enum command)c))
                h->rows[h->n++].command = (enum command)c;
        if (h->n == head + 1)
            h->n = head;
    }
}

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    struct help *h = p;

    (void)u;
    (void)h;
    *cols = *cols < HELP_COLS ? *cols : HELP_COLS;
    *rows = *rows < ROWS_MAX + 2 ? *rows : ROWS_MAX + 2;
}

static int max_top(const struct help *h)
{
    return h->n > h->visible ? h->n - h->visible : 0;
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct help *h = p;

    (void)is_armed;
    fill(h, u);
    h->visible = r.rows > 2 ? r.rows - 2 : 1;
    /* Where it was scrolled to is kept through a larger size, at which there is nothing to
     * scroll. */
    int top = h->top < max_top(h) ? h->top : max_top(h);
    int col = canvas_text(cv, r, 0, 0, -1, ROLE_DIM, "type to find: ");
    col += canvas_text(cv, r, 0, col, -1, ROLE_INPUT, h->filter);
    canvas_set_cursor(cv, r, 0, col);
    for (int i = 0; i < h->visible && top + i < h->n; i++) {
        const struct help_row *row = &h->rows[top + i];
        if (row->command == CMD_NONE) {
            canvas_text(cv, r, 1 + i, 0, -1, ROLE_HEADER, row->head);
            continue;
        }
        const char *keys = keymap_keys(u->keymap, row->command);
        canvas_text(cv, r, 1 + i, 2, KEY_CELLS - 1, ROLE_KEY, *keys ? keys : "-");
        canvas_text(cv, r, 1 + i, 2 + KEY_CELLS, -1, ROLE_DIALOG, command_info(row->command)->help);
    }
    if (h->n == 0)
        canvas_text(cv, r, 1, 2, -1, ROLE_DIM, "no key does that");
    if (r.rows > 2)
        canvas_textf(cv, r, r.rows - 1, 0, -1, ROLE_DIM,
                     "%d to %d of %d   Up, Down, PgUp, PgDn   Esc closes", h->n ? top + 1 : 0,
                     top + h->visible < h->n ? top + h->visible : h->n, h->n);
}

static void scroll(struct help *h, int by)
{
    int from = h->top < max_top(h) ? h->top : max_top(h);
    int to = from + by;

    h->top = to < 0 ? 0 : to > max_top(h) ? max_top(h) : to;
}

static bool take_char(struct help *h, uint32_t ch)
{
    size_t n = strlen(h->filter);

    if (ch < 0x20 || ch >= 0x7f || n + 1 >= sizeof h->filter)
        return ch >= 0x20;
    h->filter[n] = (char)ch;
    h->filter[n + 1] = '\0';
    h->top = 0;
    return true;
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct help *h = p;
    size_t n = strlen(h->filter);

    (void)u;
    switch (k->kind) {
    case KEY_CHAR: return take_char(h, k->ch);
    case KEY_UP: scroll(h, -1); return true;
    case KEY_DOWN: scroll(h, 1); return true;
    case KEY_PGUP: scroll(h, -h->visible); return true;
    case KEY_PGDN: scroll(h, h->visible); return true;
    case KEY_HOME: h->top = 0; return true;
    case KEY_END: h->top = max_top(h); return true;
    case KEY_BACKSPACE:
        if (n)
            h->filter[n - 1] = '\0';
        return true;
    case KEY_ESC:
        h->filter[0] = '\0';
        return n > 0;
    default: return true;
    }
}

static const struct dialog_ops ops = {
    .free_state = free, .title = "Help", .size = size_wanted, .draw = draw, .key = take_key,
    .keeps_open = true, .is_standing = true,
};

bool dialog_is_help(const struct dialog_ops *o)
{
    return o == &ops;
}

void dialog_help(const struct ui *u, enum pane_id focus, unsigned places)
{
    struct help *h = xcalloc(1, sizeof *h);

    h->focus = focus;
    h->places = places;
    screen_open_dialog(u->screen, &ops, h);
}
