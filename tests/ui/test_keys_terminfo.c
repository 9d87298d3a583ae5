/* test_keys_terminfo.c: every key string of every terminfo entry that is installed and common,
 * whole and split at every byte with pauses, types nothing: no letter that is a command ever comes
 * out of a function key. */
#include "config.h"

#include "ui/keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "base/mem.h"
#include "base/text.h"
#include "suite.h"

/* An entry is common when its name begins so. */
static const char *const common[] = {"xterm",       "screen",
                                     "tmux",        "linux",
                                     "vt1",         "vt2",
                                     "vt3",         "vt4",
                                     "vt5",         "rxvt",
                                     "putty",       "konsole",
                                     "gnome",       "vte",
                                     "alacritty",   "st",
                                     "foot",        "kitty",
                                     "mintty",      "iterm",
                                     "nsterm",      "Apple_Terminal",
                                     "ansi",        "cons25",
                                     "sun",         "cygwin",
                                     "eterm",       "Eterm",
                                     "mlterm",      "mrxvt",
                                     "teraterm",    "fbterm",
                                     "jfbterm",     "kon",
                                     "hurd",        "mach",
                                     "pcvt",        "pccon",
                                     "scoansi",     "dtterm",
                                     "aterm",       "kterm",
                                     "terminator",  "terminology",
                                     "ms-terminal", "mosh",
                                     "wezterm",     "contour",
                                     "ghostty",     "hpterm"};

/* Entries (and what their names go on with) whose keys are no sequences: what comes behind a pause
 * of more than KEYS_ESC_MS cannot be told from typing. */
static const struct {
    const char *name, *why;
} untellable[] = {
    {"ansi-color-2-emx", "DOS: a key is NUL and a character"},
    {"ansi-color-3-emx", "DOS: a key is NUL and a character"},
    {"ansi-emx", "DOS: a key is NUL and a character"},
    {"ansi.sys", "DOS: a key is NUL and a character"},
    {"ansisys", "DOS: a key is NUL and a character"},
    {"cygwinB19", "ESC and a letter"},
    {"hpterm", "Hewlett-Packard: ESC and a letter"},
    {"screen.minitel", "Minitel: Ctrl-Y, { and a digit"},
    {"screen2", "of 1987: ESC and a letter"},
    {"st52", "Atari, as VT52: ESC and a letter"},
    {"stv52", "Atari, as VT52: ESC and a letter"},
    {"terminology-1.0.0", "its entry has a typing error"},
    {"vt100+", "ESC and a letter or digit"},
    {"vt50", "before ECMA-48: ESC and a letter"},
    {"vt52", "before ECMA-48: ESC and a letter"},
    {"xterm-hp", "as a Hewlett-Packard: ESC and a letter"},
    {"xterm-vt52", "as a VT52: ESC and a letter"},
};

/* Keys with Shift, Alt and Ctrl have no standard name. */
static const char *const modified[] = {"kDC", "kDN", "kEND", "kHOM", "kIC", "kLFT",
                                       "kNXT", "kPRV", "kRIT", "kUP"};

static const char *const folders[] = {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo",
                                      "/usr/share/misc/terminfo", "/usr/lib/terminfo"};

static const int gaps[] = {0, 20, 60, 150, 250, 400};

struct heard {
    size_t n_chars;
    char chars[64];
};

static void hear(void *arg, const struct key *k)
{
    struct heard *h = arg;

    if (k->kind == KEY_CHAR && k->ch >= ' ' && h->n_chars < sizeof h->chars - 1)
        h->chars[h->n_chars++] = k->ch < 0x7F ? (char)k->ch : '?';
}

static void later(struct key_decoder *d, int64_t *now, int ms)
{
    int64_t end = *now + ms;
    int wait;

    while ((wait = key_decoder_wait_ms(d, *now)) >= 0 && *now + wait <= end)
        key_decoder_tick(d, *now += wait);
    *now = end;
    key_decoder_tick(d, *now);
}

/* Play a string with a gap behind the bytes whose bit is set. Answers what was typed by it. */
static void play(struct heard *h, const char *s, size_t n, uint64_t splits, int gap)
{
    struct key_decoder *d = key_decoder_new(hear, h);
    int64_t now = 5000;
    size_t from = 0;

    memset(h, 0, sizeof *h);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && !(splits >> i & 1))
            continue;
        key_decoder_feed(d, s + from, i - from, now);
        later(d, &now, i < n ? gap : 2000);
        from = i;
    }
    key_decoder_free(d);
}

/* ESC and one character, apart: two keys, as keys.h says. It must be none that acts. */
static bool is_promised(const char *s, size_t n, int gap)
{
    return n == 2 && s[0] == '\x1b' && gap >= KEYS_ESC_MS && !strchr("NXKTUY", s[1]);
}

static bool types_something(const char *s, size_t n, struct heard *h)
{
    for (size_t g = 0; g < ARRAY_LEN(gaps); g++) {
        play(h, s, n, UINT64_MAX, gaps[g]);
        for (size_t i = 1; i < n && h->n_chars == 0; i++)
            play(h, s, n, UINT64_C(1) << i, gaps[g]);
        if (h->n_chars > 0 && !is_promised(s, n, gaps[g]))
            return true;
    }
    return false;
}

static int keys_seen, entries_seen;

static const char *visible(const char *s)
{
    static char text[512];

    text_copy_safe(text, sizeof text, raw_of(s), TEXT_ASCII);
    return text;
}

static void check_key(const char *entry, const char *name)
{
    const char *s = tigetstr(name);
    struct heard h;

    if (!s || (intptr_t)s == -1 || *s == '\0')
        return;
    ck_assert_uint_lt(strlen(s), 64);
    keys_seen++;
    if (types_something(s, strlen(s), &h))
        ck_abort_msg("%s: %s = %s types \"%s\"", entry, name, visible(s), h.chars);
}

static void check_entry(const char *entry)
{
    int error, null = open("/dev/null", O_RDWR);

    ck_assert_int_ge(null, 0);
    if (setupterm(entry, null, &error) == OK) {
        entries_seen++;
        for (size_t i = 0; strnames[i]; i++)
            if (strnames[i][0] == 'k')
                check_key(entry, strnames[i]);
        for (size_t i = 0; i < ARRAY_LEN(modified); i++) {
            for (int m = 3; m <= 8; m++) {
                char name[16];
                snprintf(name, sizeof name, "%s%d", modified[i], m);
                check_key(entry, name);
            }
        }
    }
    if (cur_term)
        del_curterm(cur_term);
    close(null);
}

static bool is_common(const char *entry)
{
    bool is_it = false;

    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        is_it = is_it || strncmp(entry, common[i], strlen(common[i])) == 0;
    for (size_t i = 0; i < ARRAY_LEN(untellable); i++)
        if (strncmp(entry, untellable[i].name, strlen(untellable[i].name)) == 0)
            return false;
    return is_it;
}

/* A folder of terminfo has a folder for each first letter. */
static void check_letter(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (is_common(e->d_name))
            check_entry(e->d_name);
    if (dir)
        closedir(dir);
}

START_TEST(no_key_types_anything)
{
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        DIR *dir = opendir(folders[i]);
        struct dirent *e;
        while (dir && (e = readdir(dir))) {
            char path[512];
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", folders[i], e->d_name);
            check_letter(path);
        }
        if (dir)
            closedir(dir);
    }
    ck_assert_int_gt(entries_seen, 4);
    ck_assert_int_gt(keys_seen, 200);
}
END_TEST

/* The test can fail: keys like those of a VT52 do type when they come in pieces, and do not when
 * whole. */
START_TEST(a_vt52_does)
{
    struct heard h;

    ck_assert(types_something("\x1b" "T", 2, &h));
    ck_assert_str_eq(h.chars, "T");
    for (int gap = 0; gap < KEYS_ESC_MS; gap += 10) {
        play(&h, "\x1b" "T", 2, UINT64_MAX, gap);
        ck_assert_uint_eq(h.n_chars, 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("keys of terminfo");
    TCase *tc = tcase_create("keys");

    tcase_add_test(tc, no_key_types_anything);
    tcase_add_test(tc, a_vt52_does);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
