/* test_theme.c: theme files and their errors, colours made fit for small terminals, and that every
 * theme of the package can be read: contrast, and states that differ. */
#include "config.h"

#include "ui/theme.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "suite.h"

static struct theme t;
static struct err e;

static int parse(const char *text)
{
    err_clear(&e);
    return theme_parse(&t, "test.theme", text, NULL, &e);
}

static void fails(const char *text, int line, const char *words)
{
    ck_assert_int_eq(parse(text), ERR_USAGE);
    ck_assert_msg(e.line == line, "line %d, not %d: %s", e.line, line, e.msg);
    ck_assert_str_eq(e.file, "test.theme");
    ck_assert_msg(strstr(e.msg, words) != NULL, "%s", e.msg);
}

START_TEST(lines)
{
    ck_assert_int_eq(parse("# a comment\n\n#\nok = 208/yellow default bold underline # why\n"
                           "fail = #ff0000 16/black\r\nrun = bright-cyan dim\nstale = 3"),
                     0);
    struct style *s = &t.roles[ROLE_OK];
    ck_assert_int_eq(s->fg, 208);
    ck_assert_int_eq(s->fg16, 3);
    ck_assert_int_eq(s->bg, COLOUR_DEFAULT);
    ck_assert_uint_eq(s->attrs, ATTR_BOLD | ATTR_UNDERLINE);
    s = &t.roles[ROLE_FAIL];
    ck_assert_int_eq(s->fg, COLOUR_RGB | 0xff0000);
    ck_assert_int_eq(s->fg16, 9);
    ck_assert_int_eq(s->bg, 16);
    ck_assert_int_eq(s->bg16, 0);
    s = &t.roles[ROLE_RUN];
    ck_assert_int_eq(s->fg, 14);
    ck_assert_uint_eq(s->attrs, ATTR_DIM);
    ck_assert_int_eq(t.roles[ROLE_STALE].fg, 3);
    ck_assert_int_eq(t.roles[ROLE_TEXT].fg, COLOUR_DEFAULT);
}
END_TEST

START_TEST(variables_and_includes)
{
    ck_assert_int_eq(parse("include dark\n$a = 208/yellow\n$both = $a default bold\nok = $both\n"
                           "fail = default $a\n$a = 1\nrun = $a\nwarn = $good\n"),
                     0);
    ck_assert_int_eq(t.roles[ROLE_OK].fg, 208);
    ck_assert_uint_eq(t.roles[ROLE_OK].attrs, ATTR_BOLD);
    ck_assert_int_eq(t.roles[ROLE_FAIL].bg, 208);
    ck_assert_int_eq(t.roles[ROLE_RUN].fg, 1);
    ck_assert_int_eq(t.roles[ROLE_WARN].fg, 114);
    ck_assert_int_ne(t.roles[ROLE_DIM].fg, COLOUR_DEFAULT);
}
END_TEST

START_TEST(errors_say_the_line)
{
    fails("ok = red\nokay = red\n", 2, "no such role: \"okay\"");
    fails("ok = redd\n", 1, "redd");
    fails("ok = red black blinking\n", 1, "blinking");
    fails("ok = red bold blue\n", 1, "blue");
    fails("ok = red black blue\n", 1, "blue");
    fails("ok = 256\n", 1, "256");
    fails("ok = -1\n", 1, "-1");
    fails("ok = 12/16\n", 1, "12/16");
    fails("ok = 12/#000000\n", 1, "12/#000000");
    fails("ok = #12345\n", 1, "#12345");
    fails("ok = #12345g\n", 1, "#12345g");
    fails("ok = 0x10\n", 1, "0x10");
    fails("ok =\n", 1, "FG BG");
    fails("ok red\n", 1, "a line is");
    fails("ok nok = red\n", 1, "one name");
    fails("\n\nok = $none\n", 3, "$none");
    fails("$ = red\n", 1, "name");
    fails("include\n", 1, "a line is");
    fails("include none\n", 1, "no theme \"none\": there are dark, light");
    fails("include ../dark\n", 1, "no theme");
    fails("= red\n", 1, "one name");
    /* What is said of a file is safe to show. */
    fails("ok = \x1b[31m\n", 1, "\\x1b[31m");
}
END_TEST

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.theme", dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void remove_file(const char *dir, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.theme", dir, name);
    unlink(path);
}

START_TEST(files)
{
    char dir[] = "/tmp/footplate-theme-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(dir));
    write_file(dir, "mine", "include dark\nok = 99\n");
    write_file(dir, "dark", "include dark\nfail = 98\n");
    write_file(dir, "broken", "include mine\n\nok = nothing\n");
    write_file(dir, "a", "include b\n");
    write_file(dir, "b", "include a\n");
    ck_assert_int_eq(theme_load(&t, "mine", dir, &e), 0);
    ck_assert_str_eq(t.name, "mine");
    ck_assert_int_eq(t.roles[ROLE_OK].fg, 99);
    ck_assert_int_eq(t.roles[ROLE_FAIL].fg, 98);
    ck_assert_int_eq(t.roles[ROLE_RUN].fg, 81);
    ck_assert_int_eq(theme_load(&t, "dark", dir, &e), 0);
    ck_assert_int_eq(t.roles[ROLE_FAIL].fg, 98);
    ck_assert_int_eq(theme_load(&t, "light", dir, &e), 0);
    ck_assert_int_eq(theme_load(&t, "broken", dir, &e), ERR_USAGE);
    ck_assert_int_eq(e.line, 3);
    ck_assert_ptr_nonnull(strstr(e.file, "/broken.theme"));
    ck_assert_int_eq(theme_load(&t, "a", dir, &e), ERR_USAGE);
    ck_assert_int_eq(theme_load(&t, "none", dir, &e), ERR_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(e.msg, "high-contrast"));
    ck_assert_ptr_nonnull(strstr(e.msg, dir));
    ck_assert_int_eq(theme_load(&t, "../dark", dir, &e), ERR_NOTFOUND);
    ck_assert_int_eq(theme_load(&t, "", dir, &e), ERR_NOTFOUND);
    ck_assert_int_eq(theme_load(&t, "mine", NULL, &e), ERR_NOTFOUND);
    ck_assert_int_eq(theme_load(&t, "dark", "/no/such/folder", &e), 0);
    static const char *const all[] = {"mine", "dark", "broken", "a", "b"};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        remove_file(dir, all[i]);
    rmdir(dir);
}
END_TEST

START_TEST(colours_are_reduced)
{
    ck_assert_int_eq(parse("ok = #5fd7ff #000000\nfail = 203/bright-red 52/red\nrun = bright-cyan\n"
                           "dim = 245/bright-black\nwait = bright-white white\n"),
                     0);
    const struct style *s = &t.roles[ROLE_OK];
    ck_assert_int_eq(theme_fg(s, 1 << 24), COLOUR_RGB | 0x5fd7ff);
    ck_assert_int_eq(theme_fg(s, 256), 81);
    ck_assert_int_eq(theme_bg(s, 256), 16);
    ck_assert_int_eq(theme_bg(s, 16), 0);
    ck_assert_int_eq(theme_fg(s, 0), COLOUR_DEFAULT);
    ck_assert_int_eq(theme_fg(s, -1), COLOUR_DEFAULT);
    s = &t.roles[ROLE_FAIL];
    ck_assert_int_eq(theme_fg(s, 256), 203);
    ck_assert_int_eq(theme_fg(s, 88), 9);
    ck_assert_int_eq(theme_fg(s, 16), 9);
    ck_assert_int_eq(theme_fg(s, 8), 1);
    /* Red on red it would be. */
    ck_assert_int_eq(theme_bg(s, 8), COLOUR_DEFAULT);
    ck_assert_uint_eq(theme_attrs(&t, ROLE_FAIL, 8), ATTR_BOLD);
    ck_assert_uint_eq(theme_attrs(&t, ROLE_FAIL, 16), 0);
    ck_assert_int_eq(theme_fg(&t.roles[ROLE_RUN], 8), 6);
    ck_assert_uint_eq(theme_attrs(&t, ROLE_RUN, 8), ATTR_BOLD);
    ck_assert_int_eq(theme_fg(&t.roles[ROLE_DIM], 8), COLOUR_DEFAULT);
    ck_assert_uint_eq(theme_attrs(&t, ROLE_DIM, 8), ATTR_DIM);
    /* Without colours: as mono has it, but what had no colour stays. */
    ck_assert_uint_eq(theme_attrs(&t, ROLE_FAIL, 0), ATTR_BOLD | ATTR_UNDERLINE);
    ck_assert_uint_eq(theme_attrs(&t, ROLE_TEXT, 0), 0);
}
END_TEST

START_TEST(every_colour_has_a_neighbour)
{
    static const int sizes[] = {0, 8, 16, 88, 256, 1 << 24};
    char text[64];

    for (int c = 0; c < 4096; c += 7) {
        if (c < 256)
            snprintf(text, sizeof text, "ok = %d %d", c, 255 - c);
        else
            snprintf(text, sizeof text, "ok = #%06x #%06x", c * 4096, 0xffffff - c * 4096);
        ck_assert_int_eq(parse(text), 0);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            int fg = theme_fg(&t.roles[ROLE_OK], sizes[i]),
                bg = theme_bg(&t.roles[ROLE_OK], sizes[i]);
            int limit = sizes[i] == 1 << 24 ? 1 << 25 : sizes[i];
            ck_assert(fg >= COLOUR_DEFAULT && fg < (limit ? limit : 1));
            ck_assert(bg >= COLOUR_DEFAULT && bg < (limit ? limit : 1));
        }
    }
}
END_TEST

/* ---- the themes of the package --------------------------------------------------------------- */

static double channel(uint32_t v)
{
    double c = (double)v / 255;

    return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * channel(rgb >> 16) + 0.7152 * channel(rgb >> 8 & 0xff) +
           0.0722 * channel(rgb & 0xff);
}

/* WCAG 2: (lighter + 0.05) / (darker + 0.05). */
static double contrast(uint32_t a, uint32_t b)
{
    double x = luminance(a), y = luminance(b);

    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static void check_contrast(const char *name, uint32_t ground, double least)
{
    static const int sizes[] = {16, 256, 1 << 24};

    ck_assert_int_eq(theme_load(&t, name, NULL, &e), 0);
    for (int r = 0; r < ROLE_COUNT; r++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            int fg = theme_fg(&t.roles[r], sizes[i]), bg = theme_bg(&t.roles[r], sizes[i]);
            uint32_t f = fg == COLOUR_DEFAULT ? ground ^ 0xffffff : theme_rgb(fg);
            uint32_t b = bg == COLOUR_DEFAULT ? ground : theme_rgb(bg);
            double has = contrast(f, b);
            ck_assert_msg(has >= least, "%s: %s at %d colours: %06x on %06x has %.2f", name,
                          role_name((enum role)r), sizes[i], f, b, has);
            /* Dark blue on black, whatever the figures say. */
            ck_assert_msg(!(fg == 4 && b == 0), "%s: %s is dark blue", name,
                          role_name((enum role)r));
            /* What names one side only would be lost on a ground of the other kind. */
            ck_assert_msg(bg == COLOUR_DEFAULT || fg != COLOUR_DEFAULT, "%s: %s has a ground only",
                          name, role_name((enum role)r));
        }
    }
}

START_TEST(themes_can_be_read)
{
    check_contrast("dark", 0x000000, 3);
    check_contrast("light", 0xffffff, 3);
    check_contrast("colour-blind", 0x000000, 3);
    check_contrast("high-contrast", 0x000000, 5);
    check_contrast("high-contrast", 0xffffff, 5);
    check_contrast("mono", 0x000000, 20);
}
END_TEST

static bool look_alike(enum role a, enum role b, int n)
{
    const struct style *x = &t.roles[a], *y = &t.roles[b];

    return theme_fg(x, n) == theme_fg(y, n) && theme_bg(x, n) == theme_bg(y, n) &&
           theme_attrs(&t, a, n) == theme_attrs(&t, b, n);
}

/* Roles that may stand beside each other and must not be taken for each other. */
static const enum role families[][8] = {
    {ROLE_OK, ROLE_RUN, ROLE_WAIT, ROLE_WARN, ROLE_FAIL, ROLE_UNKNOWN, ROLE_STALE, ROLE_COUNT},
    {ROLE_TEXT, ROLE_CURSOR, ROLE_CURSOR_DIM, ROLE_MATCH, ROLE_COUNT},
    {ROLE_BORDER, ROLE_BORDER_FOCUS, ROLE_COUNT},
    {ROLE_TITLE, ROLE_TITLE_FOCUS, ROLE_COUNT},
    {ROLE_BUTTON, ROLE_BUTTON_QUIET, ROLE_COUNT},
    {ROLE_HINT, ROLE_KEY, ROLE_COUNT},
    {ROLE_ENV, ROLE_ENV_PROD, ROLE_COUNT},
    {ROLE_TEXT, ROLE_INPUT, ROLE_COUNT},
};

START_TEST(states_look_different)
{
    static const int sizes[] = {0, 8, 16, 256, 1 << 24};

    for (int name = 0; theme_names[name]; name++) {
        ck_assert_int_eq(theme_load(&t, theme_names[name], NULL, &e), 0);
        for (size_t f = 0; f < ARRAY_LEN(families); f++)
            for (int a = 0; families[f][a] != ROLE_COUNT; a++)
                for (int b = 0; b < a; b++)
                    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
                        ck_assert_msg(!look_alike(families[f][a], families[f][b], sizes[i]),
                                      "%s: %s and %s look the same at %d colours",
                                      theme_names[name], role_name(families[f][a]),
                                      role_name(families[f][b]), sizes[i]);
    }
}
END_TEST

/* Red against green alone tells nothing to one man in twelve: seen with one of the two cones, good
 * and bad must still differ in lightness or blueness. */
START_TEST(colour_blind_keeps_good_and_bad_apart)
{
    ck_assert_int_eq(theme_load(&t, "colour-blind", NULL, &e), 0);
    ck_assert_uint_ne(theme_attrs(&t, ROLE_OK, 256), theme_attrs(&t, ROLE_FAIL, 256));
    for (int r = 0; r < ROLE_COUNT; r++) {
        uint32_t fg = theme_rgb(theme_fg(&t.roles[r], 256));
        int red = (int)(fg >> 16), green = (int)(fg >> 8 & 0xff), blue = (int)(fg & 0xff);
        ck_assert_msg(!(green > 150 && red < 80 && blue < 80), "%s is plain green",
                      role_name((enum role)r));
    }
}
END_TEST

START_TEST(mono_has_no_colour)
{
    ck_assert_int_eq(theme_load(&t, "mono", NULL, &e), 0);
    for (int r = 0; r < ROLE_COUNT; r++) {
        ck_assert_int_eq(t.roles[r].fg, COLOUR_DEFAULT);
        ck_assert_int_eq(t.roles[r].bg, COLOUR_DEFAULT);
        ck_assert_uint_eq(theme_attrs(&t, (enum role)r, 256), theme_attrs(&t, (enum role)r, 0));
    }
}
END_TEST

START_TEST(five_in_their_order)
{
    static const char *const names[] = {"dark", "light", "high-contrast", "colour-blind", "mono"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ck_assert_str_eq(theme_names[i], names[i]);
    ck_assert_ptr_null(theme_names[ARRAY_LEN(names)]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("theme");
    TCase *tc = tcase_create("theme");

    tcase_add_test(tc, lines);
    tcase_add_test(tc, variables_and_includes);
    tcase_add_test(tc, errors_say_the_line);
    tcase_add_test(tc, files);
    tcase_add_test(tc, colours_are_reduced);
    tcase_add_test(tc, every_colour_has_a_neighbour);
    tcase_add_test(tc, themes_can_be_read);
    tcase_add_test(tc, states_look_different);
    tcase_add_test(tc, colour_blind_keeps_good_and_bad_apart);
    tcase_add_test(tc, mono_has_no_colour);
    tcase_add_test(tc, five_in_their_order);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
