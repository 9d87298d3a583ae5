/* test_log_index.c: the lists of ids and the index over them, against what a plain count over all
 * lines says: with lists that forget, from any place, counted wholly, in part or not at all, and
 * with lines that come. */
#include "config.h"

#include "ui/log_index.h"

#include <stdlib.h>
#include <string.h>

#include "../store/place.h"
#include "base/mem.h"
#include "suite.h"
#include "ui/log_ids.h"

enum { LINES = 3000, MORE = 400, SOME = 30 };

/* ---- lists ----------------------------------------------------------------------------------- */

START_TEST(a_list_grows_at_both_ends)
{
    struct log_ids l;

    log_ids_init(&l, 1000, 500);
    for (int64_t id = 499; id > 0; id -= 2)
        log_ids_add_down(&l, id);
    for (int64_t id = 501; id < 600; id += 2)
        log_ids_add_up(&l, id);
    ck_assert_uint_eq(log_ids_count(&l), 300);
    for (size_t i = 0; i < 300; i++)
        ck_assert_int_eq(log_ids_at(&l, i), 1 + 2 * (int64_t)i);
    ck_assert_uint_eq(log_ids_lower(&l, 0), 0);
    ck_assert_uint_eq(log_ids_lower(&l, 2), 1);
    ck_assert_uint_eq(log_ids_lower(&l, 499), 249);
    ck_assert_uint_eq(log_ids_lower(&l, 10000), 300);
    log_ids_reach(&l, 0);
    ck_assert_int_eq(l.floor, 0);
    log_ids_release(&l);
}
END_TEST

START_TEST(a_list_forgets_the_old_end)
{
    struct log_ids l;

    log_ids_init(&l, 10, 100);
    for (int64_t id = 99; id > 79; id--)
        log_ids_add_down(&l, id);
    log_ids_reach(&l, 0);
    ck_assert(l.is_cut);
    ck_assert_int_eq(l.floor, 90);
    ck_assert_uint_eq(log_ids_count(&l), 10);
    log_ids_add_up(&l, 100);
    ck_assert_uint_eq(log_ids_count(&l), 1);
    ck_assert_int_eq(l.floor, 100);
    for (int64_t id = 101; id < 1000; id++)
        log_ids_add_up(&l, id);
    ck_assert_uint_le(log_ids_count(&l), 10);
    ck_assert_int_eq(l.floor, log_ids_at(&l, 0));
    ck_assert_int_eq(log_ids_at(&l, log_ids_count(&l) - 1), 999);
    log_ids_release(&l);
}
END_TEST

/* ---- the index ------------------------------------------------------------------------------- */

struct bench {
    struct place place;
    struct store *s;
    struct log_source *src;
    struct log_index *ix;
    int64_t last;
    int allow;              /* so many lines may be looked at before it is interrupted; -1: all */
};

static bool is_interrupted(void *arg)
{
    struct bench *b = arg;

    if (b->allow < 0)
        return false;
    return b->allow == 0 || b->allow-- == 0;
}

static void progress(void *arg)
{
    (void)arg;
}

static bool is_ours(int64_t id) { return id % 3 != 0; }
static bool is_kept(int64_t id) { return is_ours(id) && id % 7 == 1; }
static bool is_found(int64_t id) { return is_kept(id) && id % 5 == 2; }

static void append(struct bench *b, int n)
{
    struct log_row row = {.level = 'i', .stream = 'f', .step = -1};
    char text[64];

    for (int i = 0; i < n; i++) {
        struct err e = {0};
        int64_t id = ++b->last;

        snprintf(text, sizeof text, "%s %s", is_kept(id) ? "keep" : "-",
                 is_found(id) ? "find" : "-");
        row.group = (char *)(uintptr_t)(is_ours(id) ? "shop" : "other");
        row.deployment = is_ours(id) ? 1 : 2;
        row.text = text;
        row.text_len = (int64_t)strlen(text);
        ck_assert_msg(logs_append(b->s, &row, 1, &e) == 0, "%s", e.msg);
    }
}

static void bench_init(struct bench *b, size_t max)
{
    struct log_index_host host = {is_interrupted, progress, b};
    struct log_want want = {.group = "shop", .deployment = 1};
    struct err e = {0};
    bool is_search;

    memset(b, 0, sizeof *b);
    b->allow = -1;
    place_init(&b->place);
    b->s = place_store(&b->place, STORE_CREATE);
    append(b, LINES);
    b->src = log_source_new(b->s);
    log_source_name(b->src, &want);
    b->ix = log_index_new(b->src, &host, max);
    ck_assert_int_eq(log_index_ask(b->ix, "keep", "find", false, b->last, &is_search, &e), 0);
}

static void bench_release(struct bench *b)
{
    log_index_free(b->ix);
    log_source_free(b->src);
    store_close(b->s);
    place_release(&b->place);
}

static void check_before(struct bench *b, enum log_which which, int64_t from)
{
    bool (*is_in)(int64_t id) = which == LOG_KEPT ? is_kept : is_found;
    int64_t ids[SOME], id = from > b->last ? b->last + 1 : from;
    struct err e = {0};
    int n = 0;
    enum log_got got = log_index_before(b->ix, which, from, ids, &n, SOME, &e);

    for (int i = 0; i < n; i++) {
        do {
            id--;
        } while (id > 0 && !is_in(id));
        ck_assert_int_eq(ids[i], id);
    }
    if (n == SOME) {
        ck_assert_int_eq(got, LOG_GOT_ALL);
        return;
    }
    ck_assert_int_eq(got, LOG_GOT_END);
    while (--id > 0)
        ck_assert(!is_in(id));
}

static void check_after(struct bench *b, enum log_which which, int64_t from)
{
    bool (*is_in)(int64_t id) = which == LOG_KEPT ? is_kept : is_found;
    int64_t ids[SOME], id = from;
    struct err e = {0};
    int n = 0;
    enum log_got got = log_index_after(b->ix, which, from, ids, &n, SOME, &e);

    for (int i = 0; i < n; i++) {
        do {
            id++;
        } while (id <= b->last && !is_in(id));
        ck_assert_int_eq(ids[i], id);
    }
    if (n == SOME) {
        ck_assert_int_eq(got, LOG_GOT_ALL);
        return;
    }
    ck_assert_int_eq(got, LOG_GOT_END);
    while (++id <= b->last)
        ck_assert(!is_in(id));
}

static void check_places(struct bench *b)
{
    for (int64_t from = 1; from <= b->last + 2; from += 137) {
        check_after(b, LOG_KEPT, from);
        check_after(b, LOG_FOUND, from);
        check_before(b, LOG_KEPT, from);
        check_before(b, LOG_FOUND, from);
    }
    check_before(b, LOG_KEPT, INT64_MAX);
    check_after(b, LOG_FOUND, 0);
}

static void check_tally(struct bench *b)
{
    struct log_tally t;
    int64_t ours = 0, kept = 0, found = 0;

    for (int64_t id = 1; id <= b->last; id++) {
        ours += is_ours(id);
        kept += is_kept(id);
        found += is_found(id);
    }
    log_index_tally(b->ix, &t);
    ck_assert_int_eq(t.looked_at, ours);
    ck_assert_int_eq(t.matches, kept);
    ck_assert_int_eq(t.found, found);
    ck_assert_int_eq(t.lo, 0);
}

static void count_all(struct bench *b)
{
    struct err e = {0};

    while (!log_index_is_counted(b->ix))
        ck_assert_int_ne(log_index_count(b->ix, &e), LOG_GOT_ERROR);
}

/* How many ids are kept: all, some, two. */
static const size_t maxima[] = {LOG_IDS_MAX, 60, 2};

START_TEST(every_place_is_right)
{
    struct bench b;
    struct err e = {0};

    bench_init(&b, maxima[_i]);
    /* Upward first: nothing is counted yet, and nothing is by it. */
    for (int64_t from = 0; from <= b.last; from += 311)
        check_after(&b, LOG_FOUND, from);
    /* Broken off again and again, each line counts once. */
    for (int i = 0; i < 5; i++) {
        b.allow = 150;
        log_index_count(b.ix, &e);
    }
    b.allow = -1;
    check_places(&b);
    count_all(&b);
    check_tally(&b);
    check_places(&b);
    append(&b, MORE);
    b.allow = 50;
    ck_assert_int_eq(log_index_absorb(b.ix, b.last, &e), LOG_GOT_BREAK);
    b.allow = -1;
    ck_assert_int_eq(log_index_absorb(b.ix, b.last, &e), LOG_GOT_END);
    check_tally(&b);
    check_places(&b);
    bench_release(&b);
}
END_TEST

START_TEST(new_ones_are_counted)
{
    struct bench b;
    struct err e = {0};
    int64_t seen, kept = 0;

    bench_init(&b, LOG_IDS_MAX);
    count_all(&b);
    seen = b.last;
    append(&b, MORE);
    log_index_absorb(b.ix, b.last, &e);
    for (int64_t id = seen + 1; id <= b.last; id++)
        kept += is_kept(id);
    ck_assert_int_eq(log_index_count_after(b.ix, seen), kept);
    bench_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("log_index");
    TCase *t = tcase_create("index");

    tcase_add_test(t, a_list_grows_at_both_ends);
    tcase_add_test(t, a_list_forgets_the_old_end);
    tcase_add_loop_test(t, every_place_is_right, 0, (int)ARRAY_LEN(maxima));
    tcase_add_test(t, new_ones_are_counted);
    suite_add_tcase(s, t);
    return suite_run(s);
}
