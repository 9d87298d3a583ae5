/* test_ssh_key.c: key files that ssh-keygen and openssl make: what is decoded, what is refused and
 * in which words, and that a signature is right. */
#include "config.h"

#include "net/ssh_key.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/mem.h"
#include "suite.h"

static char folder[] = "/tmp/fp-key-XXXXXX";
static struct key_cache *keys;

static int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Run a shell command in the folder, without a word. */
static int shell(const char *fmt, ...)
{
    struct buf b;
    va_list ap;
    int status = -1;
    pid_t pid;

    buf_init(&b, 0);
    buf_addf(&b, "cd '%s' && exec >/dev/null 2>&1; ", folder);
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", buf_str(&b), (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    buf_release(&b);
    return status;
}

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    keys = key_cache_new();
}

static void teardown(void)
{
    key_cache_free(keys);
    shell("rm -r '%s'", folder);
}

static struct ssh_key *get(const char *name)
{
    char *path = xasprintf("%s/%s", folder, name);
    struct ssh_key *k = key_cache_get(keys, path);

    free(path);
    return k;
}

/* The blob in NAME.pub must be the one that was decoded. */
static void public_is_right(const struct ssh_key *k, const char *name)
{
    char *pub = xasprintf("%s.pub", name);
    struct ssh_key *half;

    ck_assert_int_eq(shell("cp %s.pub other && mv other only.pub", name), 0);
    half = get("only");
    ck_assert_ptr_nonnull(half);
    ck_assert_int_eq(half->state, KEY_PUBLIC);
    ck_assert(bytes_equal(half->public_key, k->public_key));
    ssh_key_unref(half);
    free(pub);
}

/* Verify as the server would, from the bytes on the wire. */
static void sign_is_right(const struct ssh_key *k)
{
    static const char text[] = "what is signed";
    const EVP_MD *md = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char *sig = NULL, *der = NULL;
    size_t n = 0;

    ck_assert_int_eq(ssh_key_sign(k, text, sizeof(text), &sig, &n), 0);
    if (k->type != KEY_ED25519) {
        ECDSA_SIG *pair = ECDSA_SIG_new();
        struct wire w;
        struct bytes r, s;

        wire_init(&w, sig, n);
        r = wire_string(&w);
        s = wire_string(&w);
        ck_assert(!w.is_bad && w.left == 0);
        ECDSA_SIG_set0(pair, BN_bin2bn(r.p, (int)r.n, NULL), BN_bin2bn(s.p, (int)s.n, NULL));
        n = (size_t)i2d_ECDSA_SIG(pair, &der);
        ECDSA_SIG_free(pair);
        md = k->type == KEY_ECDSA256   ? EVP_sha256()
             : k->type == KEY_ECDSA384 ? EVP_sha384()
                                       : EVP_sha512();
    }
    ck_assert_int_eq(EVP_DigestVerifyInit(ctx, NULL, md, NULL, k->secret), 1);
    ck_assert_int_eq(
        EVP_DigestVerify(ctx, der ? der : sig, n, (const unsigned char *)text, sizeof(text)), 1);
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    free(sig);
}

static const struct {
    const char *args;
    enum key_type type;
} kinds[] = {
    {"-t ed25519", KEY_ED25519},
    {"-t ecdsa -b 256", KEY_ECDSA256},
    {"-t ecdsa -b 384", KEY_ECDSA384},
    {"-t ecdsa -b 521", KEY_ECDSA521},
    {"-m PEM -t ecdsa -b 256", KEY_ECDSA256},
    {"-m PKCS8 -t ecdsa -b 384", KEY_ECDSA384},
};

START_TEST(good_keys)
{
    int round;

    for (round = 0; round < 8; round++) {
        struct ssh_key *k;

        ck_assert_int_eq(shell("rm -f k*; ssh-keygen -q -N '' %s -f k", kinds[_i].args), 0);
        k = get("k");
        ck_assert_ptr_nonnull(k);
        ck_assert_msg(k->state == KEY_CAN_SIGN, "%s", k->err.msg);
        ck_assert_int_eq(k->type, kinds[_i].type);
        public_is_right(k, "k");
        sign_is_right(k);
        ssh_key_unref(k);
    }
}
END_TEST

START_TEST(locked_keys)
{
    struct ssh_key *k;

    ck_assert_int_eq(shell("ssh-keygen -q -N secret %s -f k", kinds[_i].args), 0);
    k = get("k");
    ck_assert_ptr_nonnull(k);
    ck_assert_int_eq(k->state, KEY_LOCKED);
    public_is_right(k, "k");
    ssh_key_unref(k);
}
END_TEST

START_TEST(rsa_keys)
{
    struct ssh_key *k;

    ck_assert_int_eq(shell("ssh-keygen -q -N '' -t rsa -b 1024 %s -f k", _i ? "-m PEM" : ""), 0);
    k = get("k");
    ck_assert_int_eq(k->state, KEY_NOT_USABLE);
    ck_assert_ptr_nonnull(strstr(k->err.msg, "RSA"));
    ck_assert_ptr_nonnull(strstr(k->err.msg, "ed25519"));
    ssh_key_unref(k);
}
END_TEST

START_TEST(pkcs8_ed25519)
{
    struct ssh_key *k;

    ck_assert_int_eq(shell("openssl genpkey -algorithm ed25519 -out k && chmod 600 k"), 0);
    k = get("k");
    ck_assert_msg(k->state == KEY_CAN_SIGN, "%s", k->err.msg);
    ck_assert_int_eq(k->type, KEY_ED25519);
    sign_is_right(k);
    ssh_key_unref(k);
}
END_TEST

START_TEST(bad_files)
{
    static const char *const made[] = {
        "echo nonsense > k",
        ": > k",
        "ssh-keygen -q -N '' -t ed25519 -f k; sed -i 3d k",
        "ssh-keygen -q -N '' -t ed25519 -f k; head -3 k > j; mv j k",
        "printf -- '-----BEGIN EC PRIVATE KEY-----\\nAAAA\\n-----END EC PRIVATE KEY-----\\n' > k",
        "mkdir k",
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(made); i++) {
        struct ssh_key *k;

        shell("rm -rf k k.pub; %s; chmod 600 k", made[i]);
        k = get("k");
        ck_assert_ptr_nonnull(k);
        ck_assert_msg(k->state == KEY_BROKEN, "%s", made[i]);
        ck_assert_msg(strstr(k->err.msg, "/k: ") != NULL, "%s", k->err.msg);
        ssh_key_unref(k);
    }
    ck_assert_ptr_null(get("nothing"));
}
END_TEST

START_TEST(open_to_others)
{
    struct ssh_key *k;

    ck_assert_int_eq(shell("ssh-keygen -q -N '' -t ed25519 -f k; chmod 644 k"), 0);
    k = get("k");
    ck_assert_int_eq(k->state, KEY_BROKEN);
    ck_assert_ptr_nonnull(strstr(k->err.msg, "chmod 600"));
    ssh_key_unref(k);
    ck_assert_int_eq(shell("chmod 600 k"), 0);
    k = get("k");
    ck_assert_int_eq(k->state, KEY_CAN_SIGN);
    ssh_key_unref(k);
}
END_TEST

/* Every cut and every flipped byte of a good key must be told or survived, never read beyond. */
START_TEST(damaged_keys)
{
    char *path = xasprintf("%s/k", folder);
    char text[4096];
    size_t n, i;
    FILE *f;

    ck_assert_int_eq(shell("ssh-keygen -q -N '' %s -f k", kinds[_i].args), 0);
    f = fopen(path, "r");
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    for (i = 0; i < n; i++) {
        char *cut = xstrndup(text, i);
        char *flip = xstrndup(text, n);

        ssh_key_unref(ssh_key_parse("cut", cut, i));
        flip[i] = (char)(flip[i] == 'A' ? 'z' : 'A');
        ssh_key_unref(ssh_key_parse("flip", flip, n));
        free(cut);
        free(flip);
    }
    free(path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ssh_key");
    TCase *t = tcase_create("ssh_key");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, good_keys, 0, (int)ARRAY_LEN(kinds));
    tcase_add_loop_test(t, locked_keys, 0, (int)ARRAY_LEN(kinds));
    tcase_add_loop_test(t, rsa_keys, 0, 2);
    tcase_add_test(t, pkcs8_ed25519);
    tcase_add_test(t, bad_files);
    tcase_add_test(t, open_to_others);
    tcase_add_loop_test(t, damaged_keys, 0, (int)ARRAY_LEN(kinds));
    suite_add_tcase(s, t);
    return suite_run(s);
}
