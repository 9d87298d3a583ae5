/* failpoint.c: ends the process at a named place when a test asks for it. Knows no place by itself.
 * Its state is of the whole process on purpose: a kill concerns all of it. */
#include "config.h"

#include "base/failpoint.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#if FOOTPLATE_FAILPOINTS

enum { FAILPOINT_MAX = 512, FAILPOINT_NAME = 128 };

static struct {
    pthread_mutex_t lock;
    bool is_read;
    char kill_name[FAILPOINT_NAME];
    long kill_at;
    long passed;
    char delay_name[FAILPOINT_NAME];
    long delay_ms;
    const char *list;
    const char *seen[FAILPOINT_MAX];
    int n_seen;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* "a:b:12" -> "a:b" and 12; without a number the whole is the name. */
static void split(const char *text, char *name, size_t size, long *number)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;

    if (colon && colon[1]) {
        long n = strtol(colon + 1, &end, 10);
        if (*end == '\0') {
            *number = n;
            size_t len = (size_t)(colon - text);
            str_copy(name, len + 1 < size ? len + 1 : size, text);
            return;
        }
    }
    str_copy(name, size, text);
}

static void read_environment(void)
{
    const char *kill_at = getenv("FOOTPLATE_FAILPOINT");
    const char *delay = getenv("FOOTPLATE_FAILPOINT_DELAY");

    state.kill_name[0] = state.delay_name[0] = '\0';
    state.kill_at = 1;
    state.delay_ms = 0;
    state.passed = 0;
    state.n_seen = 0;
    if (kill_at)
        split(kill_at, state.kill_name, sizeof state.kill_name, &state.kill_at);
    if (delay)
        split(delay, state.delay_name, sizeof state.delay_name, &state.delay_ms);
    state.list = getenv("FOOTPLATE_FAILPOINT_LIST");
    state.is_read = true;
}

static void note(const char *name)
{
    for (int i = 0; i < state.n_seen; i++)
        if (strcmp(state.seen[i], name) == 0)
            return;
    if (state.n_seen == FAILPOINT_MAX)
        return;
    state.seen[state.n_seen++] = name;

    char line[FAILPOINT_NAME + 2];
    size_t n = str_copy(line, FAILPOINT_NAME, name);
    line[n++] = '\n';
    int fd = open(state.list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (write(fd, line, n) < 0)
        state.n_seen--;
    close(fd);
}

void failpoint_pass(const char *name)
{
    long delay_ms = 0;

    pthread_mutex_lock(&state.lock);
    if (!state.is_read)
        read_environment();
    if (state.list)
        note(name);
    if (strcmp(state.kill_name, name) == 0 && ++state.passed == state.kill_at)
        kill(getpid(), SIGKILL);
    if (strcmp(state.delay_name, name) == 0)
        delay_ms = state.delay_ms;
    pthread_mutex_unlock(&state.lock);
    if (delay_ms > 0) {
        struct timespec t = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000};
        nanosleep(&t, NULL);
    }
}

void failpoint_reset(void)
{
    pthread_mutex_lock(&state.lock);
    state.is_read = false;
    pthread_mutex_unlock(&state.lock);
}

#else

void failpoint_pass(const char *name)
{
    (void)name;
}

void failpoint_reset(void)
{
}

#endif
