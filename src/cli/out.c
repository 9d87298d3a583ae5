/* out.c: the only way of text to the screen of a command. Knows columns and clocks, no release. */
#include "config.h"

#include "cli/out.h"

#include <langinfo.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

enum { WIDTH_MIN = 60, WIDTH_MAX = 200, WIDTH_DEFAULT = 80, MS = 1000 };

static unsigned flags_here(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? TEXT_PLAIN : TEXT_ASCII;
}

char *out_safe_n(const char *text, size_t len)
{
    return text_safe((struct raw){text, len}, flags_here() | TEXT_TABS);
}

char *out_safe(const char *text)
{
    return text ? out_safe_n(text, strlen(text)) : NULL;
}

void out_text(FILE *f, const char *text, size_t len)
{
    char *safe = out_safe_n(text, len);

    fputs(safe, f);
    free(safe);
}

void out_string(FILE *f, const char *text)
{
    if (text)
        out_text(f, text, strlen(text));
}

void out_column(FILE *f, const char *text, int width)
{
    char *safe = out_safe(text ? text : "");
    struct buf b;

    buf_init(&b, 0);
    text_add_fit(&b, safe, (size_t)width, TEXT_LEFT);
    fputs(buf_str(&b), f);
    buf_release(&b);
    free(safe);
}

void out_wrap(FILE *f, const char *text, int indent, int width)
{
    char *safe = out_safe(text);
    const char *p = safe;
    size_t room = width > indent ? (size_t)(width - indent) : 1;
    size_t used = 0;

    while (*p) {
        size_t len = strcspn(p, " "), fits;
        char *word = xstrndup(p, len);
        size_t cells = text_cells(word);

        /* A word that no line can hold is broken where it is full. */
        fits = cells > room ? text_cut(word, room) : len;
        if (fits && fits < len) {
            len = fits;
            word[len] = '\0';
            cells = text_cells(word);
        }
        if (used && used + 1 + cells > room) {
            fprintf(f, "\n%*s", indent, "");
            used = 0;
        }
        fprintf(f, "%s%s", used ? " " : "", word);
        used += cells + (used ? 1 : 0);
        free(word);
        p += len;
        p += strspn(p, " ");
    }
    free(safe);
}

void out_place(char *dst, size_t size, const char *host, int port)
{
    if (host && port)
        snprintf(dst, size, "%s:%d", host, port);
    else
        snprintf(dst, size, "%s", host ? host : "");
}

void out_when(char *dst, size_t size, int64_t wall_ms, int64_t now_ms)
{
    time_t then = (time_t)(wall_ms / MS);
    time_t now = (time_t)(now_ms / MS);
    struct tm t, n;
    bool is_today;

    if (size)
        dst[0] = '\0';
    localtime_r(&then, &t);
    localtime_r(&now, &n);
    is_today = t.tm_year == n.tm_year && t.tm_yday == n.tm_yday;
    if (wall_ms)
        strftime(dst, size, is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &t);
}

int out_width(void)
{
    struct winsize size;
    int width = WIDTH_DEFAULT;

    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        width = size.ws_col;
    if (width < WIDTH_MIN)
        return WIDTH_MIN;
    return width > WIDTH_MAX ? WIDTH_MAX : width;
}
