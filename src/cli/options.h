/* options.h: the words of a command line against a table of options. One table entry makes the parser,
 * `footplate help COMMAND` and, by a test, the manual. */
#ifndef FOOTPLATE_CLI_OPTIONS_H
#define FOOTPLATE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum opt_kind {
    OPT_FLAG,   /* --yes */
    OPT_TEXT,   /* --why TEXT; the last one counts */
    OPT_LIST,   /* --set KEY=VALUE, again and again */
    OPT_NUMBER, /* --rev N, 0 or more */
    OPT_POSITIVE /* --limit N, 1 or more */
};

struct opt {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    enum opt_kind kind;
    const char *value; /* the word for its value; NULL for a flag */
    const char *help;
};

enum { OPTS_MAX = 12, WORDS_MAX = 8 };

/* Everything in it is borrowed from argv but the lists. values[i] belongs to opts[i]. */
struct args {
    const char *words[WORDS_MAX];
    int n_words;
    struct {
        int count;         /* how often it was given */
        const char *text;  /* the last one */
        const char **list; /* count of them */
        int64_t number;
    } values[OPTS_MAX];
};

/* A set of options and what it belongs to, for the messages. */
struct opt_set {
    const struct opt *opts;
    int n;
    struct args *into;
};

/* Read argv[0..argc). Options are looked for in `own`, then in `global`. With stop_at_word the first
 * word that is no option ends the reading; answers how many of argv were read, or ERR_USAGE in words
 * that name the nearest option. On failure options_release() is still due. */
int options_parse(const char *who, struct opt_set own, struct opt_set global, bool stop_at_word,
               int argc, char *const *argv, struct err *e);
void options_release(struct args *a);

/* The name nearest to word, or NULL where none is near. */
const char *nearest_name(const char *word, const char *const *names, int n);

#endif
