/* options.c: reads the words of a command line by a table. Knows no command and no meaning of any option;
 * does not print. */
#include "config.h"

#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { NEAR = 2, NAME_BYTES = 64 };

/* How many edits make b of a, at most bound + 1. */
static int edits_between(const char *a, const char *b, int bound)
{
    int row[NAME_BYTES + 1];
    size_t n = strlen(b);
    int far = bound + 1;

    if (n > NAME_BYTES || strlen(a) > NAME_BYTES)
        return far;
    for (size_t j = 0; j <= n; j++)
        row[j] = (int)j;
    for (size_t i = 1; a[i - 1]; i++) {
        int diagonal = row[0];

        row[0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j] = change < best ? change : best;
        }
    }
    return row[n] < far ? row[n] : far;
}

const char *nearest_name(const char *word, const char *const *names, int n)
{
    const char *best = NULL;
    int least = NEAR + 1;

    for (int i = 0; i < n; i++) {
        int d = edits_between(word, names[i], NEAR);
        size_t len = strlen(word);

        /* "star" means "start"; two edits away from a word of three letters is no likeness. */
        if (len >= 3 && strncmp(word, names[i], len) == 0)
            d = d < 1 ? d : 1;
        if (d < least && d < (int)strlen(names[i]) - 1) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

static const char *nearest_opt(const char *name, const struct opt_set *own,
                               const struct opt_set *global)
{
    const char *names[2 * OPTS_MAX];
    int n = 0;

    for (int i = 0; i < own->n && n < 2 * OPTS_MAX; i++)
        names[n++] = own->opts[i].name;
    for (int i = 0; i < global->n && n < 2 * OPTS_MAX; i++)
        names[n++] = global->opts[i].name;
    return nearest_name(name, names, n);
}

/* The index of an option in the set, by name (of n bytes) or letter; -1. */
static int find(const struct opt_set *set, const char *name, size_t n, char letter)
{
    for (int i = 0; i < set->n; i++) {
        const struct opt *o = &set->opts[i];

        if (name ? strlen(o->name) == n && memcmp(o->name, name, n) == 0
                 : o->letter && o->letter == letter)
            return i;
    }
    return -1;
}

static int store_value(const struct opt *o, struct args *a, int index, const char *text,
                       struct err *e)
{
    int count = a->values[index].count;

    if (o->kind == OPT_NUMBER || o->kind == OPT_POSITIVE) {
        int64_t least = o->kind == OPT_POSITIVE;
        char *end;

        errno = 0;
        a->values[index].number = strtoll(text, &end, 10);
        if (errno || end == text || *end || a->values[index].number < least)
            return err_set(e, ERR_USAGE, "--%s wants a number%s, not `%s`", o->name, least ? " from 1 on" : "",
                           text);
    }
    a->values[index].list = xreallocarray(a->values[index].list, (size_t)count + 1,
                                          sizeof *a->values[index].list);
    a->values[index].list[count] = text;
    a->values[index].text = text;
    a->values[index].count = count + 1;
    return 0;
}

/* One option at argv[*i]; *i stays at the last word that it took. */
struct reader {
    const char *who;
    const struct opt_set *own, *global;
    int argc;
    char *const *argv;
    int i;
};

/* Find the option and its place; answers the set or NULL. */
static const struct opt_set *find_in(const struct reader *r, const char *name, size_t n, char letter,
                                     int *index)
{
    *index = find(r->own, name, n, letter);
    if (*index >= 0)
        return r->own;
    *index = find(r->global, name, n, letter);
    return *index >= 0 ? r->global : NULL;
}

static int take_value(struct reader *r, const struct opt_set *set, int index, const char *attached,
                      struct err *e)
{
    const struct opt *o = &set->opts[index];

    if (o->kind == OPT_FLAG) {
        if (attached)
            return err_set(e, ERR_USAGE, "--%s takes no value", o->name);
        return store_value(o, set->into, index, "", e);
    }
    if (!attached) {
        if (r->i + 1 >= r->argc)
            return err_set(e, ERR_USAGE, "--%s wants a value: --%s %s", o->name, o->name, o->value);
        attached = r->argv[++r->i];
    }
    return store_value(o, set->into, index, attached, e);
}

static int read_long(struct reader *r, struct err *e)
{
    const char *name = r->argv[r->i] + 2;
    const char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    int index;
    const struct opt_set *set = find_in(r, name, n, 0, &index);

    if (!set) {
        char *asked = xstrndup(name, n);
        const char *near = nearest_opt(asked, r->own, r->global);

        err_set(e, ERR_USAGE, "%s has no option `--%s`%s%s%s", r->who, asked,
                near ? "; did you mean `--" : "", near ? near : "", near ? "`?" : "");
        free(asked);
        return ERR_USAGE;
    }
    return take_value(r, set, index, equals ? equals + 1 : NULL, e);
}

/* -f, -fy and -cDIR. */
static int read_letters(struct reader *r, struct err *e)
{
    const char *p = r->argv[r->i] + 1;

    for (; *p; p++) {
        int index;
        const struct opt_set *set = find_in(r, NULL, 0, *p, &index);
        int rc;

        if (!set)
            return err_set(e, ERR_USAGE, "%s has no option `-%c`", r->who, *p);
        if (set->opts[index].kind != OPT_FLAG)
            return take_value(r, set, index, p[1] ? p + 1 : NULL, e);
        rc = take_value(r, set, index, NULL, e);
        if (rc)
            return rc;
    }
    return 0;
}

int options_parse(const char *who, struct opt_set own, struct opt_set global, bool stop_at_word,
               int argc, char *const *argv, struct err *e)
{
    struct reader r = {.who = who, .own = &own, .global = &global, .argc = argc, .argv = argv};
    bool is_over = false;

    for (; r.i < argc; r.i++) {
        const char *word = argv[r.i];
        int rc = 0;

        if (!is_over && strcmp(word, "--") == 0) {
            is_over = true;
            continue;
        }
        if (!is_over && strncmp(word, "--", 2) == 0)
            rc = read_long(&r, e);
        else if (!is_over && word[0] == '-' && word[1])
            rc = read_letters(&r, e);
        else if (stop_at_word)
            break;
        else if (own.into->n_words == WORDS_MAX)
            rc = err_set(e, ERR_USAGE, "%s: too many words, from `%s` on", who, word);
        else
            own.into->words[own.into->n_words++] = word;
        if (rc)
            return rc;
    }
    return r.i;
}

void options_release(struct args *a)
{
    for (int i = 0; i < OPTS_MAX; i++)
        free(a->values[i].list);
    memset(a, 0, sizeof *a);
}
