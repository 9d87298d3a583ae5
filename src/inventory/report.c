/* report.c: keeps what is wrong and writes it down for a person: place, words, the line, a caret.
 * Knows no key and judges nothing. */
#include "config.h"

#include "inventory/inventory_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { LINE_CELLS = 96, BEFORE_CELLS = 64, LINE_MAX_BYTES = 4096 };

void problem_add(struct problems *p, struct place at, const char *fmt, ...)
{
    char *msg = NULL;
    va_list ap;

    p->total++;
    if (p->n == PROBLEMS_MAX)
        return;
    va_start(ap, fmt);
    int rc = vasprintf(&msg, fmt, ap);
    va_end(ap);
    p->items = xreallocarray(p->items, (size_t)p->n + 1, sizeof *p->items);
    p->items[p->n++] = (struct problem){at, rc < 0 ? xstrdup("out of memory") : msg};
}

void problems_release(struct problems *p)
{
    for (int i = 0; i < p->n; i++)
        free(p->items[i].msg);
    free(p->items);
    memset(p, 0, sizeof *p);
}

const char *quote(char *dst, const char *text)
{
    size_t n = text_copy_safe(dst, QUOTE_BYTES - 4, raw_of(text), TEXT_PLAIN);
    size_t cut = text_cut(dst, QUOTE_CELLS);

    if (cut < n || n + 8 > QUOTE_BYTES - 4)
        memcpy(dst + cut, "...", 4);
    return dst;
}

/* Where to begin with a line so that the caret is seen. */
static size_t first_byte(const char *line, size_t mark)
{
    size_t at = mark > BEFORE_CELLS ? mark - BEFORE_CELLS : 0;

    while (at > 0 && at < mark && ((unsigned char)line[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static void write_line(const struct place *at, struct buf *report)
{
    const char *line;
    size_t len = source_line(at->src, at->line, &line);
    if (len == 0 || len > LINE_SHOWN_MAX_BYTES)
        return;
    size_t mark = source_column_byte(line, len, at->column);
    size_t from = first_byte(line, mark);
    char *before = text_safe((struct raw){line + from, mark - from}, TEXT_TABS);
    size_t cells = text_cells(before);
    size_t bytes = len - from < LINE_MAX_BYTES ? len - from : LINE_MAX_BYTES;
    char *all = text_safe((struct raw){line + from, bytes}, TEXT_TABS);
    const char *dots = from ? ".." : "";

    buf_addf(report, "  %s", dots);
    /* Controls are shown longer than they are: the caret stays in sight all the same. */
    size_t room = cells + 8 > LINE_CELLS ? cells + 8 : LINE_CELLS;
    buf_add(report, all, text_cut(all, room));
    buf_addf(report, "\n  %s%*s^\n", from ? "  " : "", (int)cells, "");
    free(before);
    free(all);
}

static void write_one(const struct problem *p, struct buf *report)
{
    if (p->at.src && p->at.line > 0)
        buf_addf(report, "%s:%d:%d: ", p->at.src->name, p->at.line, p->at.column);
    else if (p->at.src)
        buf_addf(report, "%s: ", p->at.src->name);
    char *msg = text_safe(raw_of(p->msg), TEXT_PLAIN);
    buf_addf(report, "%s\n", msg);
    free(msg);
    if (p->at.src && p->at.line > 0)
        write_line(&p->at, report);
}

void problems_write(const struct problems *p, struct buf *report)
{
    for (int i = 0; i < p->n; i++)
        write_one(&p->items[i], report);
    if (p->total > p->n)
        buf_addf(report, "and %d more\n", p->total - p->n);
}
