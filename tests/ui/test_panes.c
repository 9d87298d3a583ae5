/* test_panes.c: the panes of instances and batches, and the sheet of one instance, as pictures:
 * each at the widths that layouts give them, one below the other in a golden file; and what they do
 * with commands. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"
#include "ui/fake_screen.h"
#include "ui/fixture.h"
#include "ui/golden.h"
#include "ui/say.h"

/* ---- a pane by itself ----------------------------------------------------------------------- */

struct play {
    struct fixture f;
    struct snapshot *s;
    struct keymap *m;
    struct ui u;
    const struct pane_ops *ops;
    void *pane;
};

static void play_start(struct play *p, const struct pane_ops *ops, const struct fixture_options *o)
{
    memset(&fake, 0, sizeof fake);
    fixture_init(&p->f, o);
    p->s = fixture_snapshot(&p->f);
    p->m = keymap_new();
    p->u = (struct ui){.snap = p->s,
                       .keymap = p->m,
                       .mono = FIXTURE_MONO,
                       .wall = FIXTURE_WALL,
                       .is_loaded = true};
    p->ops = ops;
    p->pane = ops->new_state();
    ops->update(p->pane, &p->u);
}

static void play_end(struct play *p)
{
    screen_close_dialog(NULL);
    p->ops->free_state(p->pane);
    keymap_free(p->m);
    snapshot_free(p->s);
    fixture_release(&p->f);
}

/* The release goes on: another snapshot takes the place of the one that is there. */
static void play_see(struct play *p, struct snapshot *s)
{
    snapshot_free(p->s);
    p->s = s;
    p->u.snap = s;
    p->ops->update(p->pane, &p->u);
}

static void check_title(struct play *p, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    p->ops->title(p->pane, &p->u, &b);
    ck_assert_str_eq(buf_str(&b), want);
    buf_release(&b);
}

static bool press(struct play *p, enum command c)
{
    return p->ops->command(p->pane, &p->u, c);
}

static void look(struct play *p, int rows, int cols)
{
    struct canvas *cv = canvas_new(rows, cols, CANVAS_UTF8);

    p->ops->draw(p->pane, &p->u, cv, canvas_rect(cv));
    canvas_free(cv);
}

/* Title, pane and one-row form at each width, below each other. */
static const struct {
    int rows, cols;
} sizes[] = {{3, 36}, {8, 38}, {4, 46}, {9, 60}, {9, 80}, {9, 120}, {9, 200}};

static void golden(struct play *p, const char *name, unsigned flags)
{
    struct canvas *cv = canvas_new(88, 202, CANVAS_UTF8);
    int row = 0;

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct rect r = {row + 2, 1, sizes[i].rows, sizes[i].cols};
        struct buf b;

        canvas_box(cv, (struct rect){row + 1, 0, r.rows + 2, r.cols + 2}, ROLE_BORDER);
        p->ops->draw(p->pane, &p->u, cv, r);
        buf_init(&b, 0);
        p->ops->title(p->pane, &p->u, &b);
        canvas_textf(cv, (struct rect){row + 1, 2, 1, r.cols - 2}, 0, 0, -1, ROLE_TITLE, " %s ",
                     buf_str(&b));
        buf_release(&b);
        p->ops->line(p->pane, &p->u, cv, (struct rect){row, 1, 1, r.cols});
        row += r.rows + 3;
    }
    golden_check(cv, name, flags);
    canvas_free(cv);
}

static void golden_of(const struct pane_ops *ops, struct fixture_options o, const char *name,
                      unsigned flags)
{
    struct play p;

    play_start(&p, ops, &o);
    golden(&p, name, flags);
    play_end(&p);
}

/* ---- pictures ------------------------------------------------------------------------------- */

START_TEST(instances_pictures)
{
    golden_of(&pane_instances,
              (struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_sick = 1, .n_by_other = 1},
              "instances-rolling-out", GOLDEN_ROLES);
    golden_of(&pane_instances,
              (struct fixture_options){
                  .status = DEPLOY_SMOKE_FAILURE,
                  .names = NAMES_CHINESE,
                  .error = "GET /health \xe8\xbf\x94\xe5\x9b\x9e 503\x1b[31m\r\nstill warming up"},
              "instances-failed-chinese", GOLDEN_TEXT);
    golden_of(&pane_instances,
              (struct fixture_options){.status = DEPLOY_SUCCESS, .n_sick = 2, .n_by_other = 1},
              "instances-idle", GOLDEN_ROLES);
    golden_of(&pane_instances,
              (struct fixture_options){.status = DEPLOY_INTERRUPTED, .sample_age_ms = 64000},
              "instances-idle-stale", GOLDEN_ROLES);
    golden_of(&pane_instances,
              (struct fixture_options){.status = DEPLOY_ROLLING_OUT,
                                       .brake = BRAKE_LOST,
                                       .n_unknown = 2,
                                       .is_without_balancer = true,
                                       .sample_age_ms = -1},
              "instances-unknown", GOLDEN_TEXT);
    golden_of(&pane_instances, (struct fixture_options){.is_never = true}, "instances-never",
              GOLDEN_TEXT);
}
END_TEST

START_TEST(batches_pictures)
{
    golden_of(&pane_batches, (struct fixture_options){.status = DEPLOY_ROLLING_OUT, .n_sick = 1},
              "batches-rolling-out", GOLDEN_ROLES);
    golden_of(&pane_batches,
              (struct fixture_options){.status = DEPLOY_ROLLING_OUT, .is_countdown = true},
              "batches-countdown", GOLDEN_TEXT);
    golden_of(&pane_batches,
              (struct fixture_options){.status = DEPLOY_ROLLOUT_FAILURE, .names = NAMES_CHINESE},
              "batches-failed-chinese", GOLDEN_TEXT);
    golden_of(&pane_batches,
              (struct fixture_options){.status = DEPLOY_BAKE_SUCCESS, .brake = BRAKE_OPERATOR},
              "batches-braked", GOLDEN_TEXT);
    golden_of(&pane_batches, (struct fixture_options){.status = DEPLOY_SUCCESS, .n_sick = 1},
              "batches-idle", GOLDEN_TEXT);
    golden_of(&pane_batches, (struct fixture_options){.is_never = true}, "batches-never",
              GOLDEN_TEXT);
}
END_TEST

/* An old release, read-only: nothing of today is mixed into it. */
START_TEST(past_pictures)
{
    static const struct {
        const struct pane_ops *ops;
        const char *name;
    } cases[] = {{&pane_instances, "instances-past"}, {&pane_batches, "batches-past"}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture_options o = {.status = DEPLOY_SUCCESS, .n_sick = 1};
        struct snapshot_want want = {.history = 200};
        struct play p;

        play_start(&p, cases[i].ops, &o);
        str_copy(want.group, sizeof want.group, p.f.group);
        want.past = p.f.deployment;
        play_see(&p, fixture_snapshot_of(&p.f, &want, 0));
        ck_assert(snapshot_is_past(p.s));
        golden(&p, cases[i].name, GOLDEN_TEXT);
        play_end(&p);
    }
}
END_TEST

static void dialog_golden(struct play *p, int i, int rows, int cols, const char *name)
{
    struct canvas *cv;
    char host[64];

    fixture_host(&p->f, i, host, sizeof host);
    dialog_instance(&p->u, host, 8080);
    ck_assert_ptr_nonnull(fake.dialog);
    fake.dialog->size(fake.dialog_state, &p->u, &rows, &cols);
    cv = canvas_new(rows, cols, CANVAS_UTF8);
    fake.dialog->draw(fake.dialog_state, &p->u, cv, canvas_rect(cv), true);
    golden_check(cv, name, GOLDEN_TEXT);
    canvas_free(cv);
    screen_close_dialog(NULL);
}

START_TEST(instance_pictures)
{
    struct play p;
    struct fixture_options failed = {.status = DEPLOY_SMOKE_FAILURE};
    struct fixture_options running = {.status = DEPLOY_ROLLING_OUT, .names = NAMES_CHINESE};
    struct fixture_options idle = {.status = DEPLOY_SUCCESS, .sample_age_ms = 64000};

    play_start(&p, &pane_instances, &failed);
    dialog_golden(&p, 1, 40, 96, "instance-failed");
    dialog_golden(&p, 1, 12, 56, "instance-failed-60x16");
    play_end(&p);
    play_start(&p, &pane_instances, &running);
    dialog_golden(&p, 4, 40, 76, "instance-running-chinese");
    play_end(&p);
    play_start(&p, &pane_instances, &idle);
    dialog_golden(&p, 2, 40, 96, "instance-idle");
    play_end(&p);
}
END_TEST

/* ---- commands ------------------------------------------------------------------------------- */

START_TEST(screen_knows_the_selected)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .n_sick = 1};
    struct play p;
    struct buf b;

    play_start(&p, &pane_instances, &o);
    look(&p, 6, 60);
    ck_assert_str_eq(fake.selected, "web10:8080");
    ck_assert(press(&p, CMD_DOWN));
    ck_assert_str_eq(fake.selected, "web04:8080");
    buf_init(&b, 0);
    ck_assert(p.ops->copy(p.pane, &p.u, &b));
    ck_assert_str_eq(buf_str(&b), "web04:8080");
    buf_release(&b);
    ck_assert(press(&p, CMD_INSTANCE_LOG));
    ck_assert_str_eq(fake.log, "web04");
    ck_assert(press(&p, CMD_INSTANCE_LOG));
    ck_assert_str_eq(fake.log, "");
    ck_assert(press(&p, CMD_OPEN));
    ck_assert_ptr_nonnull(fake.dialog);
    ck_assert(!press(&p, CMD_ZOOM));
    play_end(&p);
}
END_TEST

START_TEST(selection_outlives_snapshots)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .n_sick = 1};
    struct snapshot_want want = {.history = 200};
    struct play p;

    play_start(&p, &pane_instances, &o);
    look(&p, 6, 60);
    for (int i = 0; i < 5; i++)
        press(&p, CMD_DOWN);
    ck_assert_str_eq(fake.selected, "web03:8080");
    /* Idle the order is another one. */
    fixture_move(&p.f, DEPLOY_SUCCESS, BRAKE_NONE);
    p.u.mono += 60000;
    str_copy(want.group, sizeof want.group, p.f.group);
    play_see(&p, fixture_snapshot_of(&p.f, &want, 60000));
    look(&p, 6, 60);
    ck_assert_str_eq(fake.selected, "web03:8080");
    play_end(&p);
}
END_TEST

START_TEST(filter_counts_hidden_alarms)
{
    struct fixture_options o = {.status = DEPLOY_SMOKE_FAILURE, .n_sick = 1};
    struct play p;

    play_start(&p, &pane_instances, &o);
    look(&p, 20, 60);
    check_title(&p, "10, 1 failed, 1 sick");
    ck_assert(press(&p, CMD_FILTER));
    fake.live(fake.arg, "web0[2-4]");
    check_title(&p, "3/10 /web0[2-4] +2 failed hidden, 1 failed, 1 sick");
    fake.fn(fake.arg, &p.u, "failed");
    check_title(&p, "1/10 /failed +1 failed hidden, 1 failed, 1 sick");
    ck_assert(press(&p, CMD_BACK));
    ck_assert(!press(&p, CMD_BACK));
    play_end(&p);
}
END_TEST

START_TEST(nothing_loaded_yet)
{
    struct snapshot_want want = {.group = ""};
    struct snapshot *empty = snapshot_empty(&want, NULL);
    struct ui u = {.snap = empty, .mono = 1, .wall = 1};
    static const struct pane_ops *const all[] = {&pane_instances, &pane_batches};

    memset(&fake, 0, sizeof fake);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct canvas *cv = canvas_new(3, 40, CANVAS_UTF8);
        void *pane = all[i]->new_state();
        struct buf b;

        buf_init(&b, 0);
        all[i]->draw(pane, &u, cv, canvas_rect(cv));
        canvas_dump(cv, &b);
        ck_assert_str_eq(buf_str(&b), "reading the store\n\n\n");
        buf_reset(&b);
        all[i]->title(pane, &u, &b);
        all[i]->line(pane, &u, cv, canvas_rect(cv));
        ck_assert(!all[i]->copy(pane, &u, &b));
        all[i]->next(pane, &u);
        all[i]->command(pane, &u, CMD_OPEN);
        all[i]->command(pane, &u, CMD_DOWN);
        all[i]->free_state(pane);
        buf_release(&b);
        canvas_free(cv);
    }
    ck_assert_ptr_null(fake.dialog);
    snapshot_free(empty);
}
END_TEST

/* The present batch is in sight whatever the height, until a person looks elsewhere. */
START_TEST(present_batch_in_sight)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .n = 60};
    struct play p;

    play_start(&p, &pane_batches, &o);
    for (int rows = 1; rows < 8; rows++) {
        struct canvas *cv = canvas_new(rows, 36, CANVAS_UTF8);
        struct buf b;

        p.ops->draw(p.pane, &p.u, cv, canvas_rect(cv));
        buf_init(&b, 0);
        canvas_dump(cv, &b);
        ck_assert_msg(strstr(buf_str(&b), "*batch "), "%d rows:\n%s", rows, buf_str(&b));
        buf_release(&b);
        canvas_free(cv);
    }
    ck_assert(press(&p, CMD_HOME));
    ck_assert(press(&p, CMD_BACK));
    ck_assert(!press(&p, CMD_BACK));
    ck_assert(!press(&p, CMD_FILTER));
    play_end(&p);
}
END_TEST

START_TEST(dialog_scrolls_and_closes)
{
    struct fixture_options o = {.status = DEPLOY_SMOKE_FAILURE};
    struct key down = {.kind = KEY_DOWN}, end = {.kind = KEY_END},
               i = {.kind = KEY_CHAR, .ch = 'i'}, home = {.kind = KEY_HOME},
               q = {.kind = KEY_CHAR, .ch = 'q'};
    struct canvas *cv = canvas_new(12, 56, CANVAS_UTF8);
    struct play p;
    struct buf b;

    play_start(&p, &pane_instances, &o);
    dialog_instance(&p.u, "web01", 8080);
    fake.dialog->draw(fake.dialog_state, &p.u, cv, canvas_rect(cv), true);
    ck_assert(fake.dialog->is_standing);
    ck_assert(fake.dialog->key(fake.dialog_state, &p.u, &down));
    ck_assert(fake.dialog->key(fake.dialog_state, &p.u, &end));
    canvas_clear(cv);
    fake.dialog->draw(fake.dialog_state, &p.u, cv, canvas_rect(cv), true);
    buf_init(&b, 0);
    canvas_dump(cv, &b);
    ck_assert_msg(strstr(buf_str(&b), "footplate ledger drop shop-web web01:8080"), "%s",
                  buf_str(&b));
    ck_assert(fake.dialog->key(fake.dialog_state, &p.u, &home));
    ck_assert(!fake.dialog->key(fake.dialog_state, &p.u, &q));
    ck_assert(!fake.dialog->key(fake.dialog_state, &p.u, &i));
    ck_assert_str_eq(fake.log, "web01");
    ck_assert_int_eq(fake.focus, PANE_LOGS);
    buf_release(&b);
    canvas_free(cv);
    play_end(&p);
}
END_TEST

/* What waits for hours does not tick; what runs does. */
START_TEST(ticks)
{
    struct fixture_options runs = {.status = DEPLOY_ROLLING_OUT},
                           waits = {.status = DEPLOY_BAKE_SUCCESS},
                           idle = {.status = DEPLOY_SUCCESS};
    struct play p;

    play_start(&p, &pane_batches, &runs);
    p.u.wall += 250;
    ck_assert_int_eq(p.ops->next(p.pane, &p.u), p.u.mono + 750);
    play_end(&p);
    play_start(&p, &pane_batches, &waits);
    ck_assert_int_eq(p.ops->next(p.pane, &p.u), p.u.mono + 1000);
    p.u.wall += 3600000;
    ck_assert_int_eq(p.ops->next(p.pane, &p.u), p.u.mono + 60000);
    play_end(&p);
    play_start(&p, &pane_batches, &idle);
    ck_assert_int_eq(p.ops->next(p.pane, &p.u), -1);
    play_end(&p);
    play_start(&p, &pane_instances, &runs);
    ck_assert_int_eq(p.ops->next(p.pane, &p.u), p.u.mono + 1000);
    play_end(&p);
    /* Fresh figures next change when they grow old. */
    play_start(&p, &pane_instances, &idle);
    ck_assert_int_eq(p.ops->next(p.pane, &p.u), p.u.mono + SAMPLE_STALE_MS - 1000 + 1);
    play_end(&p);
}
END_TEST

START_TEST(group_of_one)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS, .n = 1};
    struct canvas *cv = canvas_new(3, 50, CANVAS_UTF8);
    struct play p;
    struct buf b;

    play_start(&p, &pane_batches, &o);
    p.ops->draw(p.pane, &p.u, cv, canvas_rect(cv));
    buf_init(&b, 0);
    canvas_dump(cv, &b);
    ck_assert_msg(strstr(buf_str(&b), "! the only instance: the service will be down"), "%s",
                  buf_str(&b));
    buf_release(&b);
    canvas_free(cv);
    play_end(&p);
}
END_TEST

/* Every size that a terminal can have, and words of a server that want to be more than words. */
START_TEST(odd_sizes)
{
    struct fixture_options o = {.status = DEPLOY_ROLLOUT_FAILURE,
                                .names = NAMES_CHINESE,
                                .n_unknown = 1,
                                .error = "\x1b]0;title\x07\xff\xfe \xf0\x9f\x9a\x80 end"};
    static const struct pane_ops *const all[] = {&pane_instances, &pane_batches};

    for (size_t k = 0; k < ARRAY_LEN(all); k++) {
        struct play p;
        play_start(&p, all[k], &o);
        for (int cols = 1; cols < 130; cols += 3) {
            look(&p, 1, cols);
            look(&p, 2, cols);
            look(&p, 12, cols);
        }
        dialog_instance(&p.u, p.s->present.targets[0].host, 8080);
        for (int cols = 1; cols < 100; cols += 7) {
            struct canvas *cv = canvas_new(9, cols, CANVAS_ASCII);
            int rows = 9, wide = cols;
            fake.dialog->size(fake.dialog_state, &p.u, &rows, &wide);
            fake.dialog->draw(fake.dialog_state, &p.u, cv, canvas_rect(cv), true);
            canvas_free(cv);
        }
        play_end(&p);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("panes");
    TCase *c = tcase_create("panes");

    tcase_add_test(c, instances_pictures);
    tcase_add_test(c, batches_pictures);
    tcase_add_test(c, past_pictures);
    tcase_add_test(c, instance_pictures);
    tcase_add_test(c, screen_knows_the_selected);
    tcase_add_test(c, selection_outlives_snapshots);
    tcase_add_test(c, filter_counts_hidden_alarms);
    tcase_add_test(c, nothing_loaded_yet);
    tcase_add_test(c, present_batch_in_sight);
    tcase_add_test(c, dialog_scrolls_and_closes);
    tcase_add_test(c, ticks);
    tcase_add_test(c, group_of_one);
    tcase_add_test(c, odd_sizes);
    suite_add_tcase(s, c);
    return suite_run(s);
}
