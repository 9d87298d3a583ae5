/* test_mutations.c: a good file changed at random never ends the program: it is refused with at
 * least one error, or it is a good inventory whose groups freeze and thaw. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "folder.h"

enum { ROUNDS = 3000, CHANGES_MAX = 6 };

static const char GOOD[] =
    "group: shop-web # of the shop\n"
    "doc_base: /srv/shop\n"
    "port: 8080\n"
    "health_check_url: http://%h:%p/health\n"
    "instances:\n"
    "  - host: web[01-03].example.com\n"
    "    canary: true\n"
    "  - {host: \"web[04-40].example.com\", port: 81}\n"
    "package: {name: shop, source: /srv/p, url: 'http://p/shop-%v.tar.gz'}\n"
    "commands: {stop: \"systemctl --user stop shop\", start: &s 'true'}\n"
    "traffic: {driver: haproxy, socket: [\"tcp://127.0.0.1:9999\"], backend: shop}\n"
    "verify: {expect: {status: 200, body: '\"version\":\"%v\"'}, warmup: [\"/\", \"/cart\"]}\n"
    "deployment: {max_out: 25%, pattern: 10%+20%, max_failures: 5%}\n"
    "keep_releases: 5\n"
    "environment: test\n"
    "watch: 30m\n"
    "monitors:\n"
    "  user: [{url: \"https://shop/\", every: 5s, within: 800ms, body: 'a|b', success: 99%}]\n"
    "  network: {connect: \"%h:%p\", tls: true, loss: 10%}\n"
    "  business:\n"
    "    - {prometheus: 'http://p:9', query: \"sum(x)\", forecast: weekly, at_least: -1.5}\n"
    "    - {url: 'http://n', json: a.b, worse: both}\n"
    "  application:\n"
    "    - {scrape: 'http://%h/m', calls: c, errors: 'c{x=~\"5..\"}', most_errors: 5%}\n"
    "    - {tail: \"%d/e.log\", pattern: \"E|F\", at_most: 3/1m}\n"
    "  system: {memory: 90%, load: 2.0}\n"
    "notify:\n"
    "  - {preset: feishu, url_env: A, secret_env: B, template: '{\"a\": \"{b}\"}', on: [done]}\n"
    "  - {hook: tell, digest: 0, per_minute: 5}\n";

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* Put in what YAML or we give a meaning to, drop a run, double one, or change a byte. */
static size_t change(char *text, size_t len, size_t size, unsigned *state)
{
    static const char *const parts[] = {
        "[",   "]",        "{",       "}",     ": ",          "- ",       "&a ",
        "*a",  "%x",       "\n",      "\t",    "'",           "\"",       "|\n",
        "\\0", "~",        "!!int ",  "---\n", "99999999999", "[1-9999]", "\xEF\xBB\xBF",
        "? ",  "<<: *s\n", "\xC2\x85"};
    size_t at = next_random(state) % (len + 1);
    size_t run = next_random(state) % 12;
    const char *part = parts[next_random(state) % ARRAY_LEN(parts)];
    size_t n = strlen(part);

    switch (next_random(state) % 4) {
    case 0:
        memmove(text + at + n, text + at, len - at);
        memcpy(text + at, part, n);
        return len + n;
    case 1:
        run = run < len - at ? run : len - at;
        memmove(text + at, text + at + run, len - at - run);
        return len - run;
    case 2:
        run = run < len - at ? run : len - at;
        memmove(text + at + run, text + at, len - at);
        return len + run;
    default:
        if (at < len && len < size)
            text[at] = (char)next_random(state);
        return len;
    }
}

START_TEST(changed_files_are_refused_or_good)
{
    struct folder f;
    unsigned state = 20261122;
    int good = 0;

    folder_init(&f);
    folder_group(&f, GOOD);
    for (int round = 0; round < ROUNDS; round++) {
        char text[sizeof GOOD + CHANGES_MAX * 16];
        size_t len = sizeof GOOD - 1;
        memcpy(text, GOOD, len);
        for (unsigned i = next_random(&state) % CHANGES_MAX + 1; i > 0; i--)
            len = change(text, len, sizeof text, &state);
        folder_write_bytes(&f, "groups.d/g.yaml", text, len);
        const struct inventory *inv = folder_load(&f);
        for (const char *p = buf_str(&f.report); *p; p += strcspn(p, "\n") + 1)
            ck_assert(text_is_safe((struct raw){p, strcspn(p, "\n")}));
        if (!inv)
            continue;
        good++;
        ck_assert_int_ge(inv->groups[0].n_instances, 1);
        for (int i = 0; i < inv->groups[0].n_monitors; i++)
            ck_assert(text_is_safe(raw_of(inv->groups[0].monitors[i].name)));
        struct group_config *copy = group_config_copy(&inv->groups[0]);
        ck_assert_ptr_nonnull(copy);
        group_config_free(copy);
    }
    printf("# %d of %d changed files were good\n", good, ROUNDS);
    ck_assert_int_gt(good, 0);
    ck_assert_int_lt(good, ROUNDS);
    folder_release(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mutations");
    TCase *t = tcase_create("all");

    tcase_add_test(t, changed_files_are_refused_or_good);
    suite_add_tcase(s, t);
    return suite_run(s);
}
