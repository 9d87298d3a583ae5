/* test_logs.c: the log worker against a real store: windows, counts, searches both ways, lines
 * that come meanwhile, wants that are dropped, patterns that are wrong or too expensive, bytes
 * that are no text. */
#include "config.h"

#include "ui/logs.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "../store/place.h"
#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"

/* Of LINES ids every tenth is of another group. A needle in every 1,000th line of ours, an error
 * every 500th (never the line of a needle). */
enum { LINES = 200000, BATCH = 2000, OURS = LINES - LINES / 10, BOUND_MS = 100000, ROWS = 50 };
static bool is_ours(int id) { return id % 10 != 0; }
static bool is_needle(int id) { return id % 1000 == 7; }
static bool is_error(int id) { return id % 500 == 3; }
enum { NEEDLES = LINES / 1000, ERRORS = LINES / 500 };

static struct place place;

static void append(struct store *s, const struct log_row *rows, int n)
{
    must(logs_append(s, rows, n, e));
}

static void make_lines(void)
{
    char text[BATCH][80];
    struct log_row rows[BATCH];
    struct store *s;

    place_init(&place);
    s = place_store(&place, STORE_CREATE);
    for (int id = 1; id <= LINES; id += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            int k = id + i;

            snprintf(text[i], sizeof text[i], "line %06d of the log %s", k,
                     is_needle(k) ? "with a Needle" : "");
            rows[i] = (struct log_row){
                .at = 1000 * (int64_t)k, .level = is_error(k) ? 'e' : 'i', .stream = 'o',
                .step = 1, .text = text[i], .text_len = (int64_t)strlen(text[i]), .port = 80,
                .deployment = is_ours(k) ? 7 : 8};
            rows[i].group = (char *)(uintptr_t)(is_ours(k) ? "shop" : "other");
            rows[i].host = (char *)(uintptr_t)(k % 4 ? "web01" : "web02");
        }
        append(s, rows, BATCH);
    }
    store_close(s);
}

static void drop_lines(void)
{
    place_release(&place);
}

/* ---- a reader that does what the pane does --------------------------------------------------- */

struct reader {
    struct logs *logs;
    int fd;
    struct log_want want;
    struct log_block *got; /* newest counts, with the lines that stand */
    int n_blocks, n_lines_blocks;
};

static void woken(void *arg)
{
    const struct reader *r = arg;

    eventfd_write(r->fd, 1);
}

static void reader_start_in(struct reader *r, const char *dir)
{
    struct err e = {0};

    memset(r, 0, sizeof *r);
    r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ck_assert_int_ge(r->fd, 0);
    r->logs = logs_start(dir, woken, r, &e);
    ck_assert_msg(r->logs != NULL, "%s", e.msg);
    str_copy(r->want.group, sizeof r->want.group, "shop");
    r->want.deployment = 7;
    r->want.rows = ROWS;
}

static void reader_begin(struct reader *r)
{
    reader_start_in(r, place.dir);
}

static void reader_end(struct reader *r)
{
    logs_stop(r->logs);
    log_block_free(r->got);
    close(r->fd);
}

static void ask(struct reader *r)
{
    r->want.serial++;
    logs_want(r->logs, &r->want);
}

static void take(struct reader *r)
{
    struct log_block *b = logs_take(r->logs);

    if (!b)
        return;
    if (b->serial != r->want.serial) {
        log_block_free(b);
        return;
    }
    r->n_blocks++;
    r->n_lines_blocks += b->has_lines;
    if (!b->has_lines && r->got && r->got->serial == b->serial) {
        b->lines = r->got->lines;
        b->n = r->got->n;
        r->got->lines = NULL;
        r->got->n = 0;
        b->has_lines = r->got->has_lines;
    }
    if (r->got && r->got->serial == b->serial && r->got->target && !b->target) {
        b->target = r->got->target;
        b->is_wrapped = r->got->is_wrapped;
    }
    log_block_free(r->got);
    r->got = b;
}

typedef bool (*block_fn)(const struct log_block *b);

static void await(struct reader *r, block_fn is_it)
{
    int64_t until = clock_mono_ms() + BOUND_MS;

    for (;;) {
        struct pollfd p = {.fd = r->fd, .events = POLLIN};
        eventfd_t n;

        take(r);
        if (r->got && r->got->serial == r->want.serial && is_it(r->got))
            return;
        ck_assert_msg(clock_mono_ms() < until, "no such block came; n %d of %lld found %lld %s",
                      r->got ? r->got->n : -1, r->got ? (long long)r->got->matches : -1LL,
                      r->got ? (long long)r->got->found : -1LL, r->got ? r->got->err.msg : "");
        if (poll(&p, 1, 100) > 0)
            eventfd_read(r->fd, &n);
    }
}

static bool is_window(const struct log_block *b) { return b->has_lines && !b->is_partial; }
static bool is_final(const struct log_block *b) { return is_window(b) && !b->is_counting; }
static bool is_wrong(const struct log_block *b) { return b->err.code != 0; }
static bool is_found(const struct log_block *b)
{
    return is_window(b) && (b->target || b->is_not_found);
}

static const struct log_block *look(struct reader *r, block_fn is_it)
{
    ask(r);
    await(r, is_it);
    return r->got;
}

static void filter(struct reader *r, const char *pattern, unsigned flags)
{
    str_copy(r->want.filter, sizeof r->want.filter, pattern);
    r->want.flags = flags;
}

static void check_rising(const struct log_block *b, bool (*is_in)(int id))
{
    for (int i = 0; i < b->n; i++) {
        ck_assert_msg(is_in((int)b->lines[i].id), "id %lld", (long long)b->lines[i].id);
        ck_assert(i == 0 || b->lines[i].id > b->lines[i - 1].id);
    }
}

/* ---- windows --------------------------------------------------------------------------------- */

START_TEST(the_end_is_followed)
{
    struct reader r;
    const struct log_block *b;

    reader_begin(&r);
    b = look(&r, is_window);
    ck_assert_int_eq(b->n, ROWS);
    ck_assert_int_eq(b->lines[b->n - 1].id, LINES - 1);
    ck_assert(b->is_at_end && !b->is_at_start && !b->is_counting);
    ck_assert_int_eq(b->first_id, 1);
    ck_assert_int_eq(b->last_id, LINES - 1);
    ck_assert_str_eq(b->lines[b->n - 1].host, "web01");
    ck_assert_int_eq(b->lines[b->n - 1].step, 1);
    check_rising(b, is_ours);
    reader_end(&r);
}
END_TEST

START_TEST(a_window_stands_around_its_anchor)
{
    struct reader r;
    const struct log_block *b;

    reader_begin(&r);
    r.want.anchor = 100001;
    r.want.above = 20;
    b = look(&r, is_window);
    ck_assert_int_eq(b->n, ROWS);
    ck_assert_int_eq(b->lines[20].id, 100001);
    ck_assert(!b->is_at_end && !b->is_at_start);
    /* Too few before it: more after it. */
    r.want.anchor = 4;
    b = look(&r, is_window);
    ck_assert_int_eq(b->n, ROWS);
    ck_assert_int_eq(b->lines[0].id, 1);
    ck_assert_int_eq(b->lines[3].id, 4);
    ck_assert(b->is_at_start && !b->is_at_end);
    /* Too few after it: more before it. */
    r.want.anchor = LINES - 3;
    b = look(&r, is_window);
    ck_assert_int_eq(b->n, ROWS);
    ck_assert_int_eq(b->lines[ROWS - 1].id, LINES - 1);
    ck_assert(b->is_at_end);
    check_rising(b, is_ours);
    reader_end(&r);
}
END_TEST

START_TEST(one_instance_alone)
{
    struct reader r;
    const struct log_block *b;
    int64_t all = 0;

    reader_begin(&r);
    str_copy(r.want.host, sizeof r.want.host, "web02");
    r.want.port = 80;
    b = look(&r, is_window);
    ck_assert_int_eq(b->n, ROWS);
    for (int i = 0; i < b->n; i++)
        ck_assert_str_eq(b->lines[i].host, "web02");
    filter(&r, "line", 0);
    b = look(&r, is_final);
    for (int id = 1; id <= LINES; id++)
        all += is_ours(id) && id % 4 == 0;
    ck_assert_int_eq(b->matches, all);
    r.want.port = 81;
    b = look(&r, is_final);
    ck_assert_int_eq(b->matches, 0);
    ck_assert_int_eq(b->n, 0);
    reader_end(&r);
}
END_TEST

/* ---- filters --------------------------------------------------------------------------------- */

START_TEST(a_filter_counts_exactly)
{
    struct reader r;
    const struct log_block *b;

    reader_begin(&r);
    filter(&r, "needle", 0);
    b = look(&r, is_final);
    ck_assert_int_eq(b->matches, NEEDLES);
    ck_assert_int_eq(b->looked_at, OURS);
    ck_assert_int_eq(b->total, OURS);
    ck_assert_int_eq(b->hidden_errors, ERRORS);
    ck_assert_int_eq(b->n, ROWS);
    ck_assert_int_eq(b->lines[ROWS - 1].id, LINES - 993);
    ck_assert_int_eq(b->lines[0].n_spans, 1);
    check_rising(b, is_needle);
    ck_assert(b->is_at_end && !b->is_at_start);
    reader_end(&r);
}
END_TEST

static bool is_no_needle(int id) { return is_ours(id) && !is_needle(id); }

START_TEST(an_inverted_filter_counts_too)
{
    struct reader r;
    const struct log_block *b;

    reader_begin(&r);
    filter(&r, "needle", LOG_INVERT);
    b = look(&r, is_final);
    ck_assert_int_eq(b->matches, OURS - NEEDLES);
    ck_assert_int_eq(b->hidden_errors, 0);
    check_rising(b, is_no_needle);
    ck_assert_int_eq(b->lines[0].n_spans, 0);
    reader_end(&r);
}
END_TEST

START_TEST(moving_in_what_a_filter_leaves)
{
    struct reader r;
    const struct log_block *b;
    int seen = 0;

    reader_begin(&r);
    filter(&r, "needle", 0);
    /* From the first on, before anything is counted. */
    r.want.anchor = 1;
    r.want.above = 5;
    b = look(&r, is_window);
    ck_assert_int_eq(b->lines[0].id, 7);
    ck_assert(b->is_at_start && !b->is_at_end);
    await(&r, is_final);
    b = r.got;
    while (!b->is_at_end) {
        check_rising(b, is_needle);
        seen += b->n - 6;
        r.want.anchor = b->lines[b->n - 1].id;
        b = look(&r, is_final);
    }
    /* The last window reaches back, so that it is full. */
    ck_assert_int_eq(b->n, ROWS);
    ck_assert_int_eq(b->lines[ROWS - 1].id, LINES - 993);
    ck_assert_int_ge(seen + b->n, NEEDLES);
    /* An anchor that the filter hides, in the middle. */
    r.want.anchor = 100011;
    r.want.above = 10;
    b = look(&r, is_final);
    ck_assert_int_eq(b->lines[10].id, 101007);
    ck_assert_int_eq(b->lines[9].id, 100007);
    reader_end(&r);
}
END_TEST

START_TEST(a_filter_that_leaves_little)
{
    struct reader r;
    const struct log_block *b;

    reader_begin(&r);
    filter(&r, "line 00[01]007", 0);
    b = look(&r, is_final);
    ck_assert_int_eq(b->n, 2);
    ck_assert(b->is_at_start && b->is_at_end);
    filter(&r, "nothing has this", 0);
    b = look(&r, is_final);
    ck_assert_int_eq(b->n, 0);
    ck_assert_int_eq(b->matches, 0);
    ck_assert_int_eq(b->hidden_errors, ERRORS);
    reader_end(&r);
}
END_TEST

/* ---- searches -------------------------------------------------------------------------------- */

static void step(struct reader *r, int64_t anchor, int way)
{
    r->want.anchor = anchor;
    r->want.step = way;
    r->want.above = 5;
    look(r, is_found);
}

START_TEST(a_search_goes_both_ways)
{
    struct reader r;

    reader_begin(&r);
    str_copy(r.want.search, sizeof r.want.search, "needle");
    step(&r, 0, -1);
    ck_assert_int_eq(r.got->target, LINES - 993);
    ck_assert(!r.got->is_wrapped);
    step(&r, r.got->target, -1);
    ck_assert_int_eq(r.got->target, LINES - 1993);
    step(&r, r.got->target, 1);
    ck_assert_int_eq(r.got->target, LINES - 993);
    /* Lines that do not match are there all the same. */
    ck_assert_int_eq(r.got->lines[5].id, LINES - 993);
    ck_assert_int_eq(r.got->lines[5].n_spans, 1);
    ck_assert_int_eq(r.got->lines[6].id, LINES - 992);
    step(&r, r.got->target, 1);
    ck_assert_int_eq(r.got->target, 7);
    ck_assert(r.got->is_wrapped);
    step(&r, 7, -1);
    ck_assert_int_eq(r.got->target, LINES - 993);
    ck_assert(r.got->is_wrapped);
    step(&r, 50000, 1);
    ck_assert_int_eq(r.got->target, 50007);
    await(&r, is_final);
    ck_assert_int_eq(r.got->found, NEEDLES);
    reader_end(&r);
}
END_TEST

START_TEST(a_search_within_a_filter)
{
    struct reader r;

    reader_begin(&r);
    filter(&r, "log with", 0);
    str_copy(r.want.search, sizeof r.want.search, "line 1[0-9]+7 ");
    step(&r, 0, 1);
    ck_assert_int_eq(r.got->target, 100007);
    ck_assert(r.got->is_wrapped);
    check_rising(r.got, is_needle);
    await(&r, is_final);
    ck_assert_int_eq(r.got->matches, NEEDLES);
    ck_assert_int_eq(r.got->found, NEEDLES / 2);
    reader_end(&r);
}
END_TEST

START_TEST(a_search_that_finds_nothing)
{
    struct reader r;

    reader_begin(&r);
    str_copy(r.want.search, sizeof r.want.search, "no such thing");
    step(&r, 1000, 1);
    ck_assert(r.got->is_not_found);
    ck_assert_int_eq(r.got->target, 0);
    ck_assert_int_eq(r.got->lines[5].id, 1001);
    reader_end(&r);
}
END_TEST

/* ---- wants that come one after the other ----------------------------------------------------- */

START_TEST(the_newest_want_wins)
{
    struct reader r;

    reader_begin(&r);
    for (int i = 0; i < 300; i++) {
        snprintf(r.want.filter, sizeof r.want.filter, "line .*%d.*(a|b)?", i);
        ask(&r);
    }
    filter(&r, "needle", 0);
    ask(&r);
    await(&r, is_final);
    ck_assert_int_eq(r.got->matches, NEEDLES);
    reader_end(&r);
}
END_TEST

START_TEST(it_stops_at_once)
{
    struct reader r;
    int64_t begun;

    reader_begin(&r);
    /* About a minute of work. */
    filter(&r, "(l|i|n|e| )+(\\w+\\s*)+[<>]", 0);
    ask(&r);
    poll(NULL, 0, 20);
    begun = clock_mono_ms();
    reader_end(&r);
    ck_assert_int_lt(clock_mono_ms() - begun, 10000);
}
END_TEST

/* ---- lines that come meanwhile --------------------------------------------------------------- */

static struct log_row row_of(const char *text, int64_t len, char level)
{
    struct log_row row = {.at = 5, .deployment = 7, .level = level, .stream = 'o', .step = -1};

    row.group = (char *)(uintptr_t)"shop";
    row.text = (char *)(uintptr_t)text;
    row.text_len = len;
    return row;
}

static void add_line(struct store *s, const char *text)
{
    struct log_row row = row_of(text, (int64_t)strlen(text), 'i');

    append(s, &row, 1);
}

static int64_t wanted_last, wanted_new, wanted_matches;
static bool has_last(const struct log_block *b)
{
    return b->has_lines && b->n && b->lines[b->n - 1].id == wanted_last;
}
static bool has_new(const struct log_block *b) { return b->new_lines == wanted_new; }
static bool has_matches(const struct log_block *b) { return b->matches == wanted_matches; }

START_TEST(lines_that_come_are_followed)
{
    struct place mine;
    struct reader r;
    struct store *s;

    place_init(&mine);
    s = place_store(&mine, STORE_CREATE);
    reader_start_in(&r, mine.dir);
    look(&r, is_window);
    ck_assert_int_eq(r.got->n, 0);
    ck_assert(r.got->is_at_start && r.got->is_at_end);
    for (int i = 0; i < 120; i++)
        add_line(s, i % 3 ? "plain" : "a needle");
    logs_ring(r.logs);
    wanted_last = 120;
    await(&r, has_last);
    ck_assert_int_eq(r.got->n, ROWS);
    /* Held: the window stays, the new ones are counted. */
    r.want.anchor = 60;
    r.want.above = 10;
    r.want.seen = 120;
    look(&r, is_window);
    ck_assert_int_eq(r.got->new_lines, 0);
    for (int i = 0; i < 33; i++)
        add_line(s, i % 3 ? "plain" : "a needle");
    logs_ring(r.logs);
    wanted_new = 33;
    await(&r, has_new);
    ck_assert_int_eq(r.got->lines[10].id, 60);
    /* With a filter only what it leaves is new. */
    filter(&r, "needle", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->new_lines, 11);
    ck_assert_int_eq(r.got->matches, 51);
    add_line(s, "one needle more");
    add_line(s, "no more");
    logs_ring(r.logs);
    wanted_matches = 52;
    await(&r, has_matches);
    ck_assert_int_eq(r.got->new_lines, 12);
    /* And followed it comes in at the end. */
    r.want.anchor = 0;
    r.want.seen = 0;
    look(&r, is_final);
    ck_assert_int_eq(r.got->lines[r.got->n - 1].id, 154);
    add_line(s, "the last needle");
    logs_ring(r.logs);
    wanted_last = 156;
    await(&r, has_last);
    ck_assert_int_eq(r.got->n, ROWS);
    ck_assert_int_eq(r.got->matches, 53);
    reader_end(&r);
    store_close(s);
    place_release(&mine);
}
END_TEST

/* ---- what a server may send ------------------------------------------------------------------ */

START_TEST(lines_on_which_a_pattern_is_too_expensive)
{
    struct place mine;
    struct reader r;
    struct store *s;
    char hard[64];

    place_init(&mine);
    s = place_store(&mine, STORE_CREATE);
    memset(hard, 'a', sizeof hard - 2);
    hard[62] = '!';
    hard[63] = '\0';
    for (int i = 0; i < 30; i++)
        add_line(s, i % 3 == 0 ? hard : i % 3 == 1 ? "aaaa" : "bbbb");
    reader_start_in(&r, mine.dir);
    filter(&r, "(a+)+$", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 10);
    ck_assert_int_eq(r.got->not_judged, 10);
    ck_assert(!r.got->is_given_up);
    /* Turned round, those that could not be judged are not "no match" either. */
    filter(&r, "(a+)+$", LOG_INVERT);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 10);
    ck_assert_int_eq(r.got->not_judged, 10);
    reader_end(&r);
    store_close(s);
    place_release(&mine);
}
END_TEST

START_TEST(a_pattern_is_given_up)
{
    struct place mine;
    struct reader r;
    struct store *s;
    struct log_row rows[500];
    char hard[64];

    place_init(&mine);
    s = place_store(&mine, STORE_CREATE);
    memset(hard, 'a', sizeof hard - 2);
    hard[62] = '!';
    hard[63] = '\0';
    for (int i = 0; i < 500; i++)
        rows[i] = row_of(hard, 63, 'e');
    for (int i = 0; i < 10; i++)
        append(s, rows, 500);
    reader_start_in(&r, mine.dir);
    filter(&r, "(a+)+$", 0);
    look(&r, is_final);
    ck_assert(r.got->is_given_up);
    ck_assert_int_gt(r.got->not_judged, 1000);
    ck_assert_int_lt(r.got->not_judged, 5000);
    /* Nothing hangs: the next question is answered. */
    filter(&r, "!", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 5000);
    reader_end(&r);
    store_close(s);
    place_release(&mine);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
    static const char bytes[] = "\xfe\xff one\x1b[2J\r\b \xe4\xb8 two \xed\xa0\x80 three\xc0";
    struct place mine;
    struct reader r;
    struct store *s;
    struct log_row row = row_of(bytes, sizeof bytes - 1, 'w');
    char *long_line = xmalloc(65536);

    place_init(&mine);
    s = place_store(&mine, STORE_CREATE);
    append(s, &row, 1);
    memset(long_line, 'x', 65536);
    memcpy(long_line + 65530, "needle", 6);
    row = row_of(long_line, 65536, 'i');
    for (int i = 0; i < 20; i++)
        append(s, &row, 1);
    row = row_of("", 0, 'i');
    append(s, &row, 1);
    reader_start_in(&r, mine.dir);
    look(&r, is_window);
    ck_assert_int_eq(r.got->n, 22);
    ck_assert_int_eq(r.got->lines[0].text_len, (int)sizeof bytes - 1);
    ck_assert_mem_eq(r.got->lines[0].text, bytes, sizeof bytes - 1);
    ck_assert_int_eq(r.got->lines[1].text_len, 65536);
    filter(&r, "TWO.*three", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 0);
    filter(&r, "one.*\\x1b", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 1);
    filter(&r, "needle$", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 20);
    ck_assert_int_eq(r.got->lines[0].spans[0].from, 65530);
    filter(&r, "^$", 0);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 1);
    reader_end(&r);
    store_close(s);
    place_release(&mine);
    free(long_line);
}
END_TEST

START_TEST(a_wrong_pattern_is_said_with_its_place)
{
    struct reader r;

    reader_begin(&r);
    filter(&r, "ab(c", 0);
    look(&r, is_wrong);
    ck_assert_int_eq(r.got->err.column, 5);
    ck_assert(!r.got->is_search_error && !r.got->has_lines && !r.got->is_counting);
    /* A wrong search leaves the lines. */
    filter(&r, "", 0);
    str_copy(r.want.search, sizeof r.want.search, "[");
    look(&r, is_wrong);
    await(&r, is_window);
    ck_assert(r.got->is_search_error);
    ck_assert_int_eq(r.got->n, ROWS);
    str_copy(r.want.search, sizeof r.want.search, "");
    look(&r, is_final);
    ck_assert_int_eq(r.got->err.code, 0);
    reader_end(&r);
}
END_TEST

/* ---- events ---------------------------------------------------------------------------------- */

static void add_event(struct store *s, const char *kind, const char *text, const char *driver)
{
    struct event_row ev = {.at = 9};

    ev.group = (char *)(uintptr_t)"shop";
    ev.kind = (char *)(uintptr_t)kind;
    ev.text = (char *)(uintptr_t)text;
    ev.driver = (char *)(uintptr_t)driver;
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    must(store_commit(s, e));
}

START_TEST(events_in_the_place_of_lines)
{
    struct place mine;
    struct reader r;
    struct store *s;

    place_init(&mine);
    s = place_store(&mine, STORE_CREATE);
    add_event(s, "release", "1.1.0 begins", "ann");
    add_event(s, "brake", "no answer of lb1", NULL);
    add_line(s, "a line");
    reader_start_in(&r, mine.dir);
    r.want.flags = LOG_EVENTS;
    look(&r, is_window);
    ck_assert_int_eq(r.got->n, 2);
    ck_assert_str_eq(r.got->lines[0].text, "release: 1.1.0 begins (ann)");
    ck_assert_str_eq(r.got->lines[1].text, "brake: no answer of lb1");
    ck_assert_int_eq(r.got->lines[1].level, 'w');
    filter(&r, "brake", LOG_EVENTS);
    look(&r, is_final);
    ck_assert_int_eq(r.got->matches, 1);
    add_event(s, "brake", "again", "bob");
    logs_ring(r.logs);
    wanted_matches = 2;
    await(&r, has_matches);
    r.want.flags = 0;
    filter(&r, "", 0);
    look(&r, is_window);
    ck_assert_str_eq(r.got->lines[0].text, "a line");
    reader_end(&r);
    store_close(s);
    place_release(&mine);
}
END_TEST

static void add_row(struct store *s, struct event_row ev)
{
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    must(store_commit(s, e));
}

/* Those of the group and of no group, by when they were written; another group's are not its. */
START_TEST(events_that_may_concern_it)
{
    char *kind = (char *)(uintptr_t)"config", *mine_name = (char *)(uintptr_t)"shop",
         *other = (char *)(uintptr_t)"pay", *host = (char *)(uintptr_t)"web01",
         *source = (char *)(uintptr_t)"events.d/flags";
    struct place mine;
    struct reader r;
    struct store *s;

    place_init(&mine);
    s = place_store(&mine, STORE_CREATE);
    add_row(s, (struct event_row){.at = 5000, .kind = kind, .text = kind, .group = mine_name,
                                  .host = host});
    add_row(s, (struct event_row){.at = 6000, .kind = kind, .text = kind, .group = other});
    add_row(s, (struct event_row){.at = 1000, .kind = kind, .text = kind, .source = source});
    reader_start_in(&r, mine.dir);
    str_copy(r.want.group, sizeof r.want.group, "shop");
    r.want.flags = LOG_EVENTS;
    look(&r, is_window);
    ck_assert_int_eq(r.got->n, 2);
    ck_assert_str_eq(r.got->lines[0].text, "config: config on web01");
    ck_assert_str_eq(r.got->lines[1].text, "config: config (events.d/flags)");
    ck_assert_int_eq(r.got->lines[1].at, 1000);
    reader_end(&r);
    store_close(s);
    place_release(&mine);
}
END_TEST

START_TEST(no_store_is_said)
{
    struct err e = {0};
    struct reader r = {0};

    ck_assert_ptr_null(logs_start("/nonexistent/store", woken, &r, &e));
    ck_assert_int_ne(e.code, 0);
    ck_assert_int_gt((int)strlen(e.msg), 0);
    logs_stop(NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("logs");
    TCase *big = tcase_create("200,000 lines");
    TCase *small = tcase_create("few lines");

    tcase_add_unchecked_fixture(big, make_lines, drop_lines);
    tcase_add_test(big, the_end_is_followed);
    tcase_add_test(big, a_window_stands_around_its_anchor);
    tcase_add_test(big, one_instance_alone);
    tcase_add_test(big, a_filter_counts_exactly);
    tcase_add_test(big, an_inverted_filter_counts_too);
    tcase_add_test(big, moving_in_what_a_filter_leaves);
    tcase_add_test(big, a_filter_that_leaves_little);
    tcase_add_test(big, a_search_goes_both_ways);
    tcase_add_test(big, a_search_within_a_filter);
    tcase_add_test(big, a_search_that_finds_nothing);
    tcase_add_test(big, the_newest_want_wins);
    tcase_add_test(big, it_stops_at_once);
    tcase_add_test(big, a_wrong_pattern_is_said_with_its_place);
    suite_add_tcase(s, big);
    tcase_add_test(small, lines_that_come_are_followed);
    tcase_add_test(small, lines_on_which_a_pattern_is_too_expensive);
    tcase_add_test(small, a_pattern_is_given_up);
    tcase_add_test(small, bytes_that_are_no_text);
    tcase_add_test(small, events_in_the_place_of_lines);
    tcase_add_test(small, events_that_may_concern_it);
    tcase_add_test(small, no_store_is_said);
    suite_add_tcase(s, small);
    return suite_run(s);
}
