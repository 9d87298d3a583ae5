/* ssh_config_share.c: when do two hosts get the same answer of `ssh -G`, but for their names? When
 * the same of the configuration's Host lines match both, and nothing else in it looks at the host.
 * This file reads only Host lines and looks for whatever would make that untrue; in doubt it says
 * no, and ssh is asked. It is held against ssh by tests/net/test_ssh_config.c. */
#include "config.h"

#include "net/ssh_config_share.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/ssh_file.h"
#include "net/ssh_glob.h"

enum { MAX_LINES = 4096, MAX_FILE_BYTES = 1 << 20 };

/* lines: the patterns of each Host line, in order; matches: which of them match its host. */
struct config_share {
    char *text;
    char *host;
    char **lines;
    size_t n_lines;
    bool *matches;
};

/* OpenSSH's rule: one negated pattern that matches ends it. */
static bool line_matches(const char *patterns, const char *host)
{
    bool is_match = false;

    while (*patterns) {
        size_t n = strcspn(patterns, " \t");
        size_t skip = patterns[0] == '!' ? 1 : 0;

        if (glob_match(host, patterns + skip, n - skip)) {
            if (skip)
                return false;
            is_match = true;
        }
        patterns += n;
        patterns += strspn(patterns, " \t");
    }
    return is_match;
}

static void share_add_line(struct config_share *s, const char *patterns)
{
    s->lines = xreallocarray(s->lines, s->n_lines + 1, sizeof(*s->lines));
    s->lines[s->n_lines++] = xstrdup(patterns);
}

static bool is_word(const char *word, size_t n, const char *name)
{
    return strlen(name) == n && strncasecmp(word, name, n) == 0;
}

/* false: this line makes the answer one host's own. */
static bool line_is_common(struct config_share *s, char *line)
{
    size_t n = strcspn(line, " \t=");
    char *value = line + n;
    size_t end = strlen(line);

    while (end && isspace((unsigned char)line[end - 1]))
        line[--end] = '\0';
    if (*line == '\0' || *line == '#')
        return true;
    if (n > end)
        return false;
    value += strspn(value, " \t=");
    if (is_word(line, n, "host")) {
        if (strpbrk(value, "\"'#\\") || s->n_lines == MAX_LINES)
            return false;
        share_add_line(s, value);
        return true;
    }
    if (is_word(line, n, "match") || *line == '"')
        return false;
    if (is_word(line, n, "hostname") || is_word(line, n, "include"))
        return !strpbrk(value, "%$\"");
    return !is_word(line, n, "canonicalizehostname") || strcasecmp(value, "no") == 0;
}

static bool text_is_common(struct config_share *s, char *text)
{
    char *next;

    for (; text; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        if (!line_is_common(s, text + strspn(text, " \t\f\v\r")))
            return false;
    }
    return true;
}

static bool file_is_common(struct config_share *s, const char *path)
{
    char *text = NULL;
    size_t n = 0;
    bool is_common;

    if (strcmp(path, "/dev/null") == 0)
        return true;
    if (file_read(path, MAX_FILE_BYTES, &text, &n, NULL, NULL) != 0)
        return false;
    is_common = strlen(text) == n && text_is_common(s, text);
    free(text);
    return is_common;
}

/* A line of the answer that is only the host's name: "host NAME" and "hostname NAME". */
static size_t name_line(const char *line, const char *host)
{
    size_t n = strcspn(line, "\n");
    size_t key = strncmp(line, "host ", 5) == 0 ? 5 : strncmp(line, "hostname ", 9) == 0 ? 9 : 0;

    return key && n == key + strlen(host) && strncasecmp(line + key, host, n - key) == 0 ? key : 0;
}

/* Does any other line of the answer hold the name, in whatever letters? */
static bool answer_names_host(const char *text, const char *host)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        char *line = xstrndup(text, n);
        bool is_named = !name_line(text, host) && strcasestr(line, host);

        free(line);
        if (is_named)
            return true;
        text += n;
        text += *text ? 1 : 0;
    }
    return false;
}

struct config_share *config_share_new(const char *text, const char *host, const char *const *files,
                                      size_t n_files)
{
    struct config_share *s = xcalloc(1, sizeof(*s));
    size_t i;
    bool is_common = !answer_names_host(text, host);

    s->text = xstrdup(text);
    s->host = xstrdup(host);
    for (i = 0; i < n_files && is_common; i++)
        is_common = file_is_common(s, files[i]);
    if (!is_common) {
        config_share_free(s);
        return NULL;
    }
    s->matches = xcalloc(s->n_lines + 1, sizeof(*s->matches));
    for (i = 0; i < s->n_lines; i++)
        s->matches[i] = line_matches(s->lines[i], host);
    return s;
}

void config_share_free(struct config_share *s)
{
    size_t i;

    if (!s)
        return;
    for (i = 0; i < s->n_lines; i++)
        free(s->lines[i]);
    free(s->lines);
    free(s->matches);
    free(s->text);
    free(s->host);
    free(s);
}

/* As ssh prints the name: "host" as it was given, "hostname" in small letters. */
static void name_add(struct buf *b, const char *host, size_t key)
{
    for (; *host; host++)
        buf_addc(b, key == 5 ? *host : (char)tolower((unsigned char)*host));
}

char *config_share_text(const struct config_share *s, const char *host)
{
    const char *p = s->text;
    struct buf b;
    size_t i;

    for (i = 0; i < s->n_lines; i++) {
        if (line_matches(s->lines[i], host) != s->matches[i])
            return NULL;
    }
    buf_init(&b, 0);
    while (*p) {
        size_t n = strcspn(p, "\n");
        size_t key = name_line(p, s->host);

        buf_add(&b, p, key ? key : n);
        if (key)
            name_add(&b, host, key);
        p += n;
        if (*p == '\n')
            buf_addc(&b, *p++);
    }
    return buf_take(&b);
}
