/* test_pane_logs.c: the log pane as it looks and moves. The worker's work is done in the test's own
 * thread, on the made-up store, so that every picture comes in a known order. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "suite.h"
#include "ui/fake_screen.h"
#include "ui/fixture.h"
#include "ui/golden.h"
#include "ui/log_work.h"

#define HOSTILE                                                                                   \
    "\x1b[2J\x1b]0;pwned\x07\r\b\xe2\x80\xae" "evil \xfe\xff tab\there \xe5\xb7\xb2 e\xcc\x81 end"

static struct {
    struct log_want *want; /* the newest; NULL: taken */
    int64_t serial;
    int n;
    char host[256];        /* selected in the instances pane */
    int port;
} world;

void screen_want_log(struct screen *s, struct log_want *w)
{
    (void)s;
    w->serial = ++world.serial;
    world.n++;
    free(world.want);
    world.want = xmalloc(sizeof *w);
    *world.want = *w;
}

bool screen_selected_instance(const struct screen *s, const char **host, int *port)
{
    (void)s;
    *host = world.host;
    *port = world.port;
    return world.host[0] != '\0';
}

/* ---- a pane by itself ----------------------------------------------------------------------- */

struct play {
    struct fixture f;
    struct snapshot *s;
    struct keymap *m;
    struct ui u;
    struct log_work *work;
    struct canvas *cv;
    void *pane;
};

static bool is_interrupted(void *arg)
{
    (void)arg;
    return false;
}

static void put(void *arg, struct log_block *b)
{
    struct play *p = arg;

    if (b->serial == world.serial)
        pane_logs.log(p->pane, &p->u, b);
    else
        log_block_free(b);
}

/* Whatever the worker would do by now. */
static void settle(struct play *p)
{
    if (world.want)
        log_work_want(p->work, world.want);
    free(world.want);
    world.want = NULL;
    while (log_work_is_busy(p->work))
        log_work_do(p->work);
}

static void see(struct play *p)
{
    canvas_clear(p->cv);
    pane_logs.draw(p->pane, &p->u, p->cv, canvas_rect(p->cv));
    settle(p);
    canvas_clear(p->cv);
    pane_logs.draw(p->pane, &p->u, p->cv, canvas_rect(p->cv));
}

static void ring(struct play *p)
{
    log_work_ring(p->work);
    settle(p);
    see(p);
}

static void play_start(struct play *p, const struct fixture_options *o, int rows, int cols)
{
    struct err e = {0};
    struct log_work_host host = {is_interrupted, put, p};
    struct store *store;

    memset(&fake, 0, sizeof fake);
    memset(&world, 0, sizeof world);
    fixture_init(&p->f, o);
    p->s = fixture_snapshot(&p->f);
    p->m = keymap_new();
    p->u = (struct ui){.snap = p->s, .keymap = p->m, .mono = FIXTURE_MONO, .wall = FIXTURE_WALL,
                       .is_loaded = true, .is_focused = true};
    store = store_open(p->f.dir, STORE_READ, &e);
    ck_assert_msg(store != NULL, "%s", e.msg);
    p->work = log_work_new(store, &host);
    p->cv = canvas_new(rows, cols, CANVAS_UTF8);
    p->pane = pane_logs.new_state();
    pane_logs.update(p->pane, &p->u);
    see(p);
}

static void play_end(struct play *p)
{
    screen_close_dialog(NULL);
    pane_logs.free_state(p->pane);
    log_work_free(p->work);
    free(world.want);
    canvas_free(p->cv);
    keymap_free(p->m);
    snapshot_free(p->s);
    fixture_release(&p->f);
}

static void resize(struct play *p, int rows, int cols)
{
    canvas_resize(p->cv, rows, cols);
    see(p);
}

static bool press(struct play *p, enum command c)
{
    bool is_taken = pane_logs.command(p->pane, &p->u, c);

    see(p);
    return is_taken;
}

/* A pattern typed letter by letter, as the prompt hands it on. */
static void type(struct play *p, enum command c, const char *text)
{
    char part[256];

    press(p, c);
    for (size_t i = 1; i <= strlen(text); i++) {
        str_copy(part, i + 1, text);
        fake.live(fake.arg, part);
        settle(p);
    }
    fake.fn(fake.arg, &p->u, text);
    see(p);
}

static void add_lines(struct play *p, int n, const char *text, char level)
{
    struct log_row row = {.at = FIXTURE_WALL, .group = p->f.group, .deployment = p->f.deployment,
                          .level = level, .stream = 'f', .step = -1};
    struct err e = {0};

    row.text = (char *)(uintptr_t)text;
    row.text_len = (int64_t)strlen(text);
    for (int i = 0; i < n; i++)
        ck_assert_msg(logs_append(p->f.store, &row, 1, &e) == 0, "%s", e.msg);
}

static void row_text(const struct play *p, int row, char *dst, size_t size)
{
    struct buf b;

    buf_init(&b, 0);
    for (int col = 0; col < canvas_cols(p->cv); col++)
        buf_adds(&b, canvas_cell(p->cv, row, col)->text);
    while (b.len > 0 && b.p[b.len - 1] == ' ')
        b.p[--b.len] = '\0';
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}

static void check_row(const struct play *p, int row, const char *holds)
{
    char text[512];

    row_text(p, row, text, sizeof text);
    ck_assert_msg(strstr(text, holds) != NULL, "row %d: `%s` holds no `%s`", row, text, holds);
}

static void check_title(struct play *p, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    pane_logs.title(p->pane, &p->u, &b);
    ck_assert_str_eq(buf_str(&b), want);
    buf_release(&b);
}

static void golden(struct play *p, const char *name, unsigned flags)
{
    int rows = canvas_rows(p->cv), cols = canvas_cols(p->cv);
    struct canvas *cv = canvas_new(rows + 2, cols + 2,
                                   canvas_is_ascii(p->cv) ? CANVAS_ASCII : CANVAS_UTF8);
    struct rect r = {1, 1, rows, cols};
    struct buf b;

    buf_init(&b, 0);
    canvas_box(cv, canvas_rect(cv), ROLE_BORDER);
    pane_logs.draw(p->pane, &p->u, cv, r);
    pane_logs.title(p->pane, &p->u, &b);
    canvas_textf(cv, (struct rect){0, 2, 1, cols - 2}, 0, 0, -1, ROLE_TITLE, " %s ", buf_str(&b));
    golden_check(cv, name, flags);
    buf_release(&b);
    canvas_free(cv);
}

/* ---- pictures ------------------------------------------------------------------------------- */

static void hostile_lines(struct play *p)
{
    struct log_row row = {.at = FIXTURE_WALL - 86400000 * 2, .group = p->f.group,
                          .deployment = p->f.deployment, .level = 'e', .stream = 'o',
                          .step = STEP_VERIFY, .port = 8080};
    struct err e = {0};
    char host[64];

    fixture_host(&p->f, 3, host, sizeof host);
    row.host = host;
    row.text = (char *)(uintptr_t)HOSTILE;
    row.text_len = (int64_t)strlen(HOSTILE);
    ck_assert_int_eq(logs_append(p->f.store, &row, 1, &e), 0);
    row.at = FIXTURE_WALL;
    row.level = 'w';
    row.stream = 'e';
    row.text = (char *)(uintptr_t)"warning: slow disk, \xe7\xa3\x81\xe7\x9b\x98\xe6\x85\xa2";
    row.text_len = (int64_t)strlen(row.text);
    ck_assert_int_eq(logs_append(p->f.store, &row, 1, &e), 0);
    row.level = 'd';
    row.host = NULL;
    row.port = 0;
    row.step = -1;
    ck_assert_int_eq(logs_append(p->f.store, &row, 1, &e), 0);
}

START_TEST(lines_in_columns)
{
    static const struct {
        const char *name;
        int rows, cols;
    } sizes[] = {{"logs-38", 6, 38}, {"logs-60", 8, 60}, {"logs-118", 10, 118}};
    struct play p;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT}, 10, 60);
    hostile_lines(&p);
    ring(&p);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        resize(&p, sizes[i].rows, sizes[i].cols);
        golden(&p, sizes[i].name, GOLDEN_ROLES);
    }
    play_end(&p);
    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .names = NAMES_CHINESE},
               10, 80);
    hostile_lines(&p);
    ring(&p);
    golden(&p, "logs-chinese", GOLDEN_TEXT);
    canvas_free(p.cv);
    p.cv = canvas_new(10, 80, CANVAS_ASCII);
    see(&p);
    golden(&p, "logs-ascii", GOLDEN_TEXT);
    play_end(&p);
}
END_TEST

START_TEST(what_stands_where_there_is_nothing)
{
    struct play p;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_PENDING, .n_log = -1}, 4, 60);
    golden(&p, "logs-empty", GOLDEN_ROLES);
    add_lines(&p, 3, "a line", 'i');
    ring(&p);
    type(&p, CMD_FILTER, "nothing");
    golden(&p, "logs-empty-filter", GOLDEN_TEXT);
    type(&p, CMD_FILTER, "a(b");
    check_title(&p, "/a(b  filter: missing closing parenthesis at character 4  release 13");
    play_end(&p);
    play_start(&p, &(struct fixture_options){.is_never = true}, 4, 60);
    golden(&p, "logs-never", GOLDEN_TEXT);
    play_end(&p);
    /* Before the first snapshot and the first block. */
    play_start(&p, &(struct fixture_options){.status = DEPLOY_PENDING}, 4, 60);
    pane_logs.free_state(p.pane);
    p.pane = pane_logs.new_state();
    p.u.is_loaded = false;
    pane_logs.draw(p.pane, &p.u, p.cv, canvas_rect(p.cv));
    p.u.is_loaded = true;
    play_end(&p);
}
END_TEST

START_TEST(events_and_back)
{
    struct play p;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT}, 8, 80);
    ck_assert(press(&p, CMD_EVENTS));
    golden(&p, "logs-events", GOLDEN_TEXT);
    ck_assert(press(&p, CMD_EVENTS));
    check_row(&p, 7, "markup 39");
    play_end(&p);
}
END_TEST

/* ---- following and holding ------------------------------------------------------------------- */

START_TEST(new_lines_push_rows_up_unchanged)
{
    struct play p;
    struct cell was[10][118];

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT}, 10, 118);
    for (int row = 0; row < 10; row++)
        for (int col = 0; col < 118; col++)
            was[row][col] = *canvas_cell(p.cv, row, col);
    add_lines(&p, 3, "one line more", 'i');
    ring(&p);
    for (int row = 0; row < 7; row++)
        for (int col = 0; col < 118; col++)
            ck_assert_mem_eq(&was[row + 3][col], canvas_cell(p.cv, row, col), sizeof(struct cell));
    check_row(&p, 9, "one line more");
    play_end(&p);
}
END_TEST

START_TEST(moving_up_holds_and_new_lines_move_nothing)
{
    struct play p;
    char was[512], is[512];
    int row, col;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT}, 10, 80);
    check_title(&p, "release 13");
    row_text(&p, 0, was, sizeof was);
    ck_assert(press(&p, CMD_UP));
    check_title(&p, "held, 0 new: Space or End  release 13");
    ck_assert(canvas_cursor(p.cv, &row, &col));
    ck_assert_int_eq(row, 8);
    add_lines(&p, 21, "later", 'i');
    ring(&p);
    row_text(&p, 0, is, sizeof is);
    ck_assert_str_eq(was, is);
    check_title(&p, "held, 21 new: Space or End  release 13");
    ck_assert_int_eq(canvas_cell(p.cv, 8, 0)->role, ROLE_CURSOR);
    /* A resize keeps the first line. */
    resize(&p, 6, 60);
    resize(&p, 10, 80);
    row_text(&p, 0, is, sizeof is);
    ck_assert_str_eq(was, is);
    ck_assert(press(&p, CMD_HOLD));
    check_title(&p, "release 13");
    check_row(&p, 9, "later");
    ck_assert(press(&p, CMD_HOLD));
    check_title(&p, "held, 0 new: Space or End  release 13");
    check_row(&p, 9, "later");
    play_end(&p);
}
END_TEST

START_TEST(to_the_first_and_the_last)
{
    struct play p;
    int64_t first;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_log = 1000}, 10, 80);
    add_lines(&p, 1, "the very last", 'i');
    ring(&p);
    press(&p, CMD_HOME);
    first = world.serial;
    check_row(&p, 0, "11-20");
    golden(&p, "logs-first", GOLDEN_ROLES);
    press(&p, CMD_UP);
    press(&p, CMD_DOWN);
    ck_assert_int_eq(world.serial, first);
    for (int i = 0; i < 150; i++)
        press(&p, CMD_PAGE_DOWN);
    check_row(&p, 9, "the very last");
    for (int i = 0; i < 1100; i++)
        press(&p, CMD_UP);
    check_row(&p, 0, "11-20");
    press(&p, CMD_END);
    check_row(&p, 9, "the very last");
    check_title(&p, "release 13");
    play_end(&p);
}
END_TEST

/* ---- filters and searches -------------------------------------------------------------------- */

START_TEST(a_filter_is_seen_in_the_title)
{
    struct play p;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_log = -1}, 6, 80);
    add_lines(&p, 30, "quiet", 'i');
    add_lines(&p, 2, "no answer", 'e');
    add_lines(&p, 4, "quiet needle", 'i');
    ring(&p);
    type(&p, CMD_FILTER, "needle");
    check_title(&p, "4/36 /needle +2 errors hidden  release 13");
    golden(&p, "logs-filter", GOLDEN_ROLES);
    press(&p, CMD_INVERT);
    check_title(&p, "32/36 !/needle  release 13");
    /* Given up, it is what it was. */
    press(&p, CMD_FILTER);
    fake.live(fake.arg, "other");
    settle(&p);
    check_title(&p, "36/36 !/other  release 13");
    fake.fn(fake.arg, &p.u, NULL);
    see(&p);
    check_title(&p, "32/36 !/needle  release 13");
    ck_assert(press(&p, CMD_BACK));
    check_title(&p, "release 13");
    ck_assert(!press(&p, CMD_BACK));
    ck_assert(press(&p, CMD_INVERT));
    ck_assert_ptr_nonnull(strstr(fake.said, "no filter"));
    /* Narrow, the filter is the last to go. */
    type(&p, CMD_FILTER, "needle in a haystack");
    resize(&p, 6, 38);
    check_title(&p, "0/36 /needle in~ +2 err hidden");
    play_end(&p);
}
END_TEST

START_TEST(a_filter_keeps_the_place_of_who_reads)
{
    struct play p;
    char was[512];

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_log = -1}, 5, 80);
    for (int i = 0; i < 300; i++)
        add_lines(&p, 1, i % 10 ? "other" : i == 150 ? "number 150 it is" : "number", 'i');
    ring(&p);
    press(&p, CMD_HOME);
    for (int i = 0; i < 150; i++)
        press(&p, CMD_DOWN);
    for (int row = 0; row < 4; row++)
        press(&p, CMD_DOWN);
    for (int row = 0; row < 4; row++)
        press(&p, CMD_UP);
    row_text(&p, 0, was, sizeof was);
    check_row(&p, 0, "number 150 it is");
    type(&p, CMD_FILTER, "number");
    check_row(&p, 0, "number 150 it is");
    press(&p, CMD_BACK);
    check_row(&p, 0, "number 150 it is");
    play_end(&p);
}
END_TEST

START_TEST(a_search_lights_and_jumps)
{
    struct play p;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_log = -1}, 6, 80);
    ck_assert(press(&p, CMD_NEXT_MATCH));
    ck_assert_ptr_nonnull(strstr(fake.said, "nothing is searched"));
    for (int i = 0; i < 500; i++)
        add_lines(&p, 1, i == 100 ? "first needle, needle" : i == 495 ? "last needle" : "hay", 'i');
    ring(&p);
    type(&p, CMD_SEARCH, "needle");
    check_title(&p, "2 found needle  release 13");
    check_row(&p, 1, "last needle");
    golden(&p, "logs-search", GOLDEN_ROLES);
    press(&p, CMD_PREV_MATCH);
    check_title(&p, "2 found needle  held, 0 new: Space or End  release 13");
    check_row(&p, 1, "last needle");
    ck_assert_int_eq(canvas_cell(p.cv, 1, 0)->role, ROLE_CURSOR);
    press(&p, CMD_PREV_MATCH);
    check_row(&p, 3, "first needle, needle");
    golden(&p, "logs-search-first", GOLDEN_ROLES);
    fake.said[0] = '\0';
    press(&p, CMD_PREV_MATCH);
    ck_assert_ptr_nonnull(strstr(fake.said, "round the end"));
    press(&p, CMD_NEXT_MATCH);
    check_row(&p, 3, "first needle, needle");
    type(&p, CMD_SEARCH, "no such thing");
    press(&p, CMD_NEXT_MATCH);
    ck_assert_ptr_nonnull(strstr(fake.said, "no match"));
    check_row(&p, 3, "first needle, needle");
    play_end(&p);
}
END_TEST

START_TEST(too_expensive_is_said)
{
    struct play p;
    struct buf b;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_log = -1}, 6, 120);
    add_lines(&p, 3, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", 'i');
    add_lines(&p, 1, "aaaa", 'i');
    ring(&p);
    type(&p, CMD_FILTER, "(a+)+$");
    buf_init(&b, 0);
    pane_logs.title(p.pane, &p.u, &b);
    ck_assert_ptr_nonnull(strstr(buf_str(&b), "too expensive on 3 lines, not judged"));
    buf_release(&b);
    play_end(&p);
}
END_TEST

START_TEST(one_instance_alone)
{
    struct play p;
    char host[64];

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT}, 8, 80);
    fixture_host(&p.f, 2, host, sizeof host);
    press(&p, CMD_INSTANCE_LOG);
    ck_assert_ptr_nonnull(strstr(fake.said, "no instance"));
    str_copy(world.host, sizeof world.host, host);
    world.port = 8080;
    press(&p, CMD_INSTANCE_LOG);
    golden(&p, "logs-alone", GOLDEN_TEXT);
    press(&p, CMD_INSTANCE_LOG);
    check_title(&p, "release 13");
    play_end(&p);
}
END_TEST

/* ---- long lines ------------------------------------------------------------------------------ */

START_TEST(sideways_and_whole)
{
    struct play p;
    char text[400];
    struct buf b;

    memset(text, 'x', sizeof text - 1);
    memcpy(text, "\xe4\xb8\xad\xe6\x96\x87 begins", 13);
    memcpy(text + 380, "and ends", 8);
    text[399] = '\0';
    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT}, 6, 60);
    add_lines(&p, 1, text, 'i');
    ring(&p);
    golden(&p, "logs-long", GOLDEN_TEXT);
    for (int i = 0; i < 3; i++)
        press(&p, CMD_RIGHT);
    check_title(&p, "from column 49  release 13");
    for (int i = 0; i < 100; i++)
        press(&p, CMD_RIGHT);
    check_row(&p, 5, "and ends");
    /* The place is kept when lines come. */
    add_lines(&p, 1, text, 'i');
    ring(&p);
    check_row(&p, 5, "and ends");
    for (int i = 0; i < 100; i++)
        press(&p, CMD_LEFT);
    check_title(&p, "release 13");
    buf_init(&b, 0);
    ck_assert(pane_logs.copy(p.pane, &p.u, &b));
    ck_assert_str_eq(buf_str(&b), text);
    buf_release(&b);
    /* Whole. */
    press(&p, CMD_OPEN);
    ck_assert_ptr_nonnull(fake.dialog);
    int rows = 8, cols = 40;
    fake.dialog->size(fake.dialog_state, &p.u, &rows, &cols);
    ck_assert_int_eq(rows, 8);
    resize(&p, 8, 40);
    canvas_fill(p.cv, canvas_rect(p.cv), ROLE_DIALOG);
    fake.dialog->draw(fake.dialog_state, &p.u, p.cv, canvas_rect(p.cv), true);
    golden_check(p.cv, "logs-whole", GOLDEN_TEXT);
    ck_assert(fake.dialog->key(fake.dialog_state, &p.u, &(struct key){.kind = KEY_END}));
    canvas_fill(p.cv, canvas_rect(p.cv), ROLE_DIALOG);
    fake.dialog->draw(fake.dialog_state, &p.u, p.cv, canvas_rect(p.cv), true);
    golden_check(p.cv, "logs-whole-end", GOLDEN_TEXT);
    ck_assert(!fake.dialog->key(fake.dialog_state, &p.u, &(struct key){.kind = KEY_ENTER}));
    play_end(&p);
}
END_TEST

/* No rectangle and no order of commands brings it down. */
START_TEST(any_size_and_any_order)
{
    static const enum command all[] = {CMD_UP, CMD_DOWN, CMD_PAGE_UP, CMD_PAGE_DOWN, CMD_HOME,
                                       CMD_END, CMD_LEFT, CMD_RIGHT, CMD_HOLD, CMD_INVERT,
                                       CMD_NEXT_MATCH, CMD_PREV_MATCH, CMD_INSTANCE_LOG,
                                       CMD_EVENTS, CMD_BACK};
    struct play p;
    unsigned seed = 1;

    play_start(&p, &(struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_log = 400}, 6, 60);
    for (int i = 0; i < 1500; i++) {
        seed = seed * 1103515245U + 12345U;
        if (i % 17 == 0)
            resize(&p, (int)(seed >> 16) % 70, (int)(seed >> 20) % 130);
        if (i % 29 == 0)
            add_lines(&p, 3, "step on", 'e');
        if (i % 101 == 50)
            type(&p, i % 2 ? CMD_FILTER : CMD_SEARCH, i % 3 ? "e" : "step");
        pane_logs.command(p.pane, &p.u, all[(seed >> 16) % ARRAY_LEN(all)]);
        if (i % 3)
            see(&p);
        log_work_ring(p.work);
    }
    play_end(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pane_logs");
    TCase *t = tcase_create("pane");

    tcase_add_test(t, lines_in_columns);
    tcase_add_test(t, what_stands_where_there_is_nothing);
    tcase_add_test(t, events_and_back);
    tcase_add_test(t, new_lines_push_rows_up_unchanged);
    tcase_add_test(t, moving_up_holds_and_new_lines_move_nothing);
    tcase_add_test(t, to_the_first_and_the_last);
    tcase_add_test(t, a_filter_is_seen_in_the_title);
    tcase_add_test(t, a_filter_keeps_the_place_of_who_reads);
    tcase_add_test(t, a_search_lights_and_jumps);
    tcase_add_test(t, too_expensive_is_said);
    tcase_add_test(t, one_instance_alone);
    tcase_add_test(t, sideways_and_whole);
    tcase_add_test(t, any_size_and_any_order);
    suite_add_tcase(s, t);
    return suite_run(s);
}
