/* test_ssh_config.c: what is read out of `ssh -G`, when it is asked again, and that an answer told
 * for another host is the one that ssh itself would give. */
#include "config.h"

#include "net/ssh_config.h"

#include <string.h>

#include "base/mem.h"
#include "net/ssh_config_share.h"
#include "sshd.h"
#include "suite.h"
#include "world.h"

static char folder[64];
static struct net *net;
static struct config_cache *cache;
static char *file;
static struct session_spec spec;
static int n_answers;
static struct ssh_config *answer;
static struct err answer_err;

static void setup(void)
{
    str_copy(folder, sizeof(folder), "/tmp/fp-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    net = world_open();
    cache = config_cache_new(net_loop(net));
    file = xasprintf("%s/config", folder);
    memset(&spec, 0, sizeof(spec));
    spec.ssh_config = file;
    spec.host = "web01";
}

static void teardown(void)
{
    ssh_config_unref(answer);
    answer = NULL;
    config_cache_free(cache);
    net_close(net);
    free(file);
    sh("rm -r %s", folder);
}

static void came(void *arg, struct ssh_config *config, const struct err *e)
{
    (void)arg;
    n_answers++;
    ssh_config_unref(answer);
    answer = config ? ssh_config_ref(config) : NULL;
    answer_err = *e;
}

static void ask(void)
{
    int want = n_answers + 1;

    config_ask_start(cache, &spec, came, NULL);
    ck_assert_int_eq(n_answers, want - 1);
    ck_assert(world_until(net, &n_answers, want, 10000));
}

START_TEST(settings)
{
    char *home = getenv("HOME");
    char *want;

    file_put(folder, "config",
             "Host web*\n HostName %%h.example.com\n User deploy\n Port 2200\n"
             " IdentityFile ~/.ssh/%%r-%%h\n IdentityFile %%d/second\n IdentitiesOnly yes\n"
             " IdentityAgent /run/a\n UserKnownHostsFile ~/k1 /k2\n GlobalKnownHostsFile none\n"
             " HostKeyAlias Web\n ConnectTimeout 7\n ProxyJump me@hop:22\n CertificateFile /c\n");
    ask();
    ck_assert_msg(answer != NULL, "%s", answer_err.msg);
    ck_assert_str_eq(answer->hostname, "web01.example.com");
    ck_assert_str_eq(answer->user, "deploy");
    ck_assert_int_eq(answer->port, 2200);
    ck_assert_uint_eq(answer->n_identities, 2);
    want = xasprintf("%s/.ssh/deploy-web01.example.com", home);
    ck_assert_str_eq(answer->identities[0], want);
    free(want);
    ck_assert(answer->is_identities_only);
    ck_assert_str_eq(answer->agent, "/run/a");
    ck_assert_uint_eq(answer->n_known_files, 2);
    ck_assert_str_eq(answer->known_files[1], "/k2");
    ck_assert_str_eq(answer->hostkey_alias, "web");
    ck_assert_int_eq(answer->connect_timeout_s, 7);
    ck_assert_str_eq(answer->proxy_jump, "me@hop:22");
    ck_assert_str_eq(answer->certificate, "/c");
}
END_TEST

START_TEST(inventory_first)
{
    file_put(folder, "config", "User other\nPort 99\nIdentityFile /x\n");
    spec.user = "deploy";
    spec.port = 2222;
    spec.identity_file = "/keys/%h";
    ask();
    ck_assert_str_eq(answer->user, "deploy");
    ck_assert_int_eq(answer->port, 2222);
    ck_assert_uint_eq(answer->n_identities, 1);
    ck_assert_str_eq(answer->identities[0], "/keys/web01");
    ck_assert(answer->is_key_named && answer->is_identities_only);
}
END_TEST

START_TEST(refusals)
{
    file_put(folder, "config", "IdentityFile /x/%%C\n");
    ask();
    ck_assert_ptr_null(answer);
    ck_assert_int_eq(answer_err.code, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(answer_err.msg, "%C"));
    file_put(folder, "config", "Prot 22\n");
    ask();
    ck_assert_ptr_null(answer);
    ck_assert_ptr_nonnull(strstr(answer_err.msg, "prot"));
}
END_TEST

/* A child that does not end is given up after five seconds. */
START_TEST(late)
{
    file_put(folder, "config", "Match exec \"sleep 20\"\n User x\n");
    ask();
    ck_assert_ptr_null(answer);
    ck_assert_int_eq(answer_err.code, ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(answer_err.msg, "within 5 s"));
}
END_TEST

static struct ssh_config *known(void)
{
    struct ssh_config *c;

    world_for(net, 5); /* files are looked at once in a turn */
    c = config_cache_get(cache, &spec);
    return c;
}

START_TEST(kept)
{
    struct ssh_config *c;

    file_put(folder, "config", "Include %s/more/*\nUser one\n", folder);
    sh("mkdir %s/more", folder);
    ck_assert_ptr_null(known());
    ask();
    c = known();
    ck_assert_ptr_nonnull(c);
    ck_assert_str_eq(c->user, "one");
    ssh_config_unref(c);
    spec.host = "web02"; /* the same lines hold for it */
    c = known();
    ck_assert_ptr_nonnull(c);
    ck_assert_str_eq(c->hostname, "web02");
    ssh_config_unref(c);
    spec.host = "web01";
    file_put(folder, "more/a", "User two\n");
    ck_assert_ptr_null(known());
    ask();
    ck_assert_str_eq(answer->user, "two");
    file_put(folder, "more/a", "User three\n");
    ck_assert_ptr_null(known());
    ask();
    ck_assert_str_eq(answer->user, "three");
}
END_TEST

START_TEST(cancelled)
{
    int i, before = n_answers;

    file_put(folder, "config", "User x\n");
    for (i = 0; i < 20; i++) {
        char *host = xasprintf("h%d", i);

        spec.host = host;
        config_ask_cancel(config_ask_start(cache, &spec, came, NULL));
        free(host);
    }
    world_for(net, 200);
    ck_assert_int_eq(n_answers, before);
    for (i = 0; i < 20; i++) {
        spec.host = "other";
        config_ask_start(cache, &spec, came, NULL);
    }
    ck_assert(world_until(net, &n_answers, before + 20, 10000));
}
END_TEST

/* ---- one answer for many hosts -------------------------------------------------------------- */

static unsigned long seed = 7;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % n;
}

static const char *one_of(const char *const *list, size_t n)
{
    return list[pick((unsigned)n)];
}

#define ONE_OF(...)                                                                                \
    one_of((const char *const[]){__VA_ARGS__},                                                     \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static char *random_config(void)
{
    struct buf b;
    unsigned i, n = 1 + pick(5);

    buf_init(&b, 0);
    if (pick(2))
        buf_addf(&b, "User top\n");
    for (i = 0; i < n; i++) {
        buf_addf(&b, "%s %s%s%s\n", ONE_OF("Host", "HOST", " host", "Host="),
                 ONE_OF("web*", "*", "db?? web01", "!web02 *", "WEB*", "w* !*1", "10.*"),
                 ONE_OF(" ", "\t", "  "), ONE_OF("", "db1", "x", "!db01"));
        buf_addf(&b, " %s\n", ONE_OF("User a", "Port 2201", "IdentityFile ~/.ssh/%h", "User b"));
        if (pick(3) == 0)
            buf_addf(&b, " %s\n",
                     ONE_OF("HostName 10.0.0.1", "HostName %h.lan", "ProxyJump hop", "# note",
                            "CanonicalizeHostname yes", "HostKeyAlias web01",
                            "UserKnownHostsFile /k", "Match host web02\n User m"));
    }
    return buf_take(&b);
}

static char *ssh_says(const char *host)
{
    sh("ssh -G -F %s -- '%s' > %s/out 2>/dev/null", file, host, folder);
    return file_get(folder, "out");
}

START_TEST(shared_answers)
{
    static const char *const hosts[] = {"web01", "web02", "db01", "db1", "WEB3", "10.0.0.7", "x"};
    const char *files[] = {file};
    int round, n_shared = 0;
    size_t i;

    for (round = 0; round < 60; round++) {
        char *text = random_config();
        const char *first = hosts[pick(ARRAY_LEN(hosts))];
        struct config_share *s;
        char *said;

        file_put(folder, "config", "%s", text);
        said = ssh_says(first);
        s = config_share_new(said, first, files, 1);
        for (i = 0; s && i < ARRAY_LEN(hosts); i++) {
            char *ours = config_share_text(s, hosts[i]);
            char *theirs = ours ? ssh_says(hosts[i]) : NULL;

            ck_assert_msg(!ours || strcmp(ours, theirs) == 0, "%s from %s:\n%s\n%.60s\n%.60s",
                          hosts[i], first, text, ours, theirs);
            n_shared += ours ? 1 : 0;
            free(ours);
            free(theirs);
        }
        config_share_free(s);
        free(said);
        free(text);
    }
    ck_assert_int_gt(n_shared, 40);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ssh_config");
    TCase *t = tcase_create("ssh_config");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, settings);
    tcase_add_test(t, inventory_first);
    tcase_add_test(t, refusals);
    tcase_add_test(t, late);
    tcase_add_test(t, kept);
    tcase_add_test(t, cancelled);
    tcase_add_test(t, shared_answers);
    suite_add_tcase(s, t);
    return suite_run(s);
}
