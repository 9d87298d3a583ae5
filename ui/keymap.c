/* keymap.c: which key is which command, where. Made from the one list in keymap.h; knows nothing
 * of what a command does.
 *
 * Two commands may share a key where no place has both. A place is where a person can be: a
 * dialog, or a pane with what it has beside that which all panes have. */
#include "config.h"

#include "ui/keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { KEYS_EACH = 8, KEY_TEXT = 24, CTRL_X = 24 };

struct binding {
    struct key keys[KEYS_EACH];
    int n;
    char first[KEY_TEXT];
    char all[KEYS_EACH * KEY_TEXT];
};

struct keymap {
    struct binding of[COMMAND_COUNT];
};

static const struct command_info infos[COMMAND_COUNT] = {
#define X(id, name, keys, places, label, help) [id] = {name, keys, label, help, places},
    COMMANDS(X)
#undef X
};

/* Where a person can be; a command counts there if it has one of the places. */
static const unsigned contexts[] = {
    IN_ALL, IN_ALL | IN_LISTS, IN_ALL | IN_LISTS | IN_INSTANCES, IN_ALL | IN_LISTS | IN_HISTORY,
    IN_ALL | IN_LOGS, IN_DIALOG,
};

const struct command_info *command_info(enum command c)
{
    return &infos[c];
}

int command_by_name(const char *name)
{
    for (int c = 0; c < COMMAND_COUNT; c++)
        if (strcmp(infos[c].name, name) == 0)
            return c;
    return -1;
}

bool command_is_action(enum command c)
{
    return c == CMD_START || c == CMD_INTERRUPT || c == CMD_CONTINUE || c == CMD_RETRY ||
           c == CMD_ROLLBACK;
}

static bool key_is_equal(const struct key *a, const struct key *b)
{
    return a->kind == b->kind && (a->kind != KEY_CHAR || a->ch == b->ch);
}

static bool have_common_place(enum command a, enum command b)
{
    for (size_t i = 0; i < ARRAY_LEN(contexts); i++)
        if ((infos[a].places & contexts[i]) && (infos[b].places & contexts[i]))
            return true;
    return false;
}

/* ---- binding --------------------------------------------------------------------------------- */

/* Letters in which a person's slip costs three: one put for another, left out, or put in. */
static int distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    int row[MAX + 1];
    int n = (int)strlen(b);

    if (n > MAX)
        return MAX;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

static int refuse_name(const char *name, struct err *e)
{
    char safe[64];
    int nearest = 0;

    for (int c = 1; c < COMMAND_COUNT; c++)
        if (distance(name, infos[c].name) < distance(name, infos[nearest].name))
            nearest = c;
    text_copy_safe(safe, sizeof safe, raw_of(name), TEXT_PLAIN);
    return err_set(e, ERR_USAGE, "no command \"%s\"; the nearest is \"%s\"", safe,
                   infos[nearest].name);
}

/* Why a key may not act; NULL: it may. */
static const char *why_not_action(const struct key *k)
{
    static const char safe[] = "GJKLNTUVWX";

    if (k->kind == KEY_ENTER)
        return "Enter starts nothing: another person may be pressing it";
    if (k->kind != KEY_CHAR)
        return "an action is a capital letter, or Ctrl and a letter";
    if (k->ch == 'Y')
        return "Y confirms, and so can start nothing";
    if (k->ch >= '0' && k->ch <= '9')
        return "digits go to the panes, and come in key sequences";
    if (k->ch >= 1 && k->ch <= 26)
        return NULL;
    if (k->ch < 128 && strchr(safe, (int)k->ch))
        return NULL;
    return "a key that can come out of a broken key sequence never acts; there are G J K L N T U V "
           "W X, or Ctrl and a letter";
}

static int check_key(const struct keymap *m, enum command c, const struct key *k, struct err *e)
{
    const char *why = command_is_action(c) ? why_not_action(k) : NULL;
    char text[KEY_TEXT];

    key_say(text, sizeof text, k);
    if (why)
        return err_set(e, ERR_USAGE, "%s cannot be %s: %s", text, infos[c].name, why);
    if (k->kind == KEY_CHAR && k->ch == CTRL_X && c != CMD_INTERRUPT)
        return err_set(e, ERR_USAGE, "%s always brakes, it cannot be %s", text, infos[c].name);
    if (k->kind == KEY_CHAR && k->ch == 'Y')
        return err_set(e, ERR_USAGE, "%s confirms, it cannot be %s", text, infos[c].name);
    for (int o = 0; o < COMMAND_COUNT; o++) {
        if (o == (int)c || !have_common_place((enum command)o, c))
            continue;
        for (int i = 0; i < m->of[o].n; i++)
            if (key_is_equal(&m->of[o].keys[i], k))
                return err_set(e, ERR_USAGE, "%s cannot be %s: it is %s already", text,
                               infos[c].name, infos[o].name);
    }
    return 0;
}

static int add_key(struct binding *b, const struct keymap *m, enum command c, const char *word,
                   struct err *e)
{
    struct key k = {0};
    char text[KEY_TEXT];
    size_t used = strlen(b->all);

    if (key_parse(&k, word) < 0 || k.kind == KEY_PASTE || k.kind == KEY_STRAY) {
        char safe[KEY_TEXT];
        text_copy_safe(safe, sizeof safe, raw_of(word), TEXT_PLAIN);
        return err_set(e, ERR_USAGE, "\"%s\" is no key; keys are written N, /, Enter, PgUp, Ctrl-L",
                       safe);
    }
    if (b->n == KEYS_EACH)
        return err_set(e, ERR_USAGE, "%s has more than %d keys", infos[c].name, KEYS_EACH);
    int rc = check_key(m, c, &k, e);
    if (rc < 0)
        return rc;
    key_say(text, sizeof text, &k);
    if (b->n == 0)
        str_copy(b->first, sizeof b->first, text);
    snprintf(b->all + used, sizeof b->all - used, "%s%s", used ? " " : "", text);
    b->keys[b->n++] = k;
    return 0;
}

int keymap_bind(struct keymap *m, const char *command, const char *keys, struct err *e)
{
    int c = command_by_name(command);
    struct binding b = {0};

    if (c < 0)
        return refuse_name(command, e);
    while (*(keys += strspn(keys, " \t")) != '\0') {
        char word[KEY_TEXT];
        size_t n = strcspn(keys, " \t");
        str_copy(word, n < sizeof word ? n + 1 : sizeof word, keys);
        int rc = add_key(&b, m, (enum command)c, word, e);
        if (rc < 0)
            return rc;
        keys += n;
    }
    if (c == CMD_INTERRUPT && b.n == 0)
        return err_set(e, ERR_USAGE, "interrupt needs a key: it is the brake");
    m->of[c] = b;
    return 0;
}

struct keymap *keymap_new(void)
{
    struct keymap *m = xcalloc(1, sizeof *m);
    struct err e = {0};

    for (int c = 0; c < COMMAND_COUNT; c++)
        if (keymap_bind(m, infos[c].name, infos[c].keys, &e) < 0)
            abort(); /* the list itself is wrong; the test of it says where */
    return m;
}

void keymap_free(struct keymap *m)
{
    free(m);
}

/* ---- asking ---------------------------------------------------------------------------------- */

enum command keymap_find(const struct keymap *m, const struct key *k, unsigned places)
{
    for (int c = 0; c < COMMAND_COUNT; c++) {
        if (!(infos[c].places & places))
            continue;
        for (int i = 0; i < m->of[c].n; i++)
            if (key_is_equal(&m->of[c].keys[i], k))
                return (enum command)c;
    }
    return CMD_NONE;
}

const char *keymap_key(const struct keymap *m, enum command c)
{
    return m->of[c].first;
}

const char *keymap_keys(const struct keymap *m, enum command c)
{
    return m->of[c].all;
}

static const char *place_word(unsigned places)
{
    if (places & IN_ALL)
        return places & IN_DIALOG ? "everywhere" : "panes";
    if (places & IN_LISTS)
        return places & IN_LOGS ? "lists, logs" : "lists";
    if (places & IN_INSTANCES)
        return places & IN_LOGS ? "instances, logs" : "instances";
    if (places & IN_LOGS)
        return "logs";
    return places & IN_HISTORY ? "history" : "dialogs";
}

void keymap_table(const struct keymap *m, struct buf *out)
{
    buf_addf(out, "%-15s  %-16s  %-15s  %s\n", "keys", "command", "where", "does");
    for (int c = 0; c < COMMAND_COUNT; c++)
        buf_addf(out, "%-15s  %-16s  %-15s  %s\n", m->of[c].n ? m->of[c].all : "-", infos[c].name,
                 place_word(infos[c].places), infos[c].help);
}
