/* test_ssh_slow.c: peers that hang, each in another phase, all at once: every one must be told by
 * its own deadline and phase, and none may hold up a session that works. */
#include "config.h"

#include <string.h>
#include <sys/un.h>

#include "base/mem.h"
#include "net/net.h"
#include "client.h"
#include "sshd.h"
#include "suite.h"

static struct sshd d, slow;
static struct net *net;

static void setup(void)
{
    char *more = xasprintf("AuthorizedKeysFile none\nAuthorizedKeysCommand /bin/sleep 60\n"
                           "AuthorizedKeysCommandUser %s",
                           login_name());

    sshd_start(&d, "");
    sshd_start(&slow, more);
    free(more);
    net = world_open();
}

static void end(void)
{
    net_close(net);
    sshd_stop(&slow);
    sshd_stop(&d);
}

/* A host of d's configuration with other settings. */
static void host_add(const char *name, const char *settings)
{
    char *old = file_get(d.folder, "config");

    file_put(d.folder, "config", "Host %s\n %s\n%s", name, settings, old);
    free(old);
}

/* A socket that lets everybody in and, if words, greets in a process of its own; it says no more.
 */
static pid_t stub_start(int *port, const char *words)
{
    int fd = listener_open(port);
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid) {
        close(fd);
        return pid;
    }
    signal(SIGTERM, SIG_DFL); /* Check's own would end the test */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    while (getppid() == parent) {
        int client = accept(fd, NULL, NULL);

        if (words && !*words)
            close(client);
        else if (words)
            send(client, words, strlen(words), MSG_NOSIGNAL);
    }
    _exit(0);
}

static int dumb_agent(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    str_copy(un.sun_path, sizeof(un.sun_path), path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

static const struct {
    const char *host;
    int code;
    const char *words;
    int within_ms; /* and not before */
} rows[] = {
    {"silent", ERR_TIMEOUT, "silent: connected, but no greeting of an SSH server within 10 s",
     10000},
    {"greets", ERR_TIMEOUT, "greets: no answer to the key exchange within 10 s", 10000},
    {"thrower", ERR_THROTTLED, "thrower: the server throws us out", 7000},
    {"slowauth", ERR_TIMEOUT, "slowauth: no answer to the authentication within 20 s", 20000},
    {"agent", ERR_TIMEOUT, "agent: no list of keys from the ssh-agent within 30 s", 30000},
};

enum { ROWS = ARRAY_LEN(rows), SLACK_MS = 9000 };

static void hosts_make(pid_t pids[3])
{
    char *agent = xasprintf("%s/dumb", d.folder);
    char *text;
    int port, i;
    static const char *const greetings[] = {NULL, "SSH-2.0-OpenSSH_9.9\r\n", ""};

    for (i = 0; i < 3; i++) {
        pids[i] = stub_start(&port, greetings[i]);
        text = xasprintf("HostName 127.0.0.1\n Port %d", port);
        host_add(rows[i].host, text);
        free(text);
    }
    text = xasprintf(
        "HostName 127.0.0.1\n Port %d\n IdentityFile %s/user\n UserKnownHostsFile %s/known",
        slow.port, slow.folder, slow.folder);
    host_add(rows[3].host, text);
    free(text);
    dumb_agent(agent);
    text = xasprintf(
        "HostName 127.0.0.1\n Port %d\n IdentityFile %s/none\n UserKnownHostsFile %s/known\n"
        " IdentityAgent %s",
        d.port, d.folder, d.folder, agent);
    host_add(rows[4].host, text);
    free(text);
    free(agent);
}

START_TEST(every_phase)
{
    char *config = xasprintf("%s/config", d.folder);
    struct session_spec spec = {.transport = TRANSPORT_SSH, .ssh_config = config};
    struct run_spec rs = {.command = "true"};
    struct client c[ROWS], good;
    struct command r;
    int64_t start, ended[ROWS] = {0};
    size_t i;
    int n_commands = 0;
    pid_t pids[3];

    hosts_make(pids);
    start = clock_mono_ms();
    for (i = 0; i < ROWS; i++) {
        spec.host = rows[i].host;
        client_open(&c[i], net, &spec);
    }
    spec.host = "web01";
    client_open(&good, net, &spec);
    while (clock_mono_ms() - start < 30000 + SLACK_MS) {
        size_t n_over = 0;

        memset(&r, 0, sizeof(r));
        command_start(&r, &good, net, &rs);
        ck_assert(world_until(net, &r.n_done, 1, 5000));
        ck_assert_msg(r.result.err.code == 0, "%s", r.result.err.msg);
        command_release(&r);
        n_commands++;
        world_for(net, 100);
        for (i = 0; i < ROWS; i++) {
            n_over += c[i].n_over ? 1 : 0;
            if (c[i].n_over && !ended[i])
                ended[i] = clock_mono_ms() - start;
        }
        if (n_over == ROWS)
            break;
    }
    for (i = 0; i < ROWS; i++) {
        ck_assert_msg(c[i].n_lost == 1, "%s", rows[i].host);
        ck_assert_msg(c[i].lost.code == rows[i].code && strstr(c[i].lost.msg, rows[i].words),
                      "%s: %s", err_name(c[i].lost.code), c[i].lost.msg);
        ck_assert_msg(ended[i] >= rows[i].within_ms && ended[i] <= rows[i].within_ms + SLACK_MS,
                      "%s after %d ms", rows[i].host, (int)ended[i]);
        client_close(&c[i], net);
    }
    ck_assert_int_gt(n_commands, 10);
    client_close(&good, net);
    for (i = 0; i < 3; i++)
        child_stop(&pids[i]);
    free(config);
}
END_TEST

/* The server's process stops, as on a machine that has run out of memory. */
START_TEST(channel_open)
{
    char *config = xasprintf("%s/config", d.folder);
    struct session_spec spec = {.transport = TRANSPORT_SSH, .ssh_config = config, .host = "web01"};
    struct run_spec rs = {.command = "true"};
    struct client c;
    struct command r = {0};

    client_open(&c, net, &spec);
    ck_assert(world_until(net, &c.n_ready, 1, 60000));
    ck_assert_int_eq(sh("cd %s; for p in $(pgrep -P %d); do echo $p $(pgrep -P $p); done > pids; "
                        "kill -STOP $(cat pids)",
                        d.folder, (int)d.pid),
                     0);
    command_start(&r, &c, net, &rs);
    ck_assert(world_until(net, &r.n_done, 1, 15000 + SLACK_MS));
    ck_assert_int_eq(r.result.err.code, ERR_UNREACHABLE);
    ck_assert_int_eq(c.n_lost, 1);
    ck_assert_int_eq(c.lost.code, ERR_TIMEOUT);
    ck_assert_msg(strstr(c.lost.msg, "opening of a channel within 15 s") != NULL, "%s", c.lost.msg);
    ck_assert_int_eq(sh("kill -9 $(cat %s/pids)", d.folder), 0);
    command_release(&r);
    client_close(&c, net);
    free(config);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ssh_slow");
    TCase *t = tcase_create("ssh_slow");

    tcase_add_checked_fixture(t, setup, end);
    tcase_add_test(t, every_phase);
    tcase_add_test(t, channel_open);
    suite_add_tcase(s, t);
    return suite_run(s);
}
