/* test_ssh.c: sessions and commands against a real sshd: what works, in bulk, in parallel and under
 * the odd settings of servers. What fails is in test_ssh_faults.c. */
#include "config.h"

#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "net/net.h"
#include "client.h"
#include "sshd.h"
#include "suite.h"

enum { SOON_MS = 60000 };

static struct sshd d;
static struct net *net;
static char *config;
static struct session_spec spec;

static void spec_set(void)
{
    config = xasprintf("%s/config", d.folder);
    memset(&spec, 0, sizeof(spec));
    spec.transport = TRANSPORT_SSH;
    spec.host = "web01";
    spec.ssh_config = config;
}

static void begin(const char *more)
{
    sshd_start(&d, more);
    net = world_open();
    spec_set();
}

static void setup(void)
{
    begin("");
}

static void end(void)
{
    net_close(net);
    free(config);
    sshd_stop(&d);
}

static void ready(struct client *c)
{
    client_open(c, net, &spec);
    ck_assert_int_eq(c->n_over, 0);
    ck_assert(world_until(net, &c->n_over, 1, SOON_MS));
    ck_assert_msg(c->n_ready == 1, "%s", c->lost.msg);
}

static void done(struct command *c)
{
    ck_assert(world_until(net, &c->n_done, 1, SOON_MS));
    ck_assert_int_eq(c->n_done, 1);
}

/* Run one command to its end. */
static void run(struct client *client, struct command *c, const char *text)
{
    struct run_spec rs = {.command = text};

    memset(c, 0, sizeof(*c));
    command_start(c, client, net, &rs);
    ck_assert_int_eq(c->n_done, 0);
    done(c);
}

START_TEST(commands)
{
    static const struct {
        const char *command;
        const char *out;
        const char *err;
        int status;
    } rows[] = {
        {"true", "", "", 0},
        {"exit 7", "", "", 7},
        {"echo out; echo err >&2", "out\n", "err\n", 0},
        {"exit 255", "", "", 255},
        {"printf 'a\\0b' | wc -c", "3\n", "", 0},
        {"kill -9 $$", "", "", -1},
        {"cat", "", "", 0},
        {"exec >&- 2>&-; sleep 0.05; exit 3", "", "", 3},
    };
    struct client c;
    struct command r;
    size_t i;

    ready(&c);
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        run(&c, &r, rows[i].command);
        ck_assert_msg(r.result.err.code == 0, "%s", r.result.err.msg);
        ck_assert_str_eq(buf_str(&r.out), rows[i].out);
        ck_assert_str_eq(buf_str(&r.err), rows[i].err);
        ck_assert_int_eq(r.result.status, rows[i].status);
        command_release(&r);
    }
    ck_assert_int_eq(c.n_lost, 0);
    client_close(&c, net);
}
END_TEST

/* One megabyte in, the same out. */
START_TEST(input)
{
    enum { BYTES = 1 << 20 };
    char *text = xmalloc(BYTES);
    struct run_spec rs = {.command = "cat", .input = text, .input_len = BYTES};
    struct client c;
    struct command r = {0};
    size_t i;

    for (i = 0; i < BYTES; i++)
        text[i] = (char)(i * 31 + i / 256);
    ready(&c);
    command_start(&r, &c, net, &rs);
    memset(text, 0, BYTES / 2); /* it was copied */
    done(&r);
    ck_assert_int_eq(r.result.status, 0);
    ck_assert_uint_eq(r.out.len, BYTES);
    for (i = 0; i < BYTES; i++)
        ck_assert_int_eq(r.out.p[i], (char)(i * 31 + i / 256));
    command_release(&r);
    client_close(&c, net);
    free(text);
}
END_TEST

/* Input that nobody reads holds nothing up. */
START_TEST(input_unread)
{
    enum { BYTES = 8 << 20 };
    char *text = xcalloc(1, BYTES);
    struct run_spec rs = {.command = "exec <&-; echo done", .input = text, .input_len = BYTES};
    struct client c;
    struct command r = {0}, other;

    ready(&c);
    command_start(&r, &c, net, &rs);
    run(&c, &other, "echo other");
    ck_assert_str_eq(buf_str(&other.out), "other\n");
    done(&r);
    ck_assert_str_eq(buf_str(&r.out), "done\n");
    command_release(&r);
    command_release(&other);
    client_close(&c, net);
    free(text);
}
END_TEST

/* The sanitizer keeps what was freed for a while; a test of memory must not count that. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=2";
}

static long resident_kib(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* 50 MB on each stream; memory must not follow. */
START_TEST(flood)
{
    struct run_spec rs = {.command =
                              "head -c 50000000 /dev/zero & head -c 50000000 /dev/zero >&2; wait"};
    struct client c;
    struct command r = {.is_counted_only = true};
    long before;

    ready(&c);
    run(&c, &r, "echo warm");
    command_release(&r);
    before = resident_kib();
    memset(&r, 0, sizeof(r));
    r.is_counted_only = true;
    command_start(&r, &c, net, &rs);
    ck_assert(world_until(net, &r.n_done, 1, 180000));
    ck_assert_uint_eq(r.n_out, 50000000);
    ck_assert_uint_eq(r.n_err, 50000000);
    ck_assert_int_eq(r.result.status, 0);
    ck_assert_msg(resident_kib() - before < 24 * 1024, "grew by %ld KiB", resident_kib() - before);
    command_release(&r);
    client_close(&c, net);
}
END_TEST

START_TEST(output_bound)
{
    struct run_spec rs = {.command = "head -c 3000000 /dev/zero; echo x >&2; exit 4",
                          .max_output = 1000};
    struct client c;
    struct command r = {0};

    ready(&c);
    command_start(&r, &c, net, &rs);
    done(&r);
    ck_assert_uint_eq(r.n_out + r.n_err, 1000);
    ck_assert_uint_eq(r.result.dropped, 3000002 - 1000);
    ck_assert_int_eq(r.result.status, 4);
    command_release(&r);
    client_close(&c, net);
}
END_TEST

/* 30 commands at once on one session: 8 run, the others wait; each gets its own output. */
START_TEST(many_commands)
{
    enum { N = 30 };
    struct command r[N];
    struct client c;
    int i;

    ready(&c);
    for (i = 0; i < N; i++) {
        char *text = xasprintf("echo %d; exit %d", i, i);
        struct run_spec rs = {.command = text};

        memset(&r[i], 0, sizeof(r[i]));
        command_start(&r[i], &c, net, &rs);
        free(text);
    }
    for (i = 0; i < N; i++) {
        char *text = xasprintf("%d\n", i);

        done(&r[i]);
        ck_assert_msg(r[i].result.err.code == 0, "%s", r[i].result.err.msg);
        ck_assert_int_eq(r[i].result.status, i);
        ck_assert_str_eq(buf_str(&r[i].out), text);
        command_release(&r[i]);
        free(text);
    }
    client_close(&c, net);
}
END_TEST

static void sessions_in_parallel(int n)
{
    struct client *c = xcalloc((size_t)n, sizeof(*c));
    struct command *r = xcalloc((size_t)n, sizeof(*r));
    struct run_spec rs = {.command = "echo hello"};
    int i;

    for (i = 0; i < n; i++) {
        client_open(&c[i], net, &spec);
        command_start(&r[i], &c[i], net, &rs);
    }
    for (i = 0; i < n; i++) {
        done(&r[i]);
        ck_assert_msg(r[i].result.err.code == 0, "%s", r[i].result.err.msg);
        ck_assert_str_eq(buf_str(&r[i].out), "hello\n");
        ck_assert_int_eq(c[i].n_lost, 0);
        command_release(&r[i]);
    }
    for (i = 0; i < n; i++)
        client_close(&c[i], net);
    free(c);
    free(r);
}

START_TEST(twenty_sessions)
{
    sessions_in_parallel(20);
}
END_TEST

/* sshd throws out whoever comes third before the login. All get in all the same. */
START_TEST(few_startups)
{
    end();
    begin("MaxStartups 2:100:2");
    sessions_in_parallel(12);
    ck_assert_int_eq(file_count(d.folder, "log", "Accepted publickey"), 12);
}
END_TEST

/* New keys every 64 KiB, both ways. */
START_TEST(rekey)
{
    enum { BYTES = 3 << 20 };
    char *text = xmalloc(BYTES);
    struct run_spec rs = {.command = "cat", .input = text, .input_len = BYTES};
    struct client c;
    struct command r = {0}, other;

    end();
    begin("RekeyLimit 64K");
    memset(text, 'x', BYTES);
    ready(&c);
    command_start(&r, &c, net, &rs);
    run(&c, &other, "seq 1 20000 | tail -1");
    ck_assert_str_eq(buf_str(&other.out), "20000\n");
    done(&r);
    ck_assert_msg(r.result.err.code == 0, "%s", r.result.err.msg);
    ck_assert_uint_eq(r.out.len, BYTES);
    ck_assert(memcmp(r.out.p, text, BYTES) == 0);
    command_release(&r);
    command_release(&other);
    client_close(&c, net);
    free(text);
}
END_TEST

/* sshd asks an idle client every second whether it lives, and cuts it off if it does not answer twice. */
START_TEST(idle_answers)
{
    struct client c;
    struct command r;

    end();
    begin("ClientAliveInterval 1\nClientAliveCountMax 2");
    ready(&c);
    world_for(net, 4500);
    ck_assert_msg(c.n_lost == 0, "%s", c.lost.msg);
    run(&c, &r, "echo still here");
    ck_assert_str_eq(buf_str(&r.out), "still here\n");
    command_release(&r);
    client_close(&c, net);
}
END_TEST

START_TEST(one_channel_server)
{
    struct client c;
    struct command first = {0}, second = {0};
    char *text;
    struct run_spec rs = {0};

    end();
    begin("MaxSessions 1");
    text = xasprintf("cd %s; until [ -e go ]; do sleep 0.05; done; echo one", d.folder);
    rs.command = text;
    ready(&c);
    command_start(&first, &c, net, &rs);
    command_start(&second, &c, net, &rs);
    done(&second);
    ck_assert_int_eq(second.result.err.code, ERR_THROTTLED);
    file_put(d.folder, "go", "%s", "");
    done(&first);
    ck_assert_int_eq(first.result.err.code, 0);
    ck_assert_str_eq(buf_str(&first.out), "one\n");
    command_release(&first);
    command_release(&second);
    run(&c, &first, "echo again");
    ck_assert_str_eq(buf_str(&first.out), "again\n");
    command_release(&first);
    free(text);
    client_close(&c, net);
}
END_TEST

/* A command that is late is let go; its neighbour and the next are not held up. */
START_TEST(deadline)
{
    struct run_spec slow = {.command = "sleep 30", .deadline_ms = 200};
    struct run_spec endless = {.command = "yes", .deadline_ms = 200};
    struct client c;
    struct command r = {0}, f = {.is_counted_only = true}, n;

    ready(&c);
    command_start(&r, &c, net, &slow);
    command_start(&f, &c, net, &endless);
    run(&c, &n, "echo neighbour");
    ck_assert_str_eq(buf_str(&n.out), "neighbour\n");
    command_release(&n);
    done(&r);
    done(&f);
    ck_assert_int_eq(r.result.err.code, ERR_TIMEOUT);
    ck_assert_int_eq(f.result.err.code, ERR_TIMEOUT);
    ck_assert_int_eq(r.result.status, -1);
    run(&c, &n, "echo next");
    ck_assert_str_eq(buf_str(&n.out), "next\n");
    command_release(&n);
    command_release(&r);
    command_release(&f);
    client_close(&c, net);
}
END_TEST

/* ---- keys ----------------------------------------------------------------------------------- */

static const char *const key_kinds[] = {"-t ed25519", "-t ecdsa -b 256", "-t ecdsa -b 384",
                                        "-t ecdsa -b 521"};

START_TEST(user_keys)
{
    struct client c;
    int i;

    sh("cd %s && rm user user.pub && ssh-keygen -q -N '' %s -f user && cp user.pub authorized",
       d.folder, key_kinds[_i]);
    for (i = 0; i < 4; i++) {
        ready(&c);
        client_close(&c, net);
    }
    ck_assert(world_until(net, &c.n_lost, 1, 10) == false);
}
END_TEST

/* A real agent holds the key; the file has a pass phrase, or is the public half only. */
START_TEST(agent)
{
    char *sock = xasprintf("%s/agent", d.folder);
    char *more = xasprintf("IdentityAgent %s", sock);
    const char *argv[] = {"/usr/bin/ssh-agent", "-D", "-a", sock, NULL};
    const struct session_info *info;
    struct client c;
    pid_t pid = child_start(d.folder, "agent.log", argv);

    ck_assert_int_eq(sh("cd %s && for i in $(seq 3000); do [ -S agent ] && break; sleep 0.01; done; "
                        "SSH_AUTH_SOCK=%s ssh-add -q user && "
                        "sed -i 's|IdentityAgent none|%s|' config && "
                        "if [ %d = 0 ]; then ssh-keygen -q -p -N secret -f user >/dev/null; "
                        "elif [ %d = 1 ]; then rm user; else rm user user.pub; fi",
                        d.folder, sock, more, _i, _i),
                     0);
    ready(&c);
    info = session_info(c.s);
    ck_assert_ptr_nonnull(info);
    ck_assert(info->is_key_in_agent);
    client_close(&c, net);
    child_stop(&pid);
    free(more);
    free(sock);
}
END_TEST

static int forecast_n;
static char *forecast_line;
static struct err forecast_err;

static void forecast_came(void *arg, const struct session_forecast *f)
{
    (void)arg;
    forecast_n++;
    free(forecast_line);
    forecast_line = xstrdup(f->line);
    forecast_err = f->err;
}

static void foretell(void)
{
    int want = forecast_n + 1;

    session_forecast(net, &spec, forecast_came, NULL);
    ck_assert_int_eq(forecast_n, want - 1);
    ck_assert(world_until(net, &forecast_n, want, SOON_MS));
}

START_TEST(info)
{
    const struct session_info *i;
    struct client c;
    char *want;

    foretell();
    ck_assert_int_eq(forecast_err.code, 0);
    want = xasprintf("%s@127.0.0.1:%d, key %s/user, host key known (ed25519)", login_name(), d.port,
                     d.folder);
    ck_assert_str_eq(forecast_line, want);
    free(want);
    ready(&c);
    i = session_info(c.s);
    ck_assert_str_eq(i->address, "127.0.0.1");
    ck_assert_int_eq(i->port, d.port);
    ck_assert_str_eq(i->user, login_name());
    ck_assert_str_eq(i->hostkey_type, "ed25519");
    ck_assert_int_eq(strncmp(i->hostkey_fingerprint, "SHA256:", 7), 0);
    ck_assert_int_eq(sh("ssh-keygen -l -f %s/host_ed25519.pub | grep -qF ' %s '", d.folder,
                        i->hostkey_fingerprint),
                     0);
    client_close(&c, net);

    sh("cd %s && chmod g+w known", d.folder);
    foretell();
    ck_assert_int_eq(forecast_err.code, ERR_HOSTKEY);
    ck_assert_ptr_nonnull(strstr(forecast_err.msg, "chmod go-w"));
    sh("cd %s && chmod g-w known && : > known", d.folder);
    foretell();
    ck_assert_int_eq(forecast_err.code, ERR_HOSTKEY);
    ck_assert_ptr_nonnull(strstr(forecast_err.msg, "no host key"));
    sh("cd %s && ssh-keygen -q -p -N secret -f user >/dev/null", d.folder);
    foretell();
    ck_assert_int_eq(forecast_err.code, ERR_AUTH);
    ck_assert_ptr_nonnull(strstr(forecast_err.msg, "ssh-add"));
    sh("cd %s && sed -i 's|IdentityAgent none|ProxyCommand nc %%h %%p|' config", d.folder);
    foretell();
    ck_assert_int_eq(forecast_err.code, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(forecast_err.msg, "ProxyCommand"));
    free(forecast_line);
    forecast_line = NULL;
    session_forecast_cancel(session_forecast(net, &spec, forecast_came, NULL));
}
END_TEST

/* The same server is its own jump host. */
START_TEST(jump)
{
    struct client c;
    struct command r;

    sh("cd %s && printf 'Host inner\\n HostName 127.0.0.1\\n HostKeyAlias inner\\n ProxyJump "
       "webjump\\n' >> "
       "config && echo \"inner $(cut -d' ' -f1,2 host_ed25519.pub)\" >> known && "
       "sed -i 's/^Host web\\* 127/Host inner web* 127/' config",
       d.folder);
    spec.host = "inner";
    ready(&c);
    run(&c, &r, "echo $SSH_CONNECTION | cut -d' ' -f3");
    ck_assert_str_eq(buf_str(&r.out), "127.0.0.1\n");
    command_release(&r);
    client_close(&c, net);
    ck_assert_int_eq(file_count(d.folder, "log", "Accepted publickey"), 2);
    sh("sed -i 's/Port %d/Port 1/; s/ProxyJump webjump/ProxyJump localhost:1/' %s/config", d.port,
       d.folder);
    client_open(&c, net, &spec);
    ck_assert(world_until(net, &c.n_over, 1, SOON_MS));
    ck_assert_msg(c.lost.code == ERR_UNREACHABLE, "%s", c.lost.msg);
    ck_assert_ptr_nonnull(strstr(c.lost.msg, "jump host"));
    client_close(&c, net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ssh");
    TCase *t = tcase_create("ssh");

    tcase_add_checked_fixture(t, setup, end);
    tcase_add_test(t, commands);
    tcase_add_test(t, input);
    tcase_add_test(t, input_unread);
    tcase_add_test(t, flood);
    tcase_add_test(t, output_bound);
    tcase_add_test(t, many_commands);
    tcase_add_test(t, twenty_sessions);
    tcase_add_test(t, few_startups);
    tcase_add_test(t, rekey);
    tcase_add_test(t, idle_answers);
    tcase_add_test(t, one_channel_server);
    tcase_add_test(t, deadline);
    tcase_add_loop_test(t, user_keys, 0, 4);
    tcase_add_loop_test(t, agent, 0, 3);
    tcase_add_test(t, info);
    tcase_add_test(t, jump);
    suite_add_tcase(s, t);
    return suite_run(s);
}
