/* test_list.c: the one list: who is under the cursor whatever moves, what a filter hides and says,
 * and that thousands of rows cost no more than what is visible. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"
#include "ui/list.h"

enum { MANY = 10000 };

/* ---- the screen's part ---------------------------------------------------------------------- */

static struct {
    void (*live)(void *arg, const char *text);
    void (*fn)(void *arg, const struct ui *u, const char *text);
    void *arg;
    char initial[256];
    char said[256];
} prompt;

void screen_prompt(struct screen *s, const char *label, const char *initial,
                   void (*live)(void *arg, const char *text),
                   void (*fn)(void *arg, const struct ui *u, const char *text), void *arg)
{
    (void)s;
    (void)label;
    prompt.live = live;
    prompt.fn = fn;
    prompt.arg = arg;
    str_copy(prompt.initial, sizeof prompt.initial, initial);
}

void screen_say(struct screen *s, enum role role, const char *fmt, ...)
{
    va_list ap;

    (void)s;
    (void)role;
    va_start(ap, fmt);
    vsnprintf(prompt.said, sizeof prompt.said, fmt, ap);
    va_end(ap);
}

/* ---- rows ----------------------------------------------------------------------------------- */

struct thing {
    char id[32], text[64];
    int rank;
    bool is_alarm;
};

struct rows {
    struct thing *all;
    int n, drawn, compared;
};

static int rows_count(void *p, const struct ui *u)
{
    (void)u;
    return ((struct rows *)p)->n;
}

static void rows_id(void *p, const struct ui *u, int row, char *dst, size_t size)
{
    (void)u;
    str_copy(dst, size, ((struct rows *)p)->all[row].id);
}

static int rows_compare(void *p, const struct ui *u, int a, int b)
{
    struct rows *r = p;

    (void)u;
    r->compared++;
    return r->all[a].rank - r->all[b].rank;
}

static void rows_text(void *p, const struct ui *u, int row, struct buf *out)
{
    const struct thing *t = &((struct rows *)p)->all[row];

    (void)u;
    buf_addf(out, "%s %s", t->id, t->text);
}

static bool rows_is_alarm(void *p, const struct ui *u, int row)
{
    (void)u;
    return ((struct rows *)p)->all[row].is_alarm;
}

static void rows_draw(void *p, const struct ui *u, int row, struct canvas *cv, struct rect r,
                      bool is_cursor)
{
    struct rows *rows = p;

    (void)u;
    (void)is_cursor;
    rows->drawn++;
    canvas_text(cv, r, 0, 0, -1, ROLE_TEXT, rows->all[row].id);
}

static const struct list_ops ops = {
    .count = rows_count,
    .id = rows_id,
    .compare = rows_compare,
    .text = rows_text,
    .is_alarm = rows_is_alarm,
    .draw = rows_draw,
};

static void rows_make(struct rows *r, int n)
{
    *r = (struct rows){.all = xcalloc((size_t)n, sizeof *r->all), .n = n};
    for (int i = 0; i < n; i++)
        snprintf(r->all[i].id, sizeof r->all[i].id, "web%05d:8080", i);
}

/* A list of n rows that has been drawn in `height` rows. */
struct play {
    struct rows r;
    struct list *l;
    struct ui u;
    struct canvas *cv;
};

static void look(struct play *p)
{
    canvas_clear(p->cv);
    list_draw(p->l, &p->u, p->cv, canvas_rect(p->cv));
}

static void play_start(struct play *p, int n, int height)
{
    memset(p, 0, sizeof *p);
    rows_make(&p->r, n);
    p->u.mono = 1000000;
    p->u.is_focused = true;
    p->l = list_new(&ops, &p->r);
    p->cv = canvas_new(height, 40, CANVAS_UTF8);
    list_update(p->l, &p->u);
    look(p);
}

static void play_end(struct play *p)
{
    list_free(p->l);
    canvas_free(p->cv);
    free(p->r.all);
}

static const char *cursor_id(const struct play *p)
{
    int row = list_cursor(p->l);

    return row < 0 ? "" : p->r.all[row].id;
}

static char *line(const struct play *p, int row)
{
    struct buf b;

    buf_init(&b, 0);
    for (int col = 0; col < canvas_cols(p->cv); col++)
        buf_adds(&b, canvas_cell(p->cv, row, col)->text);
    while (b.len > 0 && b.p[b.len - 1] == ' ')
        b.p[--b.len] = '\0';
    return buf_take(&b);
}

static void check_line(const struct play *p, int row, const char *want)
{
    char *have = line(p, row);

    ck_assert_str_eq(have ? have : "", want);
    free(have);
}

static void check_title(const struct play *p, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    list_say(p->l, &b);
    ck_assert_str_eq(buf_str(&b), want);
    buf_release(&b);
}

static void filter(struct play *p, const char *text)
{
    ck_assert(list_command(p->l, &p->u, CMD_FILTER));
    prompt.live(prompt.arg, text);
    prompt.fn(prompt.arg, &p->u, text);
}

static void press(struct play *p, enum command c, int times)
{
    for (int i = 0; i < times; i++)
        ck_assert(list_command(p->l, &p->u, c));
}

/* ---- tests ---------------------------------------------------------------------------------- */

START_TEST(moves_and_scrolls)
{
    struct play p;

    play_start(&p, 20, 5);
    ck_assert_str_eq(cursor_id(&p), "web00000:8080");
    check_title(&p, "1-5 of 20");
    press(&p, CMD_DOWN, 6);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00006:8080");
    check_line(&p, 4, "web00006:8080");
    check_title(&p, "3-7 of 20");
    press(&p, CMD_PAGE_DOWN, 1);
    ck_assert_str_eq(cursor_id(&p), "web00010:8080");
    press(&p, CMD_END, 1);
    press(&p, CMD_DOWN, 3);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00019:8080");
    check_line(&p, 0, "web00015:8080");
    press(&p, CMD_HOME, 1);
    press(&p, CMD_UP, 1);
    ck_assert_str_eq(cursor_id(&p), "web00000:8080");
    press(&p, CMD_PAGE_DOWN, 1);
    press(&p, CMD_PAGE_UP, 5);
    ck_assert_str_eq(cursor_id(&p), "web00000:8080");
    ck_assert(!list_command(p.l, &p.u, CMD_ZOOM));
    play_end(&p);
}
END_TEST

START_TEST(cursor_is_shown)
{
    struct play p;
    int row = -1, col = -1;

    play_start(&p, 3, 5);
    press(&p, CMD_DOWN, 1);
    look(&p);
    ck_assert(canvas_cursor(p.cv, &row, &col));
    ck_assert_int_eq(row, 1);
    ck_assert_int_eq(canvas_cell(p.cv, 1, 20)->role, ROLE_CURSOR);
    p.u.is_focused = false;
    look(&p);
    ck_assert_int_eq(canvas_cell(p.cv, 1, 20)->role, ROLE_CURSOR_DIM);
    ck_assert_int_eq(canvas_cell(p.cv, 0, 20)->role, ROLE_TEXT);
    play_end(&p);
}
END_TEST

START_TEST(cursor_stays_on_its_thing)
{
    struct play p;

    play_start(&p, 100, 10);
    press(&p, CMD_DOWN, 50);
    look(&p);
    check_line(&p, 9, "web00050:8080");
    p.u.mono += LIST_STILL_MS;
    /* Ten of those below come to the front. */
    for (int i = 90; i < 100; i++)
        p.r.all[i].rank = -1;
    list_update(p.l, &p.u);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00050:8080");
    check_line(&p, 9, "web00050:8080");
    press(&p, CMD_HOME, 1);
    ck_assert_str_eq(cursor_id(&p), "web00090:8080");
    /* A list that stands at its beginning stays there. */
    p.u.mono += LIST_STILL_MS;
    p.r.all[70].rank = -2;
    list_update(p.l, &p.u);
    look(&p);
    check_line(&p, 0, "web00070:8080");
    ck_assert_str_eq(cursor_id(&p), "web00090:8080");
    play_end(&p);
}
END_TEST

START_TEST(untouched_cursor_is_first)
{
    struct play p;

    play_start(&p, 100, 10);
    p.r.all[42].rank = -1;
    list_update(p.l, &p.u);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00042:8080");
    ck_assert(!list_is_touched(p.l));
    list_select(p.l, "web00007:8080");
    p.r.all[43].rank = -2;
    list_update(p.l, &p.u);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00007:8080");
    play_end(&p);
}
END_TEST

START_TEST(order_stands_still_after_a_move)
{
    struct play p;

    play_start(&p, 10, 10);
    press(&p, CMD_DOWN, 2);
    p.r.all[9].rank = -1;
    p.u.mono += LIST_STILL_MS - 1;
    list_update(p.l, &p.u);
    look(&p);
    check_line(&p, 0, "web00000:8080");
    check_line(&p, 9, "web00009:8080");
    ck_assert_int_eq(list_next(p.l, &p.u), 1000000 + LIST_STILL_MS);
    /* When the time is over the next picture has the order, without another snapshot. */
    p.u.mono++;
    look(&p);
    check_line(&p, 0, "web00009:8080");
    ck_assert_str_eq(cursor_id(&p), "web00002:8080");
    ck_assert_int_eq(list_next(p.l, &p.u), -1);
    play_end(&p);
}
END_TEST

START_TEST(order_stands_still_under_a_dialog)
{
    struct play p;

    play_start(&p, 10, 10);
    p.u.has_dialog = true;
    p.r.all[9].rank = -1;
    list_update(p.l, &p.u);
    p.u.mono += 60000;
    look(&p);
    check_line(&p, 0, "web00000:8080");
    /* Nobody knows when it closes: no time that is over already, or the console would spin. */
    ck_assert_int_eq(list_next(p.l, &p.u), -1);
    p.u.has_dialog = false;
    look(&p);
    check_line(&p, 0, "web00009:8080");
    play_end(&p);
}
END_TEST

START_TEST(still_order_takes_those_that_come_and_go)
{
    struct play p;

    play_start(&p, 10, 20);
    press(&p, CMD_DOWN, 3);
    /* web00003 is gone, a new one stands in front. */
    str_copy(p.r.all[3].id, sizeof p.r.all[3].id, "new:1");
    p.r.all[3].rank = -1;
    list_update(p.l, &p.u);
    look(&p);
    check_line(&p, 3, "web00004:8080");
    check_line(&p, 9, "new:1");
    ck_assert_str_eq(cursor_id(&p), "web00004:8080");
    p.r.n = 0;
    list_update(p.l, &p.u);
    look(&p);
    ck_assert_int_eq(list_cursor(p.l), -1);
    press(&p, CMD_DOWN, 1);
    p.r.n = 10;
    list_update(p.l, &p.u);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00004:8080");
    play_end(&p);
}
END_TEST

START_TEST(last_one_gone)
{
    struct play p;

    play_start(&p, 10, 5);
    press(&p, CMD_END, 1);
    p.r.n = 4;
    list_update(p.l, &p.u);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00003:8080");
    check_line(&p, 0, "web00000:8080");
    play_end(&p);
}
END_TEST

START_TEST(filters)
{
    struct play p;

    play_start(&p, 340, 10);
    str_copy(p.r.all[5].text, sizeof p.r.all[5].text, "failed");
    p.r.all[5].is_alarm = p.r.all[205].is_alarm = true;
    list_update(p.l, &p.u);
    filter(&p, "web0010\\d");
    look(&p);
    check_title(&p, "10/340 /web0010\\d +2 failed hidden");
    check_line(&p, 0, "web00100:8080");
    press(&p, CMD_NEXT_MATCH, 3);
    ck_assert_str_eq(cursor_id(&p), "web00103:8080");
    press(&p, CMD_PREV_MATCH, 4);
    ck_assert_str_eq(cursor_id(&p), "web00109:8080");
    press(&p, CMD_INVERT, 1);
    look(&p);
    check_title(&p, "330/340 !/web0010\\d");
    press(&p, CMD_INVERT, 1);
    ck_assert(list_command(p.l, &p.u, CMD_BACK));
    ck_assert(!list_command(p.l, &p.u, CMD_BACK));
    look(&p);
    check_title(&p, "101-110 of 340");
    filter(&p, "no such");
    look(&p);
    check_line(&p, 0, "nothing matches the filter");
    ck_assert_int_eq(list_cursor(p.l), -1);
    play_end(&p);
}
END_TEST

START_TEST(filter_is_live)
{
    struct play p;

    play_start(&p, 100, 10);
    press(&p, CMD_DOWN, 42);
    ck_assert(list_command(p.l, &p.u, CMD_FILTER));
    prompt.live(prompt.arg, "web0001");
    look(&p);
    check_title(&p, "10/100 /web0001");
    /* A snapshot in the middle of typing. */
    list_update(p.l, &p.u);
    prompt.live(prompt.arg, "web00013");
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00013:8080");
    /* Given up: all as it was, the cursor too. */
    prompt.fn(prompt.arg, &p.u, NULL);
    look(&p);
    ck_assert_str_eq(cursor_id(&p), "web00042:8080");
    filter(&p, "web0002");
    ck_assert(list_command(p.l, &p.u, CMD_FILTER));
    ck_assert_str_eq(prompt.initial, "web0002");
    prompt.live(prompt.arg, "");
    prompt.fn(prompt.arg, &p.u, NULL);
    check_title(&p, "10/100 /web0002");
    play_end(&p);
}
END_TEST

START_TEST(bad_patterns_hide_nothing)
{
    struct play p;
    struct buf b;

    play_start(&p, 50, 10);
    for (int i = 0; i < 50; i++)
        str_copy(p.r.all[i].text, sizeof p.r.all[i].text,
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    list_update(p.l, &p.u);
    filter(&p, "web(");
    look(&p);
    check_title(&p, "50/50 /web( missing closing parenthesis at character 5");
    filter(&p, "(a+)+$");
    look(&p);
    check_title(&p, "50/50 /(a+)+$ too expensive: nothing is hidden");
    filter(&p, "an awfully long pattern that no title has room for");
    buf_init(&b, 0);
    list_say(p.l, &b);
    ck_assert_str_eq(buf_str(&b), "0/50 /an awfully long pattern ~");
    buf_release(&b);
    play_end(&p);
}
END_TEST

START_TEST(nothing_to_invert)
{
    struct play p;

    play_start(&p, 3, 3);
    press(&p, CMD_INVERT, 1);
    ck_assert_str_eq(prompt.said, "no filter is set that could be inverted");
    press(&p, CMD_NEXT_MATCH, 1);
    ck_assert_str_eq(prompt.said, "no filter is set");
    play_end(&p);
}
END_TEST

START_TEST(same_identity_twice)
{
    struct play p;

    play_start(&p, 4, 4);
    str_copy(p.r.all[1].id, sizeof p.r.all[1].id, p.r.all[0].id);
    press(&p, CMD_DOWN, 1);
    list_update(p.l, &p.u);
    list_update(p.l, &p.u);
    look(&p);
    check_title(&p, "4");
    play_end(&p);
}
END_TEST

/* Only what is visible is drawn; rows are compared n log n times, and only at an update. */
START_TEST(many_rows_cost_what_is_visible)
{
    struct play p;

    play_start(&p, MANY, 20);
    for (int i = 0; i < MANY; i++)
        p.r.all[i].rank = (i * 7919) % 10007;
    p.r.compared = 0;
    list_update(p.l, &p.u);
    ck_assert_int_lt(p.r.compared, MANY * 20);
    p.r.compared = p.r.drawn = 0;
    for (int i = 0; i < 50; i++) {
        press(&p, CMD_PAGE_DOWN, 1);
        look(&p);
    }
    ck_assert_int_eq(p.r.compared, 0);
    ck_assert_int_eq(p.r.drawn, 50 * 20);
    /* With an order that is held, and a filter: still no square of the rows. */
    filter(&p, "web0.*8080");
    list_update(p.l, &p.u);
    ck_assert_int_eq(p.r.compared, 0);
    check_title(&p, "10000/10000 /web0.*8080");
    play_end(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("list");
    TCase *c = tcase_create("list");

    tcase_add_test(c, moves_and_scrolls);
    tcase_add_test(c, cursor_is_shown);
    tcase_add_test(c, cursor_stays_on_its_thing);
    tcase_add_test(c, untouched_cursor_is_first);
    tcase_add_test(c, order_stands_still_after_a_move);
    tcase_add_test(c, order_stands_still_under_a_dialog);
    tcase_add_test(c, still_order_takes_those_that_come_and_go);
    tcase_add_test(c, last_one_gone);
    tcase_add_test(c, filters);
    tcase_add_test(c, filter_is_live);
    tcase_add_test(c, bad_patterns_hide_nothing);
    tcase_add_test(c, nothing_to_invert);
    tcase_add_test(c, same_identity_twice);
    tcase_add_test(c, many_rows_cost_what_is_visible);
    suite_add_tcase(s, c);
    return suite_run(s);
}
