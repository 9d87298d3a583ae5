/* test_packages.c: versions and their order, digests, a folder of packages. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "folder.h"
#include "inventory/packages.h"
#include "suite.h"

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SUM_CAPITALS "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

START_TEST(versions_have_the_order_people_expect)
{
    static const char *const rising[] = {"0.9",       "0.10",      "1.0.0-alpha", "1.0.0-rc1",
                                         "1.0.0-rc2", "1.0.0-rc10", "1.0.0",      "1.0.0-1",
                                         "1.0.0-2",   "1.0.0.1",   "1.0.1",       "1.9.0",
                                         "1.10.0",    "2",         "10",          "20261122.1"};

    for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
        for (size_t j = 0; j < ARRAY_LEN(rising); j++) {
            int rc = version_compare(rising[i], rising[j]);
            ck_assert_msg((rc > 0) - (rc < 0) == (i > j) - (i < j), "%s against %s: %d", rising[i],
                          rising[j], rc);
        }
    }
    ck_assert_int_ne(version_compare("1.0", "1.00"), 0);
    ck_assert_int_eq(version_compare("1.0", "1.0"), 0);
    ck_assert_int_lt(version_compare("1.99999999999999999998", "1.99999999999999999999"), 0);
}
END_TEST

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

START_TEST(the_order_is_a_total_one)
{
    static const char letters[] = "01a.-+9";
    unsigned state = 1;
    char v[3][6];

    for (int round = 0; round < 50000; round++) {
        for (int i = 0; i < 3; i++) {
            size_t len = 0;
            for (; len < 5; len++) {
                state = state * 1103515245U + 12345U;
                v[i][len] = letters[(state >> 16) % (sizeof letters - 1)];
            }
            v[i][len] = '\0';
            v[i][(state >> 8) % 5 + 1] = '\0';
        }
        int ab = sign(version_compare(v[0], v[1])), bc = sign(version_compare(v[1], v[2]));
        ck_assert_int_eq(ab, -sign(version_compare(v[1], v[0])));
        ck_assert_int_eq(ab == 0, strcmp(v[0], v[1]) == 0);
        if (ab <= 0 && bc <= 0)
            ck_assert_msg(version_compare(v[0], v[2]) <= 0, "%s %s %s", v[0], v[1], v[2]);
    }
}
END_TEST

static const char SUMS[] = SUM_A "  shop-1.9.0.tar.gz\n" SUM_CAPITALS " *shop-1.10.0.tar.gz\r\n"
                                 "\n# a comment\n" SUM_A "  other-1.0.tar.gz\n" SUM_A
                                 "  shop-1.10.0.zip\n" SUM_A "  ./shop-1.2.0.tar.gz\n" SUM_A
                                 "  shop--x.tar.gz\n" SUM_A "  shop-.tar.gz";

START_TEST(sums_are_read)
{
    struct package_list l;
    struct err e = {0};

    ck_assert_int_eq(packages_parse_sums(SUMS, strlen(SUMS), "shop", &l, &e), 0);
    ck_assert_int_eq(l.n, 3);
    ck_assert_str_eq(l.items[0].version, "1.10.0");
    ck_assert_str_eq(l.items[0].file, "shop-1.10.0.tar.gz");
    ck_assert_str_eq(l.items[0].sha256, SUM_B);
    ck_assert_str_eq(l.items[1].version, "1.9.0");
    ck_assert_str_eq(l.items[2].version, "1.2.0");
    ck_assert_str_eq(l.items[2].file, "shop-1.2.0.tar.gz");
    ck_assert_int_eq(l.items[2].size, -1);
    ck_assert_ptr_eq(package_find(&l, "1.9.0"), &l.items[1]);
    ck_assert_ptr_null(package_find(&l, "1.9"));
    package_list_release(&l);
    package_list_release(&l);
    ck_assert_int_eq(packages_parse_sums("", 0, "shop", &l, &e), 0);
    ck_assert_int_eq(l.n, 0);
}
END_TEST

static void assert_sums_refused(const char *text, const char *wanted)
{
    struct package_list l;
    struct err e = {0};

    ck_assert_int_eq(packages_parse_sums(text, strlen(text), "shop", &l, &e), ERR_PROTOCOL);
    ck_assert_msg(strstr(e.msg, wanted) != NULL, "%s", e.msg);
    ck_assert_int_eq(l.n, 0);
}

START_TEST(wrong_sums_are_refused)
{
    assert_sums_refused("abc  shop-1.0.tar.gz\n", "line 1");
    assert_sums_refused("\nabc *./shop-1.0.tar.gz\n", "line 2");
    assert_sums_refused(SUM_A "  shop-1.0.tar.gz\n" SUM_B "  shop-1.0.tar.gz\n",
                        "twice, with different digests");
}
END_TEST

/* Whatever a server sends as its list: an answer, and never a name that is not allowed. */
START_TEST(any_sums_are_an_answer)
{
    unsigned state = 3;
    char text[sizeof SUMS];

    for (int round = 0; round < 5000; round++) {
        struct package_list l;
        struct err e = {0};
        memcpy(text, SUMS, sizeof SUMS);
        for (int i = 0; i < 8; i++) {
            state = state * 1664525U + 1013904223U;
            text[(state >> 8) % (sizeof SUMS - 1)] = (char)(state >> 4);
        }
        int rc = packages_parse_sums(text, sizeof SUMS - 1, "shop", &l, &e);
        ck_assert(rc == 0 || (e.msg[0] && l.n == 0));
        for (int i = 0; i < l.n; i++)
            ck_assert_int_eq(name_is_allowed("version", l.items[i].version, NULL), 0);
        package_list_release(&l);
    }
}
END_TEST

START_TEST(a_folder_is_scanned)
{
    struct folder f;
    struct package_list l;
    struct err e = {0};

    folder_init(&f);
    folder_write(&f, "shop-1.9.0.tar.gz", "nine");
    folder_write(&f, "shop-1.9.0.tar.gz.sha256", SUM_A "\n");
    folder_write(&f, "shop-1.10.0.tar.gz", "ten");
    folder_write(&f, "shop-1.11.0.tar.gz", "no digest");
    folder_write(&f, "other-1.0.tar.gz", "");
    folder_write(&f, "shop-1.12.0.tar.gz.part", "");
    folder_write(&f, "SHA256SUMS", SUM_B "  shop-1.10.0.tar.gz\n" SUM_B "  shop-9.tar.gz\n");
    ck_assert_msg(packages_scan(f.path, "shop", &l, &e) == 0, "%s", e.msg);
    ck_assert_int_eq(l.n, 3);
    ck_assert_str_eq(l.items[0].version, "1.11.0");
    ck_assert_str_eq(l.items[0].sha256, "");
    ck_assert_str_eq(l.items[1].sha256, SUM_B);
    ck_assert_str_eq(l.items[2].sha256, SUM_A);
    ck_assert_int_eq(l.items[2].size, 4);
    ck_assert_int_gt(l.items[2].mtime_ms, 0);
    package_list_release(&l);
    folder_release(&f);
}
END_TEST

static void assert_scan_refused(struct folder *f, int code, const char *wanted)
{
    struct package_list l;
    struct err e = {0};

    ck_assert_int_eq(packages_scan(f->path, "shop", &l, &e), code);
    ck_assert_msg(strstr(e.msg, wanted) != NULL, "%s", e.msg);
    ck_assert_int_eq(l.n, 0);
}

START_TEST(what_cannot_be_trusted_is_refused)
{
    struct folder f;
    char path[96];

    folder_init(&f);
    folder_write(&f, "shop-1.9.0.tar.gz", "nine");
    folder_write(&f, "shop-1.9.0.tar.gz.sha256", SUM_A "  shop-1.8.0.tar.gz\n");
    assert_scan_refused(&f, ERR_PROTOCOL, "holds no SHA-256 of shop-1.9.0.tar.gz");
    folder_write(&f, "shop-1.9.0.tar.gz.sha256", SUM_A "  shop-1.9.0.tar.gz\n");
    folder_write(&f, "SHA256SUMS", SUM_B "  shop-1.9.0.tar.gz\n");
    assert_scan_refused(&f, ERR_PROTOCOL, "different digests");
    snprintf(path, sizeof path, "%s/SHA256SUMS", f.path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    assert_scan_refused(&f, ERR_IO, "no plain file");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(chmod(f.path, 0757), 0);
    assert_scan_refused(&f, ERR_REFUSED, "every user may write");
    ck_assert_int_eq(chmod(f.path, 0700), 0);
    folder_release(&f);
    assert_scan_refused(&f, ERR_NOTFOUND, "cannot be opened");
}
END_TEST

START_TEST(urls_are_told_from_folders)
{
    ck_assert(package_source_is_url("https://p.example.com/x"));
    ck_assert(package_source_is_url("HTTP://p"));
    ck_assert(!package_source_is_url("/srv/http://x"));
    ck_assert(!package_source_is_url("ftp://x"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("packages");
    TCase *t = tcase_create("all");

    tcase_add_test(t, versions_have_the_order_people_expect);
    tcase_add_test(t, the_order_is_a_total_one);
    tcase_add_test(t, sums_are_read);
    tcase_add_test(t, wrong_sums_are_refused);
    tcase_add_test(t, any_sums_are_an_answer);
    tcase_add_test(t, a_folder_is_scanned);
    tcase_add_test(t, what_cannot_be_trusted_is_refused);
    tcase_add_test(t, urls_are_told_from_folders);
    suite_add_tcase(s, t);
    return suite_run(s);
}
