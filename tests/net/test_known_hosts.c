/* test_known_hosts.c: our matcher against ssh-keygen -F on a generated corpus, and the verdicts
 * that libssh2 gets wrong. */
#include "config.h"

#include "net/known_hosts.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "suite.h"

/* ---- helpers -------------------------------------------------------------------------------- */

static unsigned long seed = 20261122;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % n;
}

static char folder[] = "/tmp/fp-known-XXXXXX";

static void folder_make(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
    char *rm = xasprintf("rm -r '%s'", folder);
    const char *argv[] = {"sh", "-c", rm, NULL};
    pid_t pid = fork();

    if (pid == 0) {
        execv("/bin/sh", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    free(rm);
}

static char *in_folder(const char *name)
{
    return xasprintf("%s/%s", folder, name);
}

static void file_write(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

/* Run a program, its output to b. */
static int program(struct buf *b, const char *const *argv)
{
    posix_spawn_file_actions_t to;
    int fd[2];
    char p[4096];
    ssize_t n;
    int status = 0;
    pid_t pid;

    ck_assert_int_eq(pipe(fd), 0);
    posix_spawn_file_actions_init(&to);
    posix_spawn_file_actions_adddup2(&to, fd[1], 1);
    posix_spawn_file_actions_adddup2(&to, fd[1], 2);
    posix_spawn_file_actions_addclose(&to, fd[0]);
    ck_assert_int_eq(
        posix_spawnp(&pid, argv[0], &to, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    posix_spawn_file_actions_destroy(&to);
    close(fd[1]);
    while ((n = read(fd[0], p, sizeof(p))) > 0)
        buf_add(b, p, (size_t)n);
    close(fd[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A key's line of base64; n tells keys apart. They need not be points on a curve. */
static char *key_text(const char *type, unsigned n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf blob, text;
    size_t i;

    buf_init(&blob, 0);
    buf_init(&text, 0);
    wire_put_string(&blob, type, strlen(type));
    wire_put_u32(&blob, 32);
    for (i = 0; i < 8; i++)
        wire_put_u32(&blob, n * 2654435761u + (unsigned)i);
    while (blob.len % 3)
        buf_addc(&blob, 'x');
    for (i = 0; i + 2 < blob.len; i += 3) {
        unsigned v = (unsigned)(unsigned char)blob.p[i] << 16 |
                     (unsigned)(unsigned char)blob.p[i + 1] << 8 | (unsigned char)blob.p[i + 2];

        buf_addc(&text, digits[v >> 18]);
        buf_addc(&text, digits[v >> 12 & 63]);
        buf_addc(&text, digits[v >> 6 & 63]);
        buf_addc(&text, digits[v & 63]);
    }
    buf_release(&blob);
    return buf_take(&text);
}

static struct bytes key_blob(const char *type, unsigned n)
{
    char *text = key_text(type, n);
    unsigned char *p = NULL;
    size_t len = 0;

    ck_assert(base64_decode(text, strlen(text), &p, &len));
    free(text);
    return (struct bytes){p, len};
}

static void line_add(struct buf *b, const char *hosts, const char *type, unsigned n)
{
    char *text = key_text(type, n);

    buf_addf(b, "%s %s %s\n", hosts, type, text);
    free(text);
}

static struct known_hosts *parse(struct buf *b)
{
    struct known_hosts *k = known_hosts_parse("known", buf_str(b), b->len);

    buf_release(b);
    return k;
}

static enum known_verdict judge(struct known_hosts *k, const char *name, const char *type,
                                unsigned n)
{
    struct bytes key = key_blob(type, n);
    enum known_verdict v = known_hosts_judge(&k, 1, name, key, NULL, NULL);

    free((void *)(uintptr_t)key.p);
    return v;
}

#define ED "ssh-ed25519"
#define EC "ecdsa-sha2-nistp256"

/* ---- verdicts ------------------------------------------------------------------------------- */

START_TEST(verdicts)
{
    struct buf b;
    struct known_hosts *k;

    buf_init(&b, 0);
    buf_adds(&b, "# comment\n\n  \t\r\ngarbage\n@nonsense web01 " ED " AAAA\nweb02 " ED " !!!!\n");
    line_add(&b, "web01,WEB02.Example.com", ED, 1);
    line_add(&b, "@revoked *", ED, 66);
    line_add(&b, "@cert-authority *.ca.example", ED, 7);
    line_add(&b, "*.example.org,!bad.example.org", EC, 2);
    line_add(&b, "h", ED, 3);
    line_add(&b, "[web01]:2222", ED, 4);
    line_add(&b, "w?b99", ED, 5);
    k = parse(&b);
    ck_assert_int_eq(known_hosts_bad_lines(k), 3);
    ck_assert_int_eq(judge(k, "web01", ED, 1), KNOWN_HOST_OK);
    ck_assert_int_eq(judge(k, "web02.example.com", ED, 1), KNOWN_HOST_OK);
    ck_assert_int_eq(judge(k, "web01", ED, 2), KNOWN_HOST_CHANGED);
    ck_assert_int_eq(judge(k, "web01", EC, 1), KNOWN_HOST_CHANGED);
    ck_assert_int_eq(judge(k, "web01", ED, 66), KNOWN_HOST_REVOKED);
    ck_assert_int_eq(judge(k, "other", ED, 66), KNOWN_HOST_REVOKED);
    ck_assert_int_eq(judge(k, "other", ED, 1), KNOWN_HOST_NEW);
    ck_assert_int_eq(judge(k, "x.ca.example", ED, 7), KNOWN_HOST_CA_ONLY);
    ck_assert_int_eq(judge(k, "good.example.org", EC, 2), KNOWN_HOST_OK);
    ck_assert_int_eq(judge(k, "bad.example.org", EC, 2), KNOWN_HOST_NEW);
    ck_assert_int_eq(judge(k, "h", ED, 3), KNOWN_HOST_OK);
    ck_assert_int_eq(judge(k, "[web01]:2222", ED, 4), KNOWN_HOST_OK);
    ck_assert_int_eq(judge(k, "[web01]:2222", ED, 1), KNOWN_HOST_CHANGED);
    ck_assert_int_eq(judge(k, "web99", ED, 5), KNOWN_HOST_OK);
    ck_assert_int_eq(judge(k, "[h]:2222", ED, 3), KNOWN_HOST_NEW);
    known_hosts_free(k);
}
END_TEST

START_TEST(names)
{
    static const struct {
        const char *host;
        int port;
        const char *alias;
        const char *name;
    } rows[] = {
        {"Web01", 22, NULL, "web01"},       {"Web01", 2222, NULL, "[web01]:2222"},
        {"::1", 22, NULL, "::1"},           {"::1", 99, NULL, "[::1]:99"},
        {"10.0.0.1", 99, "Alias", "alias"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++) {
        char *name = known_hosts_name(rows[i].host, rows[i].port, rows[i].alias);

        ck_assert_str_eq(name, rows[i].name);
        free(name);
    }
}
END_TEST

START_TEST(asked)
{
    struct buf b;
    struct known_hosts *k;
    struct known_answer a;

    buf_init(&b, 0);
    line_add(&b, "web01", ED, 1);
    line_add(&b, "web0*", EC, 2);
    line_add(&b, "@cert-authority web01", ED, 9);
    line_add(&b, "@revoked web01", EC, 8);
    k = parse(&b);
    known_hosts_ask(&k, 1, "web01", &a);
    ck_assert_uint_eq(a.type_mask, 1u << KEY_ED25519 | 1u << KEY_ECDSA256);
    ck_assert_int_eq(a.n_plain, 2);
    ck_assert_int_eq(a.n_ca, 1);
    ck_assert_int_eq(a.n_revoked, 1);
    known_hosts_ask(&k, 1, "db01", &a);
    ck_assert_int_eq(a.n_plain + a.n_ca + a.n_revoked, 0);
    known_hosts_free(k);
}
END_TEST

START_TEST(cache)
{
    struct known_cache *c = known_cache_new();
    char *path = in_folder("cached");
    struct known_hosts *k = known_cache_get(c, path);
    struct known_hosts *again;
    struct buf b;

    ck_assert_int_eq(judge(k, "web01", ED, 1), KNOWN_HOST_NEW);
    buf_init(&b, 0);
    line_add(&b, "web01", ED, 1);
    file_write(path, b.p, b.len);
    k = known_cache_get(c, path);
    ck_assert_int_eq(judge(k, "web01", ED, 1), KNOWN_HOST_OK);
    again = known_cache_get(c, path);
    ck_assert_ptr_eq(k, again);
    line_add(&b, "web02", ED, 2);
    file_write(path, b.p, b.len);
    k = known_cache_get(c, path);
    ck_assert_int_eq(judge(k, "web02", ED, 2), KNOWN_HOST_OK);
    ck_assert_int_eq(unlink(path), 0);
    k = known_cache_get(c, path);
    ck_assert_int_eq(judge(k, "web01", ED, 1), KNOWN_HOST_NEW);
    buf_release(&b);
    free(path);
    known_cache_free(c);
}
END_TEST

/* ---- against ssh-keygen --------------------------------------------------------------------- */

enum { MAX_LINES = 4096 };

struct lines {
    bool is_found[MAX_LINES + 1];
    int n;
};

static void lines_add(void *arg, const struct known_hosts *k, const struct known_line *line)
{
    struct lines *l = arg;

    (void)k;
    ck_assert(!l->is_found[line->number]);
    l->is_found[line->number] = true;
    l->n++;
}

/* "# Host web01 found: line 12" */
static void lines_of_keygen(const char *text, struct lines *l)
{
    while ((text = strstr(text, "found: line "))) {
        long n = strtol(text + 12, NULL, 10);

        ck_assert(n > 0 && n <= MAX_LINES);
        l->is_found[n] = true;
        l->n++;
        text++;
    }
}

static void host_word(struct buf *b)
{
    static const char *const words[] = {"web", "db", "a", "x1", "web01", "cache-7"};
    static const char *const tails[] = {"", "", ".example.com", ".EXAMPLE.com", ".b", ".lan"};

    buf_addf(b, "%s%s", words[pick(ARRAY_LEN(words))], tails[pick(ARRAY_LEN(tails))]);
}

static void pattern_word(struct buf *b)
{
    static const char *const patterns[] = {"*.example.com", "web*",  "w?b01", "*", "??",
                                           "*b*",           "a*.l?n"};

    buf_adds(b, patterns[pick(ARRAY_LEN(patterns))]);
}

static void hosts_word(struct buf *b)
{
    switch (pick(8)) {
    case 0:
        buf_addf(b, "10.0.%u.%u", pick(3), pick(4));
        break;
    case 1:
        buf_addc(b, '[');
        host_word(b);
        buf_addf(b, "]:%u", 2222 + pick(2));
        break;
    case 2:
        pattern_word(b);
        break;
    case 3:
        buf_addc(b, '!');
        if (pick(2))
            pattern_word(b);
        else
            host_word(b);
        break;
    case 4:
        if (pick(2))
            buf_addf(b, "[%s]:2222", pick(2) ? "*" : "w*");
        break;
    default:
        host_word(b);
    }
}

static void random_line(struct buf *b)
{
    static const char *const blanks[] = {" ", "  ", "\t", " \t "};
    static const char *const junk[] = {
        "",    "# note", "   ", "@wrong web " ED " AAAA", "@revoked @revoked web " ED " AAAA",
        "web", "\t# x"};
    unsigned n = 1 + pick(3);
    char *text;

    if (pick(12) == 0) {
        buf_addf(b, "%s\n", junk[pick(ARRAY_LEN(junk))]);
        return;
    }
    if (pick(8) == 0)
        buf_adds(b, blanks[pick(4)]);
    /* A tab behind a marker makes OpenSSH drop the line; ours reads it, which refuses more. */
    if (pick(10) == 0)
        buf_addf(b, "%s%s", pick(2) ? "@revoked" : "@cert-authority", blanks[pick(2)]);
    while (n--) {
        hosts_word(b);
        if (n)
            buf_addc(b, ',');
    }
    text = key_text(pick(2) ? ED : EC, pick(50));
    buf_addf(b, "%s%s%s%s%s\n", blanks[pick(4)], strncmp(text + 8, "aC1lZDI", 3) ? EC : ED,
             blanks[pick(4)], text, pick(2) ? " comment here" : "");
    free(text);
}

static char *query_new(void)
{
    struct buf b;
    char *name, *host;

    buf_init(&b, 0);
    if (pick(4) == 0)
        buf_addf(&b, "10.0.%u.%u", pick(3), pick(4));
    else
        host_word(&b);
    host = buf_take(&b);
    name = known_hosts_name(host, pick(3) ? 22 : 2222, NULL);
    free(host);
    return name;
}

static void compare(const char *path, struct known_hosts *k, const char *name)
{
    static struct lines ours, theirs;
    const char *argv[] = {"ssh-keygen", "-F", name, "-f", path, NULL};
    struct buf out;
    int i;

    memset(&ours, 0, sizeof(ours));
    memset(&theirs, 0, sizeof(theirs));
    buf_init(&out, 0);
    program(&out, argv);
    lines_of_keygen(buf_str(&out), &theirs);
    known_hosts_each(k, name, lines_add, &ours);
    for (i = 1; i <= MAX_LINES; i++)
        ck_assert_msg(ours.is_found[i] == theirs.is_found[i], "%s line %d: ours %d, ssh-keygen %d",
                      name, i, ours.is_found[i], theirs.is_found[i]);
    buf_release(&out);
}

static struct known_hosts *file_parse(const char *path)
{
    struct known_cache *c = known_cache_new();
    struct known_hosts *k = known_cache_get(c, path);
    struct buf text;
    FILE *f = fopen(path, "r");
    char p[4096];
    size_t n;

    (void)k;
    known_cache_free(c);
    buf_init(&text, 0);
    ck_assert_ptr_nonnull(f);
    while ((n = fread(p, 1, sizeof(p), f)) > 0)
        buf_add(&text, p, n);
    fclose(f);
    return parse(&text);
}

/* 24 files of 100 lines, each asked 12 times, half of the files hashed: 28,800 lines judged. */
START_TEST(keygen_differential)
{
    int file, i;

    for (file = 0; file < 24; file++) {
        char *path = in_folder("corpus");
        const char *hash[] = {"ssh-keygen", "-q", "-H", "-f", path, NULL};
        struct known_hosts *k;
        struct buf b;

        buf_init(&b, 0);
        for (i = 0; i < 100; i++)
            random_line(&b);
        file_write(path, b.p, b.len);
        buf_reset(&b);
        if (file % 2)
            program(&b, hash);
        buf_release(&b);
        k = file_parse(path);
        for (i = 0; i < 12; i++) {
            char *name = query_new();

            compare(path, k, name);
            free(name);
        }
        known_hosts_free(k);
        free(path);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("known_hosts");
    TCase *t = tcase_create("known_hosts");

    tcase_add_unchecked_fixture(t, folder_make, folder_remove);
    tcase_add_test(t, verdicts);
    tcase_add_test(t, names);
    tcase_add_test(t, asked);
    tcase_add_test(t, cache);
    tcase_add_test(t, keygen_differential);
    suite_add_tcase(s, t);
    return suite_run(s);
}
