/* test_manual.c: doc/footplate-config.5 has every key of the table with its type, its default, its
 * range and what is not built of it, and no key that the table does not have. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "folder.h"
#include "inventory/schema_int.h"
#include "suite.h"

static struct buf manual;

static void set_up(void)
{
    const char *top = getenv("abs_top_srcdir");
    char *path = xasprintf("%s/doc/footplate-config.5", top ? top : ".");
    FILE *f = fopen(path, "r");
    char part[4096];
    size_t n;

    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    buf_init(&manual, 0);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&manual, part, n);
    fclose(f);
    free(path);
}

static void tear_down(void)
{
    buf_release(&manual);
}

/* What stands about one key, to be freed: from its line to the next key or the end of the list. */
static char *section_of(const char *prefix, const char *path, const char *type)
{
    char *line = xasprintf("\n.It Ic %s%s : Ar %s\n", prefix, path, type);
    const char *at = strstr(buf_str(&manual), line);

    ck_assert_msg(at != NULL, "not in the manual: %s", line + 1);
    at += strlen(line);
    ck_assert_msg(strstr(at, line) == NULL, "twice in the manual: %s", line + 1);
    free(line);
    const char *next = strstr(at, "\n.It "), *end = strstr(at, "\n.El");
    if (!next || (end && end < next))
        next = end;
    return xstrndup(at, next ? (size_t)(next - at) + 1 : strlen(at));
}

static void assert_holds(const char *text, const char *path, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted) != NULL, "%s: the manual does not say \"%s\"", path, wanted);
}

/* "from 1s to 24h, ..." as the manual puts it. */
static void check_range(const struct key *k, const char *text)
{
    char words[400], from[24], to[24];
    const char *at;

    k->type->allowed(k, words, sizeof words);
    at = strstr(words, " from ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, " from %23s to %23[^,]", from, to), 2);
    char *wanted = k->min ? xasprintf("%s to %s", from, to) : xasprintf("up to %s", to);
    assert_holds(text, k->path, wanted);
    free(wanted);
}

static void check_key(const char *prefix, const struct key *k)
{
    char *text = section_of(prefix, k->path, k->type->name);

    if (k->standard) {
        char *wanted = xasprintf("Default:\n.Cm %s .\n", k->standard);
        assert_holds(text, k->path, wanted);
        free(wanted);
    } else {
        ck_assert_msg(strstr(text, "Default:") == NULL, "%s has no default", k->path);
    }
    if (k->standard && (k->type == &type_int || k->type == &type_duration))
        check_range(k, text);
    for (const char *w = k->later; w && *w; w += strcspn(w, " ") + (strchr(w, ' ') != NULL)) {
        char *wanted = xasprintf(".Cm %.*s\n", (int)strcspn(w, " "), w);
        char *comma = xasprintf(".Cm %.*s ,\n", (int)strcspn(w, " "), w);
        if (!strstr(text, comma))
            assert_holds(text, k->path, wanted);
        assert_holds(text, k->path, "not built in this version");
        free(wanted);
        free(comma);
    }
    free(text);
}

/* Where the keys of a source stand; those that every rule has stand once for all layers. */
static void rule_prefix(int source, const struct key *k, char *dst, size_t size)
{
    static const char *const common[] = {"name", "times", "on_bad"};
    const char *layer = layer_name(rule_sources[source].layer);

    snprintf(dst, size, rule_sources[source].layer == LAYER_SYSTEM ? "monitors.%s." : "monitors.%s[].",
             layer);
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        if (strcmp(k->path, common[i]) == 0)
            str_copy(dst, size, "monitors.*[].");
    }
}

static void check_rules(void)
{
    char prefix[64];

    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        const struct key_table *t = rule_sources[s].table;
        for (size_t i = 0; i < t->n; i++) {
            rule_prefix(s, &t->keys[i], prefix, sizeof prefix);
            check_key(prefix, &t->keys[i]);
        }
    }
}

START_TEST(every_key_is_in_the_manual)
{
    check_rules();
    for (size_t i = 0; i < receiver_table.n; i++)
        check_key("notify[].", &receiver_table.keys[i]);
    for (size_t i = 0; i < environment_table.n; i++)
        check_key("environments.*.", &environment_table.keys[i]);
    for (size_t i = 0; i < group_table.n; i++)
        check_key("", &group_table.keys[i]);
    for (size_t i = 0; i < instance_table.n; i++)
        check_key("instances[].", &instance_table.keys[i]);
    for (size_t i = 0; i < main_table.n; i++)
        check_key("", &main_table.keys[i]);
}
END_TEST

static bool is_rule_key(const char *path)
{
    char prefix[64];

    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        const struct key_table *t = rule_sources[s].table;
        for (size_t i = 0; i < t->n; i++) {
            rule_prefix(s, &t->keys[i], prefix, sizeof prefix);
            size_t n = strlen(prefix);
            if (strncmp(path, prefix, n) == 0 && strcmp(path + n, t->keys[i].path) == 0)
                return true;
        }
    }
    return false;
}

/* Is it a key of one of the tables? */
static bool is_key(const char *path)
{
    static const struct {
        const char *prefix;
        const struct key_table *table;
    } tables[] = {{"instances[].", &instance_table},
                  {"notify[].", &receiver_table},
                  {"environments.*.", &environment_table},
                  {"", &group_table},
                  {"", &main_table}};

    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        size_t n = strlen(tables[i].prefix);
        if (strncmp(path, tables[i].prefix, n) == 0 && schema_find(tables[i].table, path + n))
            return true;
    }
    return is_rule_key(path);
}

START_TEST(the_manual_has_no_other_key)
{
    static const char mark[] = "\n.It Ic ";
    const char *at = strstr(buf_str(&manual), mark);

    ck_assert_ptr_nonnull(at);
    for (; at; at = strstr(at, mark)) {
        at += sizeof mark - 1;
        char *path = xstrndup(at, strcspn(at, " \n"));
        ck_assert_msg(is_key(path), "no such key: %s", path);
        free(path);
    }
}
END_TEST

START_TEST(required_keys_are_called_so)
{
    char prefix[64];

    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        const struct key_table *t = rule_sources[s].table;
        for (size_t i = 0; i < t->n; i++) {
            if (!(t->keys[i].flags & KEY_REQUIRED))
                continue;
            rule_prefix(s, &t->keys[i], prefix, sizeof prefix);
            char *text = section_of(prefix, t->keys[i].path, t->keys[i].type->name);
            assert_holds(text, t->keys[i].path, "required");
            free(text);
        }
    }
    for (size_t i = 0; i < group_table.n; i++) {
        const struct key *k = &group_table.keys[i];
        if (!(k->flags & KEY_REQUIRED))
            continue;
        char *text = section_of("", k->path, k->type->name);
        assert_holds(text, k->path, "required");
        free(text);
    }
}
END_TEST

/* The first block that is displayed behind `after`. The caller frees it. */
static char *block_behind(const char *after)
{
    static const char begin[] = ".Bd -literal -offset indent\n";
    const char *from = strstr(buf_str(&manual), after);

    from = from ? strstr(from, begin) : NULL;
    ck_assert_ptr_nonnull(from);
    from += sizeof begin - 1;
    const char *to = strstr(from, ".Ed\n");
    ck_assert_ptr_nonnull(to);
    return xstrndup(from, (size_t)(to - from));
}

START_TEST(the_example_of_the_manual_is_good)
{
    char *text = block_behind("");
    struct folder f;

    folder_init(&f);
    const struct group_config *g = folder_group(&f, text);
    ck_assert_int_eq(g->n_instances, 40);
    ck_assert_int_eq(g->n_monitors, 6);
    ck_assert_int_eq(g->n_notify, 2);
    folder_release(&f);
    free(text);
}
END_TEST

/* The same group with the receivers of their own section. */
START_TEST(the_receivers_of_the_manual_are_good)
{
    char *group = block_behind(""), *receivers = block_behind(".Ss Receivers");
    struct folder f;

    char *own = strstr(group, "\nnotify:");
    ck_assert_ptr_nonnull(own);
    own[1] = '\0';
    char *text = xasprintf("%s%s", group, receivers);
    folder_init(&f);
    const struct group_config *g = folder_group(&f, text);
    ck_assert_int_eq(g->n_notify, 6);
    ck_assert_int_eq(g->notify[1].preset, PRESET_DINGTALK);
    ck_assert_ptr_nonnull(g->notify[4].template);
    folder_release(&f);
    free(text);
    free(group);
    free(receivers);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("manual");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_key_is_in_the_manual);
    tcase_add_test(t, the_manual_has_no_other_key);
    tcase_add_test(t, required_keys_are_called_so);
    tcase_add_test(t, the_example_of_the_manual_is_good);
    tcase_add_test(t, the_receivers_of_the_manual_are_good);
    suite_add_tcase(s, t);
    return suite_run(s);
}
