/* gauge_tail.c: new lines of a file on an instance that match a pattern, read by place and inode over the
 * machine's session, a stretch a question: nothing is left running there. What is lost is said: a file that is
 * gone, no file, not readable, rotated or cut short, or that grows faster than it is read. The first question
 * only finds the end. The bytes before that place are read again and must be those of the last time: a file that
 * was cut short and has grown past it since has the same inode and is no shorter. */
#include "config.h"

#include "monitor/gauge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "monitor/monitor_int.h"
#include "monitor/pattern.h"

enum {
    STRETCH_BYTES = 256 << 10,
    HEAD_BYTES = 256,
    MARK_BYTES = 64, /* before the place, to know it again */
    WORDS_BYTES = 240,
    COMMAND_BYTES = 8192,
    EXPENSIVE_MAX = 8 /* lines a question: each is some ms of a thread that all others wait for */
};

struct tail {
    struct gauge gauge;
    char *path;
    struct pattern *pattern;
    struct machine_call *call;
    bool is_known;
    uint64_t inode, offset; /* 0, 0: there was no file, whatever comes is new from its beginning on */
    char mark[MARK_BYTES];  /* what stood before the place */
    size_t n_mark;
    int n_expensive;
};

static void tail_free(struct gauge *g)
{
    struct tail *t = (struct tail *)g;

    if (t->call)
        machine_call_cancel(t->call);
    pattern_free(t->pattern);
    free(t->path);
    free(t);
}

static struct gauge *tail_new(const struct gauge_subject *s, struct err *e)
{
    struct tail *t = xcalloc(1, sizeof *t);

    t->gauge.subject = *s;
    t->path = expand_placeholders(s->rule->tail, s->host, s->port, "", s->cfg->name, s->doc_base);
    t->pattern = pattern_new(s->rule->pattern, e);
    if (t->pattern)
        return &t->gauge;
    tail_free(&t->gauge);
    return NULL;
}

/* The first line says what it is: "file INODE SIZE", then the bytes from `offset` on where it is the file of
 * before, else from its beginning. */
static void write_command(const struct tail *t, struct buf *b)
{
    buf_adds(b, "f=");
    buf_add_shell(b, t->path);
    buf_addf(b,
             "; if [ ! -e \"$f\" ]; then echo gone; elif [ ! -f \"$f\" ]; then echo nofile; "
             "elif [ ! -r \"$f\" ]; then echo denied; else set -- $(stat -L -c '%%i %%s' \"$f\"); "
             "echo \"file $1 $2\"; o=0; ");
    if (!t->is_known)
        buf_addf(b, "[ \"$2\" -gt %d ] && o=$(($2 - %d)); ", MARK_BYTES, MARK_BYTES);
    else
        buf_addf(b, "[ \"$1\" = %" PRIu64 " ] && [ \"$2\" -ge %" PRIu64 " ] && o=%" PRIu64 "; ", t->inode,
                 t->offset, t->offset - t->n_mark);
    buf_addf(b, "[ $(($2 - o)) -gt %zu ] && o=$(($2 - %d)); echo \"$o\"; tail -c +$((o + 1)) \"$f\" | "
                "head -c %zu; fi",
             STRETCH_BYTES + t->n_mark, STRETCH_BYTES, STRETCH_BYTES + t->n_mark);
}

static int look_at(struct tail *t, const char *line, size_t n)
{
    int rc = t->n_expensive < EXPENSIVE_MAX ? pattern_match(t->pattern, line, n) : 0;

    t->n_expensive += rc < 0;
    return rc == 1;
}

static int count_lines(struct tail *t, const char *text, size_t n, size_t *used)
{
    const char *end = text + n, *line = text;
    int count = 0;

    for (const char *stop; (stop = memchr(line, '\n', (size_t)(end - line))); line = stop + 1)
        count += look_at(t, line, (size_t)(stop - line));
    /* A line without an end is left for the next time, unless it never ends. */
    *used = (size_t)(line - text);
    if (n - *used >= PATTERN_LINE_BYTES) {
        count += look_at(t, line, n - *used);
        *used = n;
    }
    return count;
}

static const char *fault_of(const char *head)
{
    if (strncmp(head, "gone", 4) == 0)
        return "there is no such file";
    if (strncmp(head, "nofile", 6) == 0)
        return "it is not a regular file";
    if (strncmp(head, "denied", 6) == 0)
        return "it may not be read";
    return "no answer of stat";
}

/* Where it may not be read it goes on, once it may, where it was. */
static void mind_fault(struct tail *t, const char *head)
{
    if (strncmp(head, "gone", 4) != 0 && strncmp(head, "nofile", 6) != 0)
        return;
    t->is_known = true;
    t->inode = t->offset = 0;
    t->n_mark = 0;
}

/* How much of what was read stands before the place; -1: it is not what stood there the last time. */
static long before_place(const struct tail *t, bool is_same, uint64_t from, uint64_t size, const char *text,
                         size_t n)
{
    if (!t->is_known)
        return size - from < n ? (long)(size - from) : (long)n;
    if (!is_same || size < t->offset || from >= t->offset)
        return 0;
    return n >= t->n_mark && memcmp(text, t->mark, t->n_mark) == 0 ? (long)t->n_mark : -1;
}

static void keep_mark(struct tail *t, const char *text, size_t n)
{
    t->n_mark = n < MARK_BYTES ? n : MARK_BYTES;
    memcpy(t->mark, text + n - t->n_mark, t->n_mark);
}

/* Answers how many lines match; NAN and words where nobody can say. */
static double take(struct tail *t, const char *text, size_t n, char *words)
{
    uint64_t inode, size, from;
    size_t used;
    int at = 0;

    if (sscanf(text, "file %" SCNu64 " %" SCNu64 "\n%" SCNu64 "%n", &inode, &size, &from, &at) != 3 ||
        at == 0 || text[at] != '\n') {
        snprintf(words, WORDS_BYTES, "%.100s: %s", t->path, fault_of(text));
        mind_fault(t, text);
        return NAN;
    }
    text += at + 1;
    n -= (size_t)at + 1;
    bool is_same = t->is_known && inode == t->inode;
    bool is_other = t->is_known && !is_same && t->inode != 0;
    bool is_behind = t->is_known && (is_same ? from > t->offset : from > 0);
    bool is_cut = is_same && size < t->offset;
    long before = before_place(t, is_same, from, size, text, n);
    if (before < 0) {
        /* The next question begins at its beginning. */
        snprintf(words, WORDS_BYTES, "%.100s: it was cut short and written anew; what stood there between is not "
                                     "known", t->path);
        t->offset = 0;
        t->n_mark = 0;
        return NAN;
    }
    int count = count_lines(t, text + before, n - (size_t)before, &used);
    uint64_t skipped = is_same ? from - t->offset : from;
    t->inode = inode;
    t->offset = from + (uint64_t)before + used;
    t->is_known = true;
    keep_mark(t, text, (size_t)before + used);
    if (is_behind)
        snprintf(words, WORDS_BYTES, "%.100s: it grows too fast: %" PRIu64 " bytes were not looked at", t->path,
                 skipped);
    else if (t->n_expensive > 0)
        snprintf(words, WORDS_BYTES, "%.100s: the pattern is too expensive for a line", t->path);
    else if (is_cut)
        snprintf(words, WORDS_BYTES, "%.100s: it was cut short; what stood there between is not known", t->path);
    else if (is_other)
        snprintf(words, WORDS_BYTES, "%.100s: it was rotated; the end of the old one is not known", t->path);
    t->n_expensive = 0;
    /* What was found counts whatever was missed; nothing found is no "none" then. */
    return words[0] && count == 0 ? (double)NAN : (double)count;
}

static void called(void *arg, const char *output, size_t n, const struct err *e)
{
    struct tail *t = arg;
    char words[WORDS_BYTES] = "";
    double v = NAN;

    t->call = NULL;
    if (e)
        text_copy_safe(words, sizeof words, raw_of(e->msg), 0);
    else
        v = take(t, output, n, words);
    gauge_done(&t->gauge, &(struct gauge_answer){.values = &v, .silence = words[0] ? words : NULL});
}

static void tail_ask(struct gauge *g, int64_t deadline_ms)
{
    struct tail *t = (struct tail *)g;
    struct buf b;

    buf_init(&b, COMMAND_BYTES);
    write_command(t, &b);
    machine_keep(g->subject.machine);
    t->call = machine_call(g->subject.machine, buf_str(&b), deadline_ms,
                           STRETCH_BYTES + MARK_BYTES + HEAD_BYTES, called, t);
    buf_release(&b);
}

const struct gauge_ops gauge_tail = {.source = MONITOR_TAIL,
                                     .needs_machine = true,
                                     .new_gauge = tail_new,
                                     .free_gauge = tail_free,
                                     .ask = tail_ask};
