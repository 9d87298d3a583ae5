/* test_haproxy_parse.c: answers of HAProxy, whole, cut, and damaged in every way a loop can think
 * of. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

#include "base/mem.h"
#include "traffic/haproxy_parse.h"

static const char answer[] =
    "1\n"
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
    "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord\n"
    "3 shop 1 web01 127.0.0.1 2 0 1 1 1 8 2 0 6 0 0 0 - 28101 - 0 0 - - 0\n"
    "3 shop 2 web02 127.0.0.1 2 8 1 1 1 8 2 0 6 0 0 0 - 28102 - 0 0 - - 0\n"
    "3 shop 3 web03 127.0.0.1 0 8 1 1 1 8 2 0 6 0 0 0 - 28103 - 0 0 - - 0\n"
    "3 shop 4 web04 127.0.0.1 0 5 1 1 1 1 0 0 14 0 0 0 - 28104 - 0 0 - - 0\n"
    "3 shop 5 web05 127.0.0.1 0 0 1 1 1 1 0 2 0 0 0 0 localhost 28105 - 0 0 - - 0\n"
    "3 shop 6 web06 ::1 2 9 1 1 1 1 0 2 0 0 0 0 - 28105 - 0 0 - - 0\n"
    "3 shop 7 web07 ::1 2 0 0 1 1 1 0 2 0 0 0 0 - 28107 - 0 0 - - 0\n"
    "3 shop 8 web08 ::1 2 16 1 1 1 1 0 2 0 0 0 0 - 28108 - 0 0 - - 0\n"
    "3 shop 9 twin 127.0.0.1 1 0 1 1 1 1 0 2 0 0 0 0 - 28101 - 0 0 - - 0\n"
    "\n"
    "# pxname,svname,qcur,qmax,scur,smax,status,last_chk,addr,\n"
    "shop,web01,0,0,7,0,UP,\"a \"\"quoted\"\", comma\",127.0.0.1:28101,\n"
    "shop,web02,1,0,2,0,DRAIN,,127.0.0.1:28102,\n"
    "shop,web03,0,0,0,0,DRAIN,,127.0.0.1:28103,\n"
    "shop,web04,,0,,0,MAINT,,127.0.0.1:28104,\n"
    "\n"
    "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 16611\nUptime: 0d 0h00m01s\nUptime_sec: 12\n"
    "Start_time_sec: 1795332655\nTainted: 0\n\n";

static int parse(struct haproxy_report *r, const char *text, size_t len, struct err *e)
{
    return haproxy_report_parse(r, text, len, "shop", e);
}

START_TEST(test_whole)
{
    static const struct {
        const char *name;
        enum traffic_state state;
        int sessions;
    } rows[] = {
        {"web01", TRAFFIC_READY, 7},  {"web02", TRAFFIC_DRAINING, 3}, {"web03", TRAFFIC_DRAINED, 0},
        {"web04", TRAFFIC_MAINT, -1}, {"web05", TRAFFIC_DOWN, -1},    {"web06", TRAFFIC_MAINT, -1},
        {"web07", TRAFFIC_MAINT, -1}, {"web08", TRAFFIC_MAINT, -1},   {"twin", TRAFFIC_READY, -1},
    };
    const struct haproxy_server *s;
    struct haproxy_report r;
    struct err e;
    size_t i;
    int count;

    ck_assert_int_eq(parse(&r, answer, strlen(answer), &e), 0);
    ck_assert_int_eq(r.n, 9);
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        s = haproxy_find_name(&r, rows[i].name);
        ck_assert_ptr_nonnull(s);
        ck_assert_int_eq(haproxy_state(s), rows[i].state);
        ck_assert_int_eq(s->sessions, rows[i].sessions);
    }
    ck_assert_ptr_null(haproxy_find_name(&r, "web1"));
    ck_assert_int_eq(r.pid, 16611);
    ck_assert_int_eq(r.uptime_s, 12);
    ck_assert_int_eq(r.start_s, 1795332655);
    s = haproxy_find_address(&r, "127.0.0.1", 28102, &count);
    ck_assert_str_eq(s->name, "web02");
    ck_assert_int_eq(count, 1);
    ck_assert_ptr_nonnull(haproxy_find_address(&r, "127.0.0.1", 28101, &count));
    ck_assert_int_eq(count, 2);
    s = haproxy_find_address(&r, "::1", 28107, &count);
    ck_assert_str_eq(s->name, "web07");
    ck_assert_ptr_null(haproxy_find_address(&r, "127.0.0.1", 1, &count));
    ck_assert_int_eq(count, 0);
    haproxy_report_release(&r);
}
END_TEST

START_TEST(test_cut)
{
    size_t pid = (size_t)(strstr(answer, "Pid: ") - answer) + 6;
    struct haproxy_report r;
    struct err e;
    size_t n;

    /* An answer that breaks off must never read as servers that are missing. */
    for (n = 0; n < pid - 1; n++)
        ck_assert_msg(parse(&r, answer, n, &e) < 0, "cut at %zu", n);
}
END_TEST

START_TEST(test_refusals)
{
    static const struct {
        const char *text;
        int code;
        const char *words;
    } rows[] = {
        {"\nCan't find backend.\n\nNo such proxy.\n\nName: HAProxy\nPid: 1\n\n", ERR_NOTFOUND,
         "no backend shop"},
        {"Permission denied\n\n", ERR_REFUSED, "Permission denied"},
        {"Unknown command, but maybe\n  add acl\n\n", ERR_REFUSED, "Unknown command, but maybe"},
        {"\x1b[2J\x1b]0;owned\x07\n", ERR_REFUSED, "?[2J?]0;owned?"},
        {"", ERR_PROTOCOL, "not complete"},
        {"\n\n\n", ERR_PROTOCOL, "not complete"},
        {"1\n# be_id be_name srv_name\n\n", ERR_PROTOCOL, "no column srv_addr"},
        {"2\n", ERR_REFUSED, "2"},
    };
    struct haproxy_report r;
    struct err e;
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        ck_assert_int_eq(parse(&r, rows[i].text, strlen(rows[i].text), &e), rows[i].code);
        ck_assert_msg(strstr(e.msg, rows[i].words) != NULL, "%s", e.msg);
    }
}
END_TEST

START_TEST(test_set_answers)
{
    struct err e;

    ck_assert_int_eq(haproxy_set_parse("\n", &e), 0);
    ck_assert_int_eq(haproxy_set_parse("", &e), 0);
    ck_assert_int_eq(haproxy_set_parse("No such server.\n\n", &e), ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.msg, "No such server."));
}
END_TEST

/* A small generator with a fixed seed: the same damage on every run. */
static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

static void damage(char *text, size_t n, unsigned *seed)
{
    static const char bytes[] = "\n ,\"#:-0189\0\x1b\xff"
                                "ax";
    unsigned times = 1 + next_random(seed) % 6;
    size_t at;
    size_t from;
    size_t count;

    while (times-- > 0) {
        at = next_random(seed) % n;
        from = next_random(seed) % n;
        count = next_random(seed) % 40;
        if (next_random(seed) % 3)
            text[at] = bytes[next_random(seed) % (sizeof(bytes) - 1)];
        else if (at + count < n && from + count < n)
            memmove(text + at, text + from, count);
    }
}

START_TEST(test_damaged)
{
    size_t n = sizeof(answer) - 1;
    struct haproxy_report r;
    unsigned seed = 7;
    int n_good = 0;
    struct err e;
    char *text;
    int count;
    int round;
    int i;

    for (round = 0; round < 20000; round++) {
        /* Exactly as large as the answer, so that one byte too far is seen. */
        text = xmalloc(n);
        memcpy(text, answer, n);
        damage(text, n, &seed);
        if (parse(&r, text, n - next_random(&seed) % 2, &e) == 0) {
            n_good++;
            for (i = 0; i < r.n; i++) {
                ck_assert_ptr_nonnull(haproxy_find_name(&r, r.servers[i].name));
                ck_assert_ptr_nonnull(
                    haproxy_find_address(&r, r.servers[i].address, r.servers[i].port, &count));
                ck_assert_int_ge(count, 1);
                ck_assert_int_lt(haproxy_state(&r.servers[i]), TRAFFIC_STATE_COUNT);
            }
            haproxy_report_release(&r);
        } else {
            ck_assert_int_lt(e.code, 0);
            ck_assert_ptr_null(r.text);
        }
        free(text);
    }
    ck_assert_int_gt(n_good, 100);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("traffic/haproxy_parse");
    TCase *c = tcase_create("parse");

    tcase_add_test(c, test_whole);
    tcase_add_test(c, test_cut);
    tcase_add_test(c, test_refusals);
    tcase_add_test(c, test_set_answers);
    tcase_add_test(c, test_damaged);
    suite_add_tcase(s, c);
    return suite_run(s);
}
