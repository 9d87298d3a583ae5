/* test_golden.c: the whole screen for every status, braked and not: as text at three sizes, with
 * roles, as a terminal without colours shows it, in ASCII, and with Chinese names. One file in
 * tests/ui/golden for each kind of picture; UPDATE_GOLDEN=1 writes them. All of it crossed (status x braked
 * x size x characters x colours x names) would be many megabytes: of that there are the sums, a line each, in
 * golden/screen-sums.txt. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "play.h"
#include "suite.h"
#include "ui/theme.h"

enum kind { KIND_TEXT, KIND_ROLES, KIND_MONO };

static const struct variant {
    const char *name;
    int rows, cols;
    unsigned flags;
    enum fixture_names names;
    enum kind kind;
} variants[] = {
    {"screen-80x24", 24, 80, CANVAS_UTF8, NAMES_ENGLISH, KIND_ROLES},
    {"screen-80x24-mono", 24, 80, CANVAS_UTF8, NAMES_ENGLISH, KIND_MONO},
    {"screen-80x24-ascii", 24, 80, CANVAS_ASCII, NAMES_ENGLISH, KIND_TEXT},
    {"screen-80x24-chinese", 24, 80, CANVAS_UTF8, NAMES_CHINESE, KIND_TEXT},
    {"screen-120x40", 40, 120, CANVAS_UTF8, NAMES_ENGLISH, KIND_TEXT},
    {"screen-120x40-chinese", 40, 120, CANVAS_UTF8, NAMES_CHINESE, KIND_TEXT},
    {"screen-200x60", 60, 200, CANVAS_UTF8, NAMES_ENGLISH, KIND_TEXT},
    {"screen-200x60-chinese", 60, 200, CANVAS_ASCII, NAMES_CHINESE, KIND_TEXT},
    {"screen-60x16", 16, 60, CANVAS_UTF8, NAMES_ENGLISH, KIND_TEXT},
};

/* Bold, dim, underline, reverse of a cell where there is no colour at all: a hexadecimal digit. */
static void add_mono(const struct canvas *cv, struct buf *out)
{
    struct theme t;
    struct err e = {0};

    ck_assert_msg(theme_load(&t, "mono", NULL, &e) == 0, "%s", e.msg);
    buf_adds(out, "--- attributes: 1 bold, 2 dim, 4 underline, 8 reverse\n");
    for (int row = 0; row < canvas_rows(cv); row++) {
        char line[512];
        int n = 0, end = 0;
        for (int col = 0; col < canvas_cols(cv) && n < 511; col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            unsigned attrs = (c->attrs & ATTR_BAR ? theme_bar_attrs : theme_attrs)(
                                 &t, (enum role)c->role, 0) |
                             c->attrs;
            if (c->cells == 0)
                continue;
            line[n++] = attrs ? "0123456789abcdef"[attrs & 15] : ' ';
            end = attrs ? n : end;
        }
        buf_addf(out, "%.*s\n", end, line);
    }
}

/* Every row takes exactly the width of the screen: wide characters push no border aside. */
static void rows_are_straight(const struct canvas *cv)
{
    for (int row = 0; row < canvas_rows(cv); row++) {
        size_t cells = 0;
        for (int col = 0; col < canvas_cols(cv); col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            size_t width = c->lines ? 1 : text_cells(c->text);
            if (width != c->cells)
                ck_abort_msg("row %d, column %d: %zu cells for %d", row, col, width, c->cells);
            cells += width;
        }
        ck_assert_uint_eq(cells, (size_t)canvas_cols(cv));
    }
}

static void add_picture(const struct variant *v, enum deploy_status status, bool is_braked,
                        struct buf *out)
{
    struct fixture_options o = {.status = status,
                                .brake = is_braked ? BRAKE_OPERATOR : BRAKE_NONE,
                                .names = v->names,
                                .is_prod = true,
                                .n_consoles = 2};
    struct play p;

    play_init(&p, &o, v->rows, v->cols, v->flags);
    if (strcmp(p.want.group, p.f.group) != 0) {
        screen_show_group(p.screen, p.f.group);
        play_snapshot(&p);
        play_draw(&p);
        play_wait(&p, QUIET_MS);
        play_draw(&p);
    }
    play_log(&p);
    play_draw(&p);
    buf_addf(out, "=== %s%s\n", deploy_status_name(status), is_braked ? " braked" : "");
    rows_are_straight(p.cv);
    canvas_dump(p.cv, out);
    if (v->kind == KIND_ROLES)
        golden_roles(p.cv, out);
    else if (v->kind == KIND_MONO)
        add_mono(p.cv, out);
    play_release(&p);
}

START_TEST(every_status)
{
    const struct variant *v = &variants[_i];
    struct buf have;

    buf_init(&have, 0);
    for (int status = 0; status < DEPLOY_STATUS_COUNT; status++) {
        add_picture(v, (enum deploy_status)status, false, &have);
        if (!deploy_is_final((enum deploy_status)status))
            add_picture(v, (enum deploy_status)status, true, &have);
    }
    golden_check_text(&have, v->name);
    buf_release(&have);
}
END_TEST

/* ---- everything crossed, as sums -------------------------------------------------------------------- */

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t add_sum(uint64_t sum, const void *p, size_t n)
{
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

/* What a terminal of so many colours is told of every cell. */
static uint64_t sum_of(const struct canvas *cv, const struct theme *t, int colours)
{
    uint64_t sum = 0xcbf29ce484222325u;
    struct buf text;

    buf_init(&text, 0);
    canvas_dump(cv, &text);
    sum = add_sum(sum, buf_str(&text), text.len);
    buf_release(&text);
    for (int row = 0; row < canvas_rows(cv); row++)
        for (int col = 0; col < canvas_cols(cv); col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            int look[3] = {theme_fg(&t->roles[c->role], colours),
                           theme_bg(&t->roles[c->role], colours),
                           (int)(theme_attrs(t, (enum role)c->role, colours) | c->attrs)};
            sum = add_sum(sum, look, sizeof look);
        }
    return sum;
}

struct crossed {
    struct theme dark, mono;
    struct buf have;
};

static void add_sums(struct crossed *x, struct play *p, const char *name)
{
    static const int sizes[][2] = {{24, 80}, {40, 120}, {60, 200}};

    for (size_t i = 0; i < 3; i++)
        for (unsigned flags = CANVAS_UTF8; flags <= CANVAS_ASCII; flags++) {
            struct canvas *cv = canvas_new(sizes[i][0], sizes[i][1], flags);

            play_resize(p, sizes[i][0], sizes[i][1]);
            play_log(p);
            play_draw(p);
            screen_draw(p->screen, cv);
            rows_are_straight(cv);
            buf_addf(&x->have, "%s %dx%d %s dark %016llx mono %016llx\n", name, sizes[i][1],
                     sizes[i][0], flags ? "ascii" : "utf-8",
                     (unsigned long long)sum_of(cv, &x->dark, 256),
                     (unsigned long long)sum_of(cv, &x->mono, 0));
            canvas_free(cv);
        }
}

static void cross(struct crossed *x, enum deploy_status status, bool is_braked,
                  enum fixture_names names)
{
    struct fixture_options o = {.status = status,
                                .brake = is_braked ? BRAKE_OPERATOR : BRAKE_NONE,
                                .names = names,
                                .is_prod = true,
                                .n_consoles = 2};
    struct play p;
    char name[80];

    snprintf(name, sizeof name, "%s%s %s", deploy_status_name(status), is_braked ? " braked" : "",
             names == NAMES_CHINESE ? "chinese" : "english");
    play_init(&p, &o, 24, 80, CANVAS_UTF8);
    if (strcmp(p.want.group, p.f.group) != 0) {
        screen_show_group(p.screen, p.f.group);
        play_snapshot(&p);
        play_draw(&p);
        play_wait(&p, QUIET_MS);
    }
    add_sums(x, &p, name);
    play_release(&p);
}

START_TEST(everything_crossed)
{
    struct crossed x;
    struct err e = {0};

    ck_assert_msg(theme_load(&x.dark, "dark", NULL, &e) == 0, "%s", e.msg);
    ck_assert_msg(theme_load(&x.mono, "mono", NULL, &e) == 0, "%s", e.msg);
    buf_init(&x.have, 0);
    for (int status = 0; status < DEPLOY_STATUS_COUNT; status++)
        for (int names = NAMES_ENGLISH; names <= NAMES_CHINESE; names++) {
            cross(&x, (enum deploy_status)status, false, (enum fixture_names)names);
            if (!deploy_is_final((enum deploy_status)status))
                cross(&x, (enum deploy_status)status, true, (enum fixture_names)names);
        }
    golden_check_text(&x.have, "screen-sums");
    buf_release(&x.have);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("golden");
    TCase *t = tcase_create("golden");

    tcase_add_loop_test(t, every_status, 0, (int)(sizeof variants / sizeof variants[0]));
    tcase_add_test(t, everything_crossed);
    suite_add_tcase(s, t);
    return suite_run(s);
}
