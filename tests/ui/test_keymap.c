/* test_keymap.c: the list of commands without a clash, what may be bound and what may not, and
 * the words of a refusal. */
#include "config.h"

#include "ui/keymap.h"

#include <string.h>

#include "suite.h"

static struct keymap *m;
static struct err e;

static void setup(void)
{
    m = keymap_new();
    e = (struct err){0};
}

static void teardown(void)
{
    keymap_free(m);
}

static enum command find(const char *key, unsigned places)
{
    struct key k = {0};

    ck_assert_int_eq(key_parse(&k, key), 0);
    return keymap_find(m, &k, places);
}

static void refused(const char *command, const char *keys, const char *words)
{
    char before[256] = "";
    int c = command_by_name(command);

    if (c >= 0)
        strncpy(before, keymap_keys(m, (enum command)c), sizeof before - 1);
    ck_assert_int_eq(keymap_bind(m, command, keys, &e), ERR_USAGE);
    ck_assert_msg(strstr(e.msg, words) != NULL, "%s", e.msg);
    if (c >= 0)
        ck_assert_str_eq(keymap_keys(m, (enum command)c), before);
}

/* Bound one by one into an empty map, none is refused: keymap_new() would have ended the
 * program. */
START_TEST(defaults)
{
    for (int c = 0; c < COMMAND_COUNT; c++) {
        const struct command_info *i = command_info((enum command)c);
        ck_assert_int_eq(command_by_name(i->name), c);
        ck_assert_str_eq(keymap_keys(m, (enum command)c), i->keys);
        ck_assert_int_gt((int)strlen(i->help), 1);
        ck_assert(i->places != 0);
    }
    ck_assert_str_eq(keymap_key(m, CMD_INTERRUPT), "X");
    ck_assert_str_eq(keymap_keys(m, CMD_INTERRUPT), "X Ctrl-X");
    ck_assert_int_eq(find("X", IN_ALL), CMD_INTERRUPT);
    ck_assert_int_eq(find("X", IN_DIALOG), CMD_INTERRUPT);
    ck_assert_int_eq(find("K", IN_DIALOG), CMD_NONE);
    ck_assert_int_eq(find("n", IN_ALL), CMD_NONE);
    ck_assert_int_eq(find("n", IN_ALL | IN_LISTS), CMD_NEXT_MATCH);
    ck_assert_int_eq(find("i", IN_ALL | IN_LISTS | IN_INSTANCES), CMD_INSTANCE_LOG);
    ck_assert_int_eq(find("Y", IN_ALL | IN_DIALOG), CMD_NONE);
}
END_TEST

/* No byte that ends a key sequence of a terminal is an action. */
START_TEST(actions_end_no_sequence)
{
    static const char finals[] = "ABCDEFHIMOPQRSZ[]~0123456789jklmnopqrstuvwxyabcd$^@ Y";

    for (const char *p = finals; *p; p++) {
        struct key k = {.kind = KEY_CHAR, .ch = (uint32_t)*p};
        char name[8] = {*p};
        enum command c = keymap_find(m, &k, IN_ALL | IN_DIALOG | IN_LISTS | IN_LOGS);
        ck_assert_msg(c == CMD_NONE || !command_is_action(c), "%c acts", *p);
        if (*p == ' ')
            continue;
        ck_assert_int_eq(keymap_bind(m, "continue", name, &e), ERR_USAGE);
    }
}
END_TEST

START_TEST(binding)
{
    ck_assert_int_eq(keymap_bind(m, "continue", "J  Ctrl-K", &e), 0);
    ck_assert_int_eq(find("J", IN_ALL), CMD_CONTINUE);
    ck_assert_int_eq(find("Ctrl-K", IN_ALL), CMD_CONTINUE);
    ck_assert_int_eq(find("K", IN_ALL), CMD_NONE);
    ck_assert_str_eq(keymap_key(m, CMD_CONTINUE), "J");
    ck_assert_int_eq(keymap_bind(m, "theme", "", &e), 0);
    ck_assert_str_eq(keymap_key(m, CMD_THEME), "");
    ck_assert_int_eq(keymap_bind(m, "driver", "c", &e), 0);
    ck_assert_int_eq(find("c", IN_ALL), CMD_DRIVER);
    ck_assert_int_eq(keymap_bind(m, "hold", "i", &e), ERR_USAGE);
    ck_assert_int_eq(keymap_bind(m, "interrupt", "V", &e), 0);
    ck_assert_int_eq(find("V", IN_DIALOG), CMD_INTERRUPT);
}
END_TEST

START_TEST(refusals)
{
    refused("contnue", "J", "the nearest is \"continue\"");
    refused("continue", "\x1b[A", "is no key");
    refused("continue", "NoSuchKey", "is no key");
    refused("continue", "B", "broken key sequence");
    refused("start", "X", "it is interrupt already");
    refused("start", "Enter", "another person");
    refused("start", "5", "digits");
    refused("start", "Y", "Y confirms");
    refused("start", "Up", "capital letter");
    refused("zoom", "Y", "confirms");
    refused("zoom", "Ctrl-X", "always brakes");
    refused("zoom", "n", "next-match");
    refused("hold", "n", "next-match");
    refused("search", "q", "quit already");
    refused("interrupt", "", "needs a key");
    refused("up", "a b f m o r t u v x", "more than");
}
END_TEST

START_TEST(table)
{
    struct buf b;
    int lines = 0;

    buf_init(&b, 0);
    keymap_table(m, &b);
    for (const char *p = buf_str(&b); *p; p++)
        lines += *p == '\n';
    ck_assert_int_eq(lines, COMMAND_COUNT + 1);
    ck_assert_ptr_nonnull(strstr(buf_str(&b), "\nX Ctrl-X         interrupt         everywhere "));
    ck_assert_ptr_nonnull(strstr(buf_str(&b), "Hold the moving log"));
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("keymap");
    TCase *t = tcase_create("keymap");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, defaults);
    tcase_add_test(t, actions_end_no_sequence);
    tcase_add_test(t, binding);
    tcase_add_test(t, refusals);
    tcase_add_test(t, table);
    suite_add_tcase(s, t);
    return suite_run(s);
}
