/* prompt.c: one line of text at the bottom: editing, what was entered before, pasting. Letters
 * are text here, all of them; what the text means is its asker's.
 *
 * The text is safe text at every moment (base/text.h), so that it can be drawn and measured as
 * it is. */
#include "config.h"

#include "ui/screen_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CTRL_A = 1, CTRL_E = 5, CTRL_K = 11, CTRL_U = 21, CTRL_W = 23, UTF8_MAX = 4 };

static struct prompt_kind *kind_of(struct prompt *p)
{
    for (int i = 0; i < p->n_kinds; i++)
        if (strcmp(p->kinds[i].label, p->label) == 0)
            return &p->kinds[i];
    if (p->n_kinds == PROMPT_KINDS)
        return &p->kinds[PROMPT_KINDS - 1];
    str_copy(p->kinds[p->n_kinds].label, sizeof p->label, p->label);
    return &p->kinds[p->n_kinds++];
}

void prompt_release(struct prompt *p)
{
    for (int k = 0; k < p->n_kinds; k++)
        for (int i = 0; i < p->kinds[k].n; i++)
            free(p->kinds[k].entries[i]);
}

/* An entry stands once, where it was used last. */
static void remember(struct prompt *p)
{
    struct prompt_kind *k = kind_of(p);

    if (!p->text[0])
        return;
    for (int i = 0; i < k->n; i++) {
        if (strcmp(k->entries[i], p->text) != 0)
            continue;
        free(k->entries[i]);
        memmove(&k->entries[i], &k->entries[i + 1], (size_t)(--k->n - i) * sizeof k->entries[0]);
    }
    if (k->n == PROMPT_HISTORY) {
        free(k->entries[0]);
        memmove(&k->entries[0], &k->entries[1], (size_t)--k->n * sizeof k->entries[0]);
    }
    k->entries[k->n++] = xstrdup(p->text);
}

void screen_prompt(struct screen *s, const char *label, const char *initial,
                   void (*live)(void *arg, const char *text),
                   void (*fn)(void *arg, const struct ui *u, const char *text), void *arg)
{
    struct prompt *p = &s->prompt;
    struct dialog *d = dialogs_top(s);

    prompt_cancel(s);
    p->is_open = true;
    str_copy(p->label, sizeof p->label, label);
    text_copy_safe(p->text, sizeof p->text, raw_of(initial ? initial : ""), TEXT_PLAIN);
    p->at = strlen(p->text);
    p->place = kind_of(p)->n;
    p->dialog = d ? d->serial : 0;
    p->live = live;
    p->fn = fn;
    p->arg = arg;
}

/* The asker may open another prompt at once. */
static void finish(struct screen *s, bool is_entered)
{
    struct prompt *p = &s->prompt;
    char *text = is_entered ? xstrdup(p->text) : NULL;
    int64_t asker = p->dialog ? caller_dialog(p->dialog) : (int64_t)s->focus;
    struct ui u = screen_ui(s, asker);

    if (is_entered)
        remember(p);
    p->is_open = false;
    screen_rearm_dialog(s);
    int64_t before = screen_begin_call(s, asker);
    p->fn(p->arg, &u, text);
    screen_end_call(s, before);
    free(text);
}

void prompt_cancel(struct screen *s)
{
    if (s->prompt.is_open)
        finish(s, false);
}

/* ---- editing --------------------------------------------------------------------------------- */

static size_t char_len(const char *p)
{
    size_t n = 1;

    while (((unsigned char)p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

static bool is_mark(const char *p)
{
    char ch[UTF8_MAX + 1];
    size_t n = char_len(p);

    if ((unsigned char)*p < 0x80 || n >= sizeof ch)
        return false;
    memcpy(ch, p, n);
    ch[n] = '\0';
    return text_cells(ch) == 0;
}

/* The next place for the cursor: behind one character and its marks. */
static size_t step_right(const char *text, size_t at)
{
    if (text[at] == '\0')
        return at;
    at += char_len(text + at);
    while (text[at] != '\0' && is_mark(text + at))
        at += char_len(text + at);
    return at;
}

static size_t step_left(const char *text, size_t at)
{
    size_t before = 0;

    for (size_t i = 0; i < at; i = step_right(text, i))
        before = i;
    return before;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
    memmove(p->text + from, p->text + to, strlen(p->text + to) + 1);
    p->at = from;
}

/* Put in what stays safe text with it; else nothing. */
static void insert(struct prompt *p, const char *what)
{
    size_t n = strlen(what), len = strlen(p->text);

    if (len + n > PROMPT_MAX)
        return;
    memmove(p->text + p->at + n, p->text + p->at, len - p->at + 1);
    memcpy(p->text + p->at, what, n);
    if (!text_is_safe(raw_of(p->text))) {
        cut(p, p->at, p->at + n);
        return;
    }
    p->at += n;
}

static void insert_char(struct prompt *p, uint32_t ch)
{
    char utf8[UTF8_MAX + 1] = {0};

    if (ch < 0x20 || ch == 0x7f || ch > 0x10ffff || text_char_cells(ch) < 0)
        return;
    if (ch < 0x80) {
        utf8[0] = (char)ch;
    } else if (ch < 0x800) {
        utf8[0] = (char)(0xc0 | ch >> 6);
        utf8[1] = (char)(0x80 | (ch & 0x3f));
    } else if (ch < 0x10000) {
        utf8[0] = (char)(0xe0 | ch >> 12);
        utf8[1] = (char)(0x80 | (ch >> 6 & 0x3f));
        utf8[2] = (char)(0x80 | (ch & 0x3f));
    } else {
        utf8[0] = (char)(0xf0 | ch >> 18);
        utf8[1] = (char)(0x80 | (ch >> 12 & 0x3f));
        utf8[2] = (char)(0x80 | (ch >> 6 & 0x3f));
        utf8[3] = (char)(0x80 | (ch & 0x3f));
    }
    insert(p, utf8);
}

/* The first line of what was pasted, made safe: nothing in it is a key. */
static void insert_paste(struct screen *s, const struct key *k)
{
    char safe[PROMPT_MAX + 1];
    struct raw line = {k->text, 0};

    while (line.len < k->text_len && line.p[line.len] != '\n' && line.p[line.len] != '\r')
        line.len++;
    text_copy_safe(safe, sizeof safe, line, TEXT_PLAIN);
    insert(&s->prompt, safe);
    if (line.len < k->len)
        screen_say(s, ROLE_HINT, "pasted the first line only (%zu of %zu bytes)", line.len, k->len);
}

static void recall(struct prompt *p, int step)
{
    struct prompt_kind *k = kind_of(p);
    int to = p->place + step;

    if (to < 0 || to > k->n)
        return;
    if (p->place == k->n)
        str_copy(p->typed, sizeof p->typed, p->text);
    p->place = to;
    str_copy(p->text, sizeof p->text, to == k->n ? p->typed : k->entries[to]);
    p->at = strlen(p->text);
}

static void cut_word(struct prompt *p)
{
    size_t from = p->at;

    while (from > 0 && p->text[from - 1] == ' ')
        from--;
    while (from > 0 && p->text[from - 1] != ' ')
        from--;
    cut(p, from, p->at);
}

static void control(struct prompt *p, uint32_t ch)
{
    switch (ch) {
    case CTRL_A: p->at = 0; break;
    case CTRL_E: p->at = strlen(p->text); break;
    case CTRL_K: p->text[p->at] = '\0'; break;
    case CTRL_U: cut(p, 0, p->at); break;
    case CTRL_W: cut_word(p); break;
    default: insert_char(p, ch); break;
    }
}

static void edit(struct screen *s, const struct key *k)
{
    struct prompt *p = &s->prompt;

    switch (k->kind) {
    case KEY_CHAR: control(p, k->ch); break;
    case KEY_PASTE: insert_paste(s, k); break;
    case KEY_BACKSPACE: cut(p, step_left(p->text, p->at), p->at); break;
    case KEY_DELETE: cut(p, p->at, step_right(p->text, p->at)); break;
    case KEY_LEFT: p->at = step_left(p->text, p->at); break;
    case KEY_RIGHT: p->at = step_right(p->text, p->at); break;
    case KEY_HOME: p->at = 0; break;
    case KEY_END: p->at = strlen(p->text); break;
    case KEY_UP: recall(p, -1); break;
    case KEY_DOWN: recall(p, 1); break;
    default: break;
    }
}

void prompt_key(struct screen *s, const struct key *k)
{
    struct prompt *p = &s->prompt;

    if (k->kind == KEY_ENTER || k->kind == KEY_ESC) {
        finish(s, k->kind == KEY_ENTER);
        return;
    }
    char *before = xstrdup(p->text);
    edit(s, k);
    if (p->live && strcmp(before, p->text) != 0) {
        int64_t asker = p->dialog ? caller_dialog(p->dialog) : (int64_t)s->focus;
        int64_t caller = screen_begin_call(s, asker);
        p->live(p->arg, p->text);
        screen_end_call(s, caller);
    }
    free(before);
}

/* ---- painting -------------------------------------------------------------------------------- */

/* Ctrl-X brakes from here too, and that it did is worth more than the end of a long text. */
static void draw_sent(const struct screen *s, struct canvas *cv, struct rect *line)
{
    const char *sent = screen_sent(s);
    int cells = sent ? (int)text_cells(sent) + 8 : 0;

    if (!sent || screen_has_message(s) || cells > line->cols / 2)
        return;
    canvas_textf(cv, *line, 0, line->cols - cells + 1, -1, ROLE_WAIT, " %s: sent", sent);
    line->cols -= cells;
}

void prompt_draw(struct screen *s, struct canvas *cv, struct rect line)
{
    struct prompt *p = &s->prompt;
    char *head = xstrndup(p->text, p->at);
    size_t from = 0;

    canvas_fill(cv, line, ROLE_INPUT);
    draw_sent(s, cv, &line);
    int col = canvas_textf(cv, line, 0, 0, line.cols / 2, ROLE_KEY, "%s: ", p->label);
    size_t room = line.cols > col ? (size_t)(line.cols - col) : 1;
    while (head[from] != '\0' && text_cells(head + from) + 1 > room)
        from = step_right(head, from);
    canvas_text(cv, line, 0, col, -1, ROLE_INPUT, p->text + from);
    canvas_set_cursor(cv, line, 0, col + (int)text_cells(head + from));
    int end = col + (int)text_cells(p->text + from) + 3;
    if (screen_has_message(s) && line.cols - end > 20)
        canvas_fit(cv, line, 0, end, line.cols - end, s->message.role, TEXT_RIGHT, s->message.text);
    free(head);
}
