/* theme.c: theme files -> styles of roles, and colours made fit for what a terminal has. Knows no
 * terminal; the themes of the package are compiled in, so that there is always one. */
#include "config.h"

#include "ui/theme.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    THEME_BYTES_MAX = 65536,
    VALUE_BYTES = 128,
    VARS_MAX = 64,
    NAME_BYTES = 32,
    INCLUDES_MAX = 8
};

struct var {
    char name[NAME_BYTES];
    char value[VALUE_BYTES]; /* without variables */
};

struct parser {
    struct theme *theme;
    const char *file;
    const char *dir;
    const char *self; /* the name that is being read: including it means the one compiled in */
    int line;
    int depth;
    struct var *vars;
    size_t n_vars;
    struct err *e;
};

struct colour {
    int full, small;
};

static const struct {
    const char *name, *text;
} builtin[] = {
#define THEME(name, text) {name, text},
#include "ui/themes_text.h"
#undef THEME
};

const char *const theme_names[] = {
#define THEME(name, text) name,
#include "ui/themes_text.h"
#undef THEME
    NULL};

static const char *const colour_names[] = {
    "black",        "red",        "green",        "yellow",        "blue",        "magenta",
    "cyan",         "white",      "bright-black", "bright-red",    "bright-green", "bright-yellow",
    "bright-blue",  "bright-magenta", "bright-cyan", "bright-white"};

/* The 16 as xterm has them; other terminals differ, but not in which is the nearest. */
static const uint32_t colour_rgb[] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                      0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                      0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};

static const struct {
    const char *name;
    unsigned attr;
} attr_names[] = {{"bold", ATTR_BOLD},
                  {"dim", ATTR_DIM},
                  {"underline", ATTR_UNDERLINE},
                  {"reverse", ATTR_REVERSE}};

/* ---- colours --------------------------------------------------------------------------------- */

static uint32_t cube_level(int i)
{
    return i == 0 ? 0 : (uint32_t)(55 + 40 * i);
}

uint32_t theme_rgb(int colour)
{
    if (colour >= COLOUR_RGB)
        return (uint32_t)colour & 0xFFFFFF;
    if (colour < 0)
        return 0;
    if (colour < 16)
        return colour_rgb[colour];
    if (colour >= 232)
        return (uint32_t)(8 + 10 * (colour - 232)) * 0x010101;
    colour -= 16;
    return cube_level(colour / 36) << 16 | cube_level(colour / 6 % 6) << 8 | cube_level(colour % 6);
}

/* Squared distance, the parts weighed as the eye does. */
static int64_t distance(uint32_t a, uint32_t b)
{
    int64_t r = (int64_t)(a >> 16) - (b >> 16);
    int64_t g = (int64_t)(a >> 8 & 0xFF) - (b >> 8 & 0xFF);
    int64_t l = (int64_t)(a & 0xFF) - (b & 0xFF);

    return 3 * r * r + 6 * g * g + l * l;
}

/* The nearest of the palette's colours from <= i < to. */
static int nearest(uint32_t rgb, int from, int to)
{
    int best = from;
    int64_t least = INT64_MAX;

    for (int i = from; i < to; i++) {
        int64_t d = distance(rgb, theme_rgb(i));
        if (d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}

static int reduce(int full, int small, int n)
{
    if (n < 8)
        return COLOUR_DEFAULT;
    if (n < 256)
        return small;
    /* The first 16 are the person's own: an exact colour is looked for among the others. */
    if (n < COLOUR_RGB && full >= COLOUR_RGB)
        return nearest(theme_rgb(full), 16, 256);
    return full;
}

/* On 8 colours there is no grey: bright black is the terminal's own colour, dimmed. */
static bool is_grey_of_8(const struct style *s, int n)
{
    return n >= 8 && n < 16 && s->fg16 == 8;
}

int theme_fg(const struct style *s, int n)
{
    if (is_grey_of_8(s, n))
        return COLOUR_DEFAULT;
    int c = reduce(s->fg, s->fg16, n);
    return c >= 8 && n < 16 ? c - 8 : c;
}

int theme_bg(const struct style *s, int n)
{
    int c = reduce(s->bg, s->bg16, n);

    if (n >= 16 || c < 0)
        return c;
    c = c >= 8 ? c - 8 : c;
    /* Two that differ by brightness alone are one on 8 colours. */
    return c == theme_fg(s, n) ? COLOUR_DEFAULT : c;
}

unsigned theme_attrs(const struct theme *t, enum role r, int n)
{
    const struct style *s = &t->roles[r];

    if (n < 8)
        return s->fg != COLOUR_DEFAULT || s->bg != COLOUR_DEFAULT ? t->mono[r] : s->attrs;
    if (is_grey_of_8(s, n))
        return s->attrs | (s->bg16 == COLOUR_DEFAULT ? ATTR_DIM : 0);
    return s->attrs | (n < 16 && s->fg16 >= 8 ? ATTR_BOLD : 0);
}

struct style theme_bar_style(const struct theme *t, enum role r)
{
    const struct style *bar = &t->roles[ROLE_STATUS];
    struct style s = t->roles[r];

    if (s.bg != COLOUR_DEFAULT)
        return s;
    s.bg = bar->bg;
    s.bg16 = bar->bg16;
    if (s.fg == COLOUR_DEFAULT) {
        s.fg = bar->fg;
        s.fg16 = bar->fg16;
    }
    return s;
}

unsigned theme_bar_attrs(const struct theme *t, enum role r, int n)
{
    unsigned attrs = theme_attrs(t, r, n);

    if (r == ROLE_STATUS)
        return attrs;
    return attrs ^ (theme_attrs(t, ROLE_STATUS, n) & ATTR_REVERSE);
}

/* ---- words ----------------------------------------------------------------------------------- */

static int fail_at(struct parser *p, const char *what, const char *word)
{
    char safe[VALUE_BYTES];

    text_copy_safe(safe, sizeof safe, raw_of(word), TEXT_PLAIN);
    return err_at(p->e, ERR_USAGE, p->file, p->line, 0, "%s \"%s\"", what, safe);
}

/* The next word of *s into word, which is large enough for any value. false: there is none. */
static bool next_word(const char **s, char word[VALUE_BYTES])
{
    size_t n = 0;

    *s += strspn(*s, " \t");
    while (**s && **s != ' ' && **s != '\t') {
        if (n < VALUE_BYTES - 1)
            word[n++] = **s;
        ++*s;
    }
    word[n] = '\0';
    return n > 0;
}

static int find_attr(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(attr_names); i++)
        if (strcmp(word, attr_names[i].name) == 0)
            return (int)attr_names[i].attr;
    return -1;
}

/* A number without sign or blanks, of at most max. */
static bool parse_number(const char *s, int base, long max, int *out)
{
    char *end;

    if (!isxdigit((unsigned char)*s))
        return false;
    errno = 0;
    long v = strtol(s, &end, base);
    if (*end != '\0' || errno != 0 || v < 0 || v > max)
        return false;
    *out = (int)v;
    return true;
}

static bool parse_one_colour(const char *word, int max, int *out)
{
    if (strcmp(word, "default") == 0) {
        *out = COLOUR_DEFAULT;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(colour_names); i++) {
        if (strcmp(word, colour_names[i]) == 0) {
            *out = (int)i;
            return true;
        }
    }
    if (word[0] == '#' && max > 255 && strlen(word) == 7 &&
        parse_number(word + 1, 16, 0xFFFFFF, out)) {
        *out |= COLOUR_RGB;
        return true;
    }
    return parse_number(word, 10, max > 255 ? 255 : max, out);
}

static bool parse_colour(char *word, struct colour *c)
{
    char *twin = strchr(word, '/');

    if (twin)
        *twin++ = '\0';
    if (!parse_one_colour(word, COLOUR_RGB, &c->full))
        return false;
    if (twin)
        return parse_one_colour(twin, 15, &c->small);
    c->small = c->full < 16 ? c->full : nearest(theme_rgb(c->full), 0, 16);
    return true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static struct var *find_var(struct parser *p, const char *name)
{
    for (size_t i = 0; i < p->n_vars; i++)
        if (strcmp(p->vars[i].name, name) == 0)
            return &p->vars[i];
    return NULL;
}

/* A value with its variables put in, into dst. */
static int expand(struct parser *p, const char *value, char dst[VALUE_BYTES])
{
    char word[VALUE_BYTES];
    size_t n = 0;

    dst[0] = '\0';
    while (next_word(&value, word)) {
        const struct var *v = word[0] == '$' ? find_var(p, word + 1) : NULL;
        if (word[0] == '$' && !v)
            return fail_at(p, "no such variable before this line:", word);
        int len = snprintf(dst + n, VALUE_BYTES - n, "%s%s", n ? " " : "", v ? v->value : word);
        if (len < 0 || (size_t)len >= VALUE_BYTES - n)
            return fail_at(p, "too long:", word);
        n += (size_t)len;
    }
    return 0;
}

static int set_var(struct parser *p, const char *name, const char *value)
{
    struct var *v = find_var(p, name);

    if (*name == '\0' || strlen(name) >= NAME_BYTES)
        return fail_at(p, "a variable's name has 1 to 31 characters, not", name);
    if (!v && p->n_vars == VARS_MAX)
        return fail_at(p, "more than 64 variables with", name);
    if (!v) {
        v = &p->vars[p->n_vars++];
        str_copy(v->name, sizeof v->name, name);
    }
    str_copy(v->value, sizeof v->value, value);
    return 0;
}

static int set_role(struct parser *p, const char *name, const char *value)
{
    int role = role_parse(name);
    struct colour colours[2] = {{COLOUR_DEFAULT, COLOUR_DEFAULT}, {COLOUR_DEFAULT, COLOUR_DEFAULT}};
    char word[VALUE_BYTES], shown[VALUE_BYTES];
    size_t n = 0;
    unsigned attrs = 0;

    if (role < 0)
        return fail_at(p, "no such role:", name);
    while (next_word(&value, word)) {
        int attr = find_attr(word);
        str_copy(shown, sizeof shown, word);
        if (attr >= 0)
            attrs |= (unsigned)attr;
        else if (attrs != 0 || n == 2 || !parse_colour(word, &colours[n++]))
            return fail_at(p, "FG BG, then bold, dim, underline, reverse; not", shown);
    }
    if (n == 0)
        return fail_at(p, "a role wants FG BG ATTRIBUTES:", name);
    p->theme->roles[role] = (struct style){colours[0].full, colours[1].full, colours[0].small,
                                           colours[1].small, attrs};
    return 0;
}

static int load_into(struct parser *p, const char *name);

static int parse_assignment(struct parser *p, char *line, char *equals)
{
    char name[VALUE_BYTES], rest[VALUE_BYTES], value[VALUE_BYTES];
    const char *left = line;

    *equals = '\0';
    if (!next_word(&left, name) || next_word(&left, rest))
        return fail_at(p, "one name stands before =, not", line);
    int rc = expand(p, equals + 1, value);
    if (rc < 0)
        return rc;
    return name[0] == '$' ? set_var(p, name + 1, value) : set_role(p, name, value);
}

static int parse_line(struct parser *p, char *line)
{
    char word[VALUE_BYTES], name[VALUE_BYTES], more[VALUE_BYTES];
    const char *rest = line;

    /* A comment: "#" by itself, at the start of a word. */
    for (char *c = line; (c = strchr(c, '#')); c++) {
        bool is_begin = c == line || c[-1] == ' ' || c[-1] == '\t';
        if (is_begin && (c[1] == ' ' || c[1] == '\t' || c[1] == '\0')) {
            *c = '\0';
            break;
        }
    }
    char *equals = strchr(line, '=');
    if (equals)
        return parse_assignment(p, line, equals);
    if (!next_word(&rest, word))
        return 0;
    if (strcmp(word, "include") != 0 || !next_word(&rest, name) || next_word(&rest, more))
        return fail_at(p, "a line is role = FG BG ATTRIBUTES, $name = value or include NAME, not",
                       line);
    return load_into(p, name);
}

static int parse_text(struct parser *p, const char *text)
{
    int rc = 0;

    for (p->line = 1; rc == 0 && *text; p->line++) {
        size_t len = strcspn(text, "\n");
        char *line = xstrndup(text, len);
        if (len > 0 && line[len - 1] == '\r')
            line[len - 1] = '\0';
        rc = parse_line(p, line);
        free(line);
        text += len + (text[len] == '\n');
    }
    return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return n > 0 && n < sizeof ((struct theme *)NULL)->name;
}

/* The text of DIR/NAME.theme; NULL and 0 when there is none. */
static int read_theme(const char *dir, const char *name, char **path, char **text, struct err *e)
{
    struct buf b;
    char piece[4096];
    size_t n;

    *path = xasprintf("%s/%s.theme", dir, name);
    *text = NULL;
    FILE *f = fopen(*path, "re");
    if (!f && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!f)
        return err_set(e, ERR_IO, "theme %s: %s", *path, strerror(errno));
    buf_init(&b, THEME_BYTES_MAX);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(&b, piece, n);
    int rc = 0;
    if (ferror(f))
        rc = err_set(e, ERR_IO, "theme %s: %s", *path, strerror(errno));
    else if (b.is_full)
        rc = err_set(e, ERR_LIMIT, "theme %s: more than 64 KiB", *path);
    else if (b.len > 0 && memchr(b.p, '\0', b.len))
        rc = err_set(e, ERR_USAGE, "theme %s: it is no text", *path);
    fclose(f);
    if (rc == 0)
        *text = buf_take(&b);
    buf_release(&b);
    return rc;
}

static const char *find_builtin(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(builtin); i++)
        if (strcmp(builtin[i].name, name) == 0)
            return builtin[i].text;
    return NULL;
}

static int no_such_theme(struct parser *p, const char *name)
{
    struct buf b;
    char safe[VALUE_BYTES];

    text_copy_safe(safe, sizeof safe, raw_of(name), TEXT_PLAIN);
    buf_init(&b, 0);
    buf_addf(&b, "no theme \"%s\": there are", safe);
    for (int i = 0; theme_names[i]; i++)
        buf_addf(&b, "%s %s", i ? "," : "", theme_names[i]);
    if (p->dir)
        buf_addf(&b, " and the *.theme of %s", p->dir);
    int rc = p->file ? err_at(p->e, ERR_USAGE, p->file, p->line, 0, "%s", buf_str(&b))
                     : err_set(p->e, ERR_NOTFOUND, "%s", buf_str(&b));
    buf_release(&b);
    return rc;
}

/* Parse the theme NAME with the variables and into the theme of p. */
static int load_into(struct parser *p, const char *name)
{
    struct parser inner = *p;
    char *path = NULL, *text = NULL;
    int rc = 0;

    if (p->depth == INCLUDES_MAX)
        return fail_at(p, "themes include each other, or too deep:", name);
    if (!is_name(name))
        return no_such_theme(p, name);
    if (p->dir && (!p->self || strcmp(p->self, name) != 0))
        rc = read_theme(p->dir, name, &path, &text, p->e);
    const char *use = text ? text : find_builtin(name);
    if (rc == 0 && !use)
        rc = no_such_theme(p, name);
    if (rc == 0) {
        inner.file = text ? path : name;
        inner.self = name;
        inner.depth++;
        rc = parse_text(&inner, use);
        p->n_vars = inner.n_vars;
    }
    free(text);
    free(path);
    return rc;
}

static void theme_blank(struct theme *t, const char *name)
{
    memset(t, 0, sizeof *t);
    str_copy(t->name, sizeof t->name, name);
    for (int i = 0; i < ROLE_COUNT; i++)
        t->roles[i] =
            (struct style){COLOUR_DEFAULT, COLOUR_DEFAULT, COLOUR_DEFAULT, COLOUR_DEFAULT, 0};
}

/* What a role looks like where there are no colours. */
static void add_mono(struct theme *t)
{
    struct theme mono;
    struct var *vars = xcalloc(VARS_MAX, sizeof *vars);
    struct parser p = {.theme = &mono, .vars = vars};

    theme_blank(&mono, "mono");
    load_into(&p, "mono");
    for (int i = 0; i < ROLE_COUNT; i++)
        t->mono[i] = mono.roles[i].attrs;
    free(vars);
}

int theme_load(struct theme *t, const char *name, const char *dir, struct err *e)
{
    struct var *vars = xcalloc(VARS_MAX, sizeof *vars);
    struct parser p = {.theme = t, .dir = dir, .vars = vars, .e = e};

    theme_blank(t, name);
    int rc = load_into(&p, name);
    free(vars);
    if (rc == 0)
        add_mono(t);
    return rc;
}

int theme_parse(struct theme *t, const char *file, const char *text, const char *dir, struct err *e)
{
    struct var *vars = xcalloc(VARS_MAX, sizeof *vars);
    struct parser p = {.theme = t, .file = file, .dir = dir, .vars = vars, .e = e};

    theme_blank(t, file);
    int rc = parse_text(&p, text);
    free(vars);
    if (rc == 0)
        add_mono(t);
    return rc;
}
