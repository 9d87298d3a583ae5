/* test_versions.c: which version an instance is said to run, from what was probed and what its health
 * answers name, and how a group's are counted. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/view.h"
#include "suite.h"

enum { NOW = 1000000 };

/* Literals as the strings of a row, which nobody writes to. */
#define word(text) ((char *)(uintptr_t)(text))

static const struct {
    const char *what, *proved, *echo, *runs;
    int64_t at, heard;
} cases[] = {
    {"nothing is known", NULL, NULL, NULL, 0, NOW},
    {"an answer alone", NULL, "1.1.0", "1.1.0", 0, NOW - 2000},
    {"an answer that is just young enough", NULL, "1.1.0", "1.1.0", 0, NOW - SAMPLE_STALE_MS},
    {"an old answer", NULL, "1.1.0", NULL, 0, NOW - SAMPLE_STALE_MS - 1},
    {"never answered", NULL, "1.1.0", NULL, 0, 0},
    {"a probe alone", "1.0.0", NULL, "1.0.0", NOW - 90000, 0},
    {"both agree", "1.0.0", "1.0.0", "1.0.0", NOW - 90000, NOW},
    {"a later answer says another", "1.0.0", "1.1.0", NULL, NOW - 90000, NOW},
    {"a later answer, which is old now", "1.0.0", "1.1.0", "1.0.0", NOW - 90000, NOW - 60000},
    {"an answer of before the probe", "1.0.0", "1.1.0", "1.0.0", NOW - 1000, NOW - 2000},
    {"the probe could not tell", NULL, "1.1.0", NULL, NOW - 90000, NOW},
};

START_TEST(what_an_instance_runs)
{
    struct instance_row i = {.version = word(cases[_i].proved), .at = cases[_i].at};
    struct sample_row s = {.version = word(cases[_i].echo), .health_at = cases[_i].heard};
    const char *runs = instance_version(&i, &s, NOW);

    ck_assert_msg(runs && cases[_i].runs ? strcmp(runs, cases[_i].runs) == 0
                                         : runs == cases[_i].runs,
                  "%s: %s", cases[_i].what, runs ? runs : "unknown");
}
END_TEST

START_TEST(of_nothing_nothing_is_known)
{
    struct version_row *rows;
    struct known_rows none = {0};

    ck_assert_ptr_null(instance_version(NULL, NULL, NOW));
    ck_assert_int_eq(versions_known(&none, NOW, &rows), 0);
    ck_assert_ptr_null(rows);
}
END_TEST

START_TEST(a_group_is_counted)
{
    char group[] = "shop", v0[] = "1.0.0", v1[] = "1.1.0", a[] = "a", b[] = "b", c[] = "c", d[] = "d";
    const struct instance_row in[] = {
        {.group = group, .host = a, .port = 1, .version = v0, .at = 5},
        {.group = group, .host = a, .port = 2, .version = v1, .at = 5},
        {.group = group, .host = c, .port = 1},
        {.group = group, .host = d, .port = 1},
    };
    const struct sample_row samples[] = {
        {.group = group, .host = a, .port = 2, .version = v1, .health_at = NOW},
        {.group = group, .host = b, .port = 1, .version = v1, .health_at = NOW},
        {.group = group, .host = b, .port = 2, .health_at = NOW}, /* gone, perhaps */
        {.group = group, .host = c, .port = 1, .version = v1, .health_at = NOW},
    };
    struct known_rows k = {in, 4, samples, 4};
    struct version_row *rows;

    ck_assert_int_eq(versions_known(&k, NOW, &rows), 3);
    ck_assert_str_eq(rows[0].version, "1.1.0");
    ck_assert_int_eq(rows[0].count, 3);
    ck_assert_str_eq(rows[0].group, "shop");
    ck_assert_str_eq(rows[1].version, "1.0.0");
    ck_assert_int_eq(rows[1].count, 1);
    ck_assert_ptr_null(rows[2].version);
    ck_assert_int_eq(rows[2].count, 1);
    version_rows_free(rows, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("versions");
    TCase *t = tcase_create("all");

    tcase_add_loop_test(t, what_an_instance_runs, 0, ARRAY_LEN(cases));
    tcase_add_test(t, of_nothing_nothing_is_known);
    tcase_add_test(t, a_group_is_counted);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
