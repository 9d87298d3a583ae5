/* test_hostile.c: the screen in front of snapshots and answers that no sound store and engine would
 * give: nothing in them, everything at once, words that would command a terminal, times of other
 * centuries, lists cut off, a group that is gone while its dialog is open. It may show nonsense; it
 * shows only printable cells, does nothing that nobody pressed (play.c sees to that), and lives. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dice.h"
#include "play.h"
#include "suite.h"
#include "ui/snapshot_int.h"

enum { SEEDS = 6, TURNS = 30, KEYS_A_TURN = 12, FIELDS = 40000 };

static struct play p;
static void is_printable(void)
{
    struct buf b;

    buf_init(&b, 0);
    canvas_dump(p.cv, &b);
    for (char *line = b.p, *end; b.len && *line; line = end + 1) {
        end = strchr(line, '\n');
        if (!end)
            break;
        ck_assert_msg(text_is_safe((struct raw){line, (size_t)(end - line)}), "not safe: %.*s",
                      (int)(end - line), line);
    }
    buf_release(&b);
}

static void draw_everywhere(void)
{
    static const int sizes[][2] = {{16, 60}, {23, 80}, {24, 80}, {40, 120}, {60, 200}, {15, 59},
                                   {1, 1}};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        play_resize(&p, sizes[i][0], sizes[i][1]);
        is_printable();
        (void)screen_next(p.screen);
    }
    play_resize(&p, 40, 120);
}

static void press_all(void)
{
    static const char *const names[] = {
        "1", "2", "3", "4", "5", "6", "Up", "Down", "PgDn", "End", "Home", "Enter", "Esc", "z",
        "z", "Tab", "/", "w", "Esc", "n", "p", "Space", "Space", "i", "e", "}", "{", "y", "w", "c",
        "?", "Esc", "N", "Esc", "K", "Esc", "T", "Esc", "U", "Esc", "X", "Esc"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        play_key(&p, names[i]);
}

/* ---- nothing --------------------------------------------------------------------------------- */

START_TEST(nothing_at_all)
{
    play_init(&p, &(struct fixture_options){.status = DEPLOY_SMOKE_SUCCESS}, 40, 120, CANVAS_UTF8);
    int acts = p.n_acts;
    for (int i = 0; i < 4; i++) {
        struct snapshot_want nowhere = {.serial = p.want.serial};
        screen_snapshot(p.screen, snapshot_empty(i % 2 ? &p.want : &nowhere,
                                                 i < 2 ? NULL : "disk I/O error"));
        play_draw(&p);
        draw_everywhere();
        press_all();
        play_wait(&p, 1000);
    }
    ck_assert_int_eq(p.n_acts, acts);
    play_release(&p);
}
END_TEST

/* A group that never had a release, a sample, or another group beside it. */
START_TEST(nothing_yet)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS, .is_never = true, .n_history = -1,
                                .n_groups = -1, .n_consoles = -1, .n_log = -1,
                                .sample_age_ms = -1};

    o.n = 1 + _i * 3;
    play_init(&p, &o, 40, 120, CANVAS_UTF8);
    draw_everywhere();
    press_all();
    ck_assert_int_eq(p.n_acts, 0);
    play_release(&p);
}
END_TEST

/* ---- gone while a dialog is open ------------------------------------------------------------- */

static void y_does_nothing(int acts)
{
    play_draw(&p);
    play_key(&p, "Y");
    play_wait(&p, ARM_MS);
    play_draw(&p);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, acts);
}

START_TEST(gone_under_a_dialog)
{
    static const char *const keys[] = {"K", "X", "U"};
    struct snapshot_want nowhere = {.history = 200};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        play_init(&p, &(struct fixture_options){.status = DEPLOY_BAKE_SUCCESS}, 24, 80, 0);
        int acts = p.n_acts;
        play_arm(&p, keys[i]);
        screen_snapshot(p.screen, snapshot_empty(&nowhere, NULL));
        y_does_nothing(acts);
        draw_everywhere();
        play_release(&p);
    }
}
END_TEST

/* The reader answers with another group: one that was wanted before, or whose turn it never was. */
START_TEST(another_under_a_dialog)
{
    static const char *const keys[] = {"K", "X", "U"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        play_init(&p, &(struct fixture_options){.status = DEPLOY_BAKE_SUCCESS}, 24, 80, 0);
        struct snapshot_want other = p.want;
        int acts = p.n_acts;
        play_arm(&p, keys[i]);
        str_copy(other.group, sizeof other.group, "pay-api");
        screen_snapshot(p.screen, fixture_snapshot_of(&p.f, &other, 2000));
        y_does_nothing(acts);
        play_release(&p);
    }
}
END_TEST

/* Out of the inventory, with its release still open: that one can be driven to its end. */
START_TEST(out_of_the_inventory)
{
    static const char *const keep[] = {"pay-api"};
    struct err e = {0};

    play_init(&p, &(struct fixture_options){.status = DEPLOY_BAKE_SUCCESS}, 24, 80, 0);
    play_key(&p, "K");
    ck_assert_int_eq(store_begin(p.f.store, &e), 0);
    ck_assert_int_eq(groups_mark_gone(p.f.store, keep, 1, &e), 0);
    ck_assert_int_eq(store_commit(p.f.store, &e), 0);
    play_snapshot(&p);
    draw_everywhere();
    play_resize(&p, 24, 80);
    play_wait(&p, ARM_MS);
    play_draw(&p);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_CONTINUE);
    play_release(&p);
}
END_TEST

/* ---- much ------------------------------------------------------------------------------------ */

START_TEST(a_thousand_instances)
{
    struct fixture_options o = {.status = _i ? DEPLOY_SUCCESS : DEPLOY_ROLLING_OUT, .n = 1000,
                                .n_history = 60, .n_sick = 200, .names = NAMES_CHINESE};

    play_init(&p, &o, 40, 120, CANVAS_UTF8);
    draw_everywhere();
    press_all();
    play_key(&p, "Esc");
    play_key(&p, "2");
    play_key(&p, "z");
    for (int i = 0; i < 40; i++) {
        play_key(&p, i % 2 ? "PgDn" : "Down");
        play_snapshot(&p);
        play_draw(&p);
    }
    play_key(&p, "End");
    is_printable();
    play_release(&p);
}
END_TEST

/* ---- words and figures ----------------------------------------------------------------------- */

/* Every field of a snapshot that a store could hold otherwise. */
struct fields {
    char **text[FIELDS];
    int64_t *number[FIELDS];
    int *count[FIELDS];
    int n_text, n_number, n_count;
};

static void add_text(struct fields *f, char **text)
{
    if (f->n_text < FIELDS)
        f->text[f->n_text++] = text;
}

static void add_number(struct fields *f, int64_t *number)
{
    if (f->n_number < FIELDS)
        f->number[f->n_number++] = number;
}

static void add_count(struct fields *f, int *count)
{
    if (f->n_count < FIELDS)
        f->count[f->n_count++] = count;
}

static void add_deployment(struct fields *f, struct deployment_row *d)
{
    add_text(f, &d->from_version);
    add_text(f, &d->brake_text);
    add_text(f, &d->waiting);
    add_text(f, &d->driver);
    add_text(f, &d->why);
    add_text(f, &d->summary);
    add_number(f, &d->brake_at);
    add_number(f, &d->interval_until);
    add_number(f, &d->waiting_since);
    add_number(f, &d->work_ms);
    add_number(f, &d->started);
    add_number(f, &d->ended);
    add_number(f, &d->id);
    add_count(f, &d->batch);
    add_count(f, &d->n_batches);
}

static void add_view(struct fields *f, struct view *v)
{
    if (v->deployment)
        add_deployment(f, v->deployment);
    add_text(f, &v->brake_text);
    add_number(f, &v->brake_at);
    add_count(f, &v->deploy.batch);
    add_count(f, &v->deploy.n_batches);
    for (int i = 0; i < v->n_targets; i++) {
        struct target_row *t = &v->targets[i];
        add_text(f, &t->version_before);
        add_text(f, &t->version_now);
        add_text(f, &t->traffic);
        add_text(f, &t->error);
        add_text(f, &t->progress);
        add_text(f, &t->exclude_why);
        add_number(f, &t->traffic_at);
        add_number(f, &t->updated);
        add_count(f, &t->batch);
        add_count(f, &t->port);
        add_count(f, &t->traffic_sessions);
    }
    for (int i = 0; i < v->n_instances; i++) {
        add_text(f, &v->instances[i].version);
        add_text(f, &v->instances[i].traffic);
        add_text(f, &v->instances[i].health);
        add_number(f, &v->instances[i].at);
        add_number(f, &v->instances[i].ledger_since);
        add_count(f, &v->instances[i].sessions);
        add_count(f, &v->instances[i].port);
    }
    for (int i = 0; i < v->n_ledger; i++) {
        add_text(f, &v->ledger[i].why);
        add_number(f, &v->ledger[i].since);
        add_count(f, &v->ledger[i].port);
    }
    for (int i = 0; i < v->n_versions; i++) {
        add_text(f, &v->versions[i].version);
        add_count(f, &v->versions[i].count);
    }
}

static void add_rest(struct fields *f, struct snapshot *s)
{
    for (int i = 0; i < s->n_samples; i++) {
        add_text(f, &s->samples[i].health_text);
        add_text(f, &s->samples[i].version);
        add_text(f, &s->samples[i].system_error);
        add_number(f, &s->samples[i].health_at);
        add_number(f, &s->samples[i].health_since);
        add_number(f, &s->samples[i].latency_ms);
        add_number(f, &s->samples[i].load_milli);
        add_number(f, &s->samples[i].mem_used_kib);
        add_number(f, &s->samples[i].mem_total_kib);
        add_number(f, &s->samples[i].uptime_s);
        add_number(f, &s->samples[i].system_at);
    }
    for (int i = 0; i < s->n_journal; i++) {
        add_text(f, &s->journal[i].reason);
        add_number(f, &s->journal[i].intent_at);
        add_number(f, &s->journal[i].ended_at);
        add_count(f, &s->journal[i].attempt);
    }
    for (int i = 0; i < s->n_history; i++)
        add_deployment(f, &s->history[i]);
    for (int i = 0; i < s->n_consoles; i++) {
        add_text(f, &s->consoles[i].driver);
        add_text(f, &s->consoles[i].tty);
        add_text(f, &s->consoles[i].tmux);
        add_number(f, &s->consoles[i].since);
    }
    for (int i = 0; i < s->n_actions; i++) {
        add_text(f, &s->actions[i].driver);
        add_text(f, &s->actions[i].verdict_text);
        add_text(f, &s->actions[i].args);
        add_number(f, &s->actions[i].at);
    }
    for (int i = 0; i < s->n_events; i++) {
        add_text(f, &s->events[i].group);
        add_text(f, &s->events[i].driver);
        add_number(f, &s->events[i].at);
    }
    for (int i = 0; i < s->n_groups; i++) {
        add_text(f, &s->groups[i].environment);
        add_text(f, &s->groups[i].version);
        add_count(f, &s->groups[i].n_sick);
        add_count(f, &s->groups[i].n_ledger);
    }
    for (int i = 0; i < STEP_COUNT; i++)
        add_number(f, &s->usual_step_ms[i]);
    add_number(f, &s->usual_total_ms);
    add_number(f, &s->usual_work_ms);
    add_number(f, &s->engine_heartbeat);
    add_text(f, &s->engine_owner);
}

/* Longer than any column of the store lets through. */
static char *long_text(void)
{
    size_t n = 2000 + dice(7000);
    char *text = xmalloc(n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = (char)(1 + dice(255));
    text[n] = '\0';
    return text;
}

static char *bad_text(void)
{
    static const char *const texts[] = {
        "", " ", "\033[2J\033[H", "\033]0;owned\a", "\033P1$r\033\\", "a\r\nb\tc", "\x9b" "31m",
        "\xff\xfe\xc0\x80", "\xe2\x80\xae" "drawkcab", "\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9",
        "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
        "\xe5\x8f\x91\xe5\xb8\x83", "%s%n%d%99999d", "\xe5\x8f", "\b\b\b\x7f", "1.0.0", "\x0e\x0f"};

    return dice(6) ? xstrdup(texts[dice(ARRAY_LEN(texts))]) : long_text();
}

static int64_t bad_number(void)
{
    static const int64_t numbers[] = {0, 1, -1, INT32_MAX, INT32_MIN, FIXTURE_WALL + 1,
                                      FIXTURE_WALL - 86400000, 4102444800000, 253402300799999,
                                      -62135596800000, INT64_MAX / 4000, INT64_MIN / 4000};

    return numbers[dice(ARRAY_LEN(numbers))];
}

static int bad_count(void)
{
    static const int counts[] = {0, 1, -1, 2, 3, 1000, 65535, -1000, INT32_MAX, INT32_MIN};

    return counts[dice(ARRAY_LEN(counts))];
}

static void garble(struct fields *f, unsigned of_1000)
{
    for (int i = 0; i < f->n_text; i++) {
        if (dice(1000) >= of_1000)
            continue;
        free(*f->text[i]);
        *f->text[i] = dice(3) ? bad_text() : NULL;
    }
    for (int i = 0; i < f->n_number; i++)
        if (dice(1000) < of_1000)
            *f->number[i] = bad_number();
    for (int i = 0; i < f->n_count; i++)
        if (dice(1000) < of_1000)
            *f->count[i] = bad_count();
}

/* Lists that end before they begin. */
static void cut_off(struct snapshot *s)
{
    if (dice(4) == 0) {
        history_ref_drop(s->body->history);
        s->body->history = NULL;
        s->history = NULL;
        s->n_history = 0;
        s->candidate = -1;
    }
    if (dice(4) == 0) {
        journal_rows_free(s->journal, s->n_journal);
        s->journal = NULL;
        s->n_journal = 0;
    }
    if (dice(4) == 0) {
        sample_rows_free(s->samples, s->n_samples);
        s->samples = NULL;
        s->n_samples = 0;
    }
    if (dice(6) == 0) {
        target_rows_free(s->present.targets, s->present.n_targets);
        s->present.targets = NULL;
        s->present.n_targets = s->present.deploy.n_targets = 0;
    }
    if (dice(6) == 0) {
        instance_rows_free(s->present.instances, s->present.n_instances);
        s->present.instances = NULL;
        s->present.n_instances = 0;
    }
}

static struct snapshot *hostile_snapshot(struct fields *f)
{
    struct snapshot *s = fixture_snapshot_of(&p.f, &p.want, p.wall - FIXTURE_WALL);
    static const unsigned chances[] = {5, 50, 300, 1000};

    cut_off(s);
    f->n_text = f->n_number = f->n_count = 0;
    add_view(f, &s->present);
    add_view(f, &s->past);
    add_rest(f, s);
    garble(f, chances[dice(ARRAY_LEN(chances))]);
    free(s->body->spots);
    s->body->spots = NULL;
    if (dice(2))
        snapshot_index(s);
    return s;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The keys that dialogs look for, with what they do not expect. */
static json_t *bad_answer(int depth)
{
    static const char *const keys[] = {
        "group", "version", "versions", "from", "n", "limit", "max_out", "sha256", "batches",
        "steps", "warnings", "says", "to", "leaves", "candidates", "instances", "host", "port",
        "date", "cached", "trouble", "size", "mtime", "bad", "running", "error", "message",
        "refused", "index", "canary", "targets", "step", "lines", "skipped", "ok"};
    json_t *j;
    char *text;

    switch (dice(depth > 3 ? 5 : 8)) {
    case 0: return json_integer(bad_number());
    case 1: return json_null();
    case 2: return dice(2) ? json_true() : json_real(1e300);
    case 3: return json_string("\x1b[2J 1.0.0");
    case 4:
        text = long_text();
        for (char *c = text; *c; c++)
            *c = (char)(*c & 0x7f ? *c & 0x7f : '?');
        j = json_string(text);
        free(text);
        return j;
    case 5:
        j = json_array();
        for (unsigned i = dice(5); i > 0; i--)
            json_array_append_new(j, bad_answer(depth + 1));
        return j;
    default:
        j = json_object();
        for (unsigned i = dice(ARRAY_LEN(keys)); i > 0; i--)
            json_object_set_new(j, keys[dice(ARRAY_LEN(keys))], bad_answer(depth + 1));
        return j;
    }
}

static void random_key(void)
{
    static const char *const names[] = {
        "N", "X", "K", "T", "U", "Y", "Y", "1", "2", "3", "4", "5", "6", "Tab", "Up", "Down",
        "Left", "Right", "PgUp", "PgDn", "Home", "End", "Enter", "Enter", "Esc", "z", "/", "n",
        "p", "Space", "i", "e", "{", "}", "d", "c", "y", "w", "?", "Backspace", "a", "1", "."};

    play_key(&p, names[dice(ARRAY_LEN(names))]);
}

static void turn(struct fields *f)
{
    screen_snapshot(p.screen, hostile_snapshot(f));
    for (int k = 0; k < KEYS_A_TURN; k++) {
        play_wait(&p, dice(600));
        play_draw(&p);
        random_key();
        if (p.asked && dice(2)) {
            screen_answer(p.screen, p.asked, bad_answer(0), NULL);
            play_draw(&p);
            play_wait(&p, ARM_MS);
        }
        if (dice(8) == 0)
            draw_everywhere();
        (void)screen_next(p.screen);
    }
    is_printable();
}

START_TEST(words_and_figures)
{
    static const enum deploy_status statuses[SEEDS] = {
        DEPLOY_PENDING, DEPLOY_SMOKE_SUCCESS, DEPLOY_ROLLING_OUT, DEPLOY_ROLLOUT_FAILURE,
        DEPLOY_SUCCESS, DEPLOY_INTERRUPTED};
    struct fixture_options o = {.status = statuses[_i % SEEDS], .n_consoles = 3, .n_groups = 2,
                                .brake = _i == 2 ? BRAKE_OPERATOR : BRAKE_NONE, .n_sick = 2};
    struct fields *f = xcalloc(1, sizeof *f);

    dice_seed = 88172645463325252u + (uint64_t)_i * 7919;
    play_init(&p, &o, 40, 120, CANVAS_UTF8);
    for (int i = 0; i < TURNS && !screen_is_over(p.screen); i++)
        turn(f);
    free(f);
    play_release(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hostile");
    TCase *t = tcase_create("hostile");

    tcase_add_test(t, nothing_at_all);
    tcase_add_loop_test(t, nothing_yet, 0, 3);
    tcase_add_test(t, gone_under_a_dialog);
    tcase_add_test(t, another_under_a_dialog);
    tcase_add_test(t, out_of_the_inventory);
    tcase_add_loop_test(t, a_thousand_instances, 0, 2);
    tcase_add_loop_test(t, words_and_figures, 0, SEEDS);
    suite_add_tcase(s, t);
    return suite_run(s);
}
