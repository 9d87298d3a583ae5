/* term.c: a terminal for benches and tests of the whole console: runs a program on a pty, takes orders
 * on standard input and answers each with one line. Between orders it goes on reading, unless it is told
 * not to, and keeps the picture that the bytes make (tests/ui/vt.h).
 *
 *     term [-s COLSxROWS] [-T TERM] [-o FILE] COMMAND [ARG]...
 *
 * FILE gets every byte as it came. TEXT is bytes; \e \r \n \t \\ and \xNN stand for what they do in C.
 * The table at the end is the list of orders. How often the program wrote cannot be seen from this side of
 * a pty; how often there was something to read can, which is at most as many.
 *
 * Knows nothing of footplate. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/vt.h"

enum { CHUNK = 65536, ORDER_MAX = 1 << 16, SENDING_MS = 20000, ENDING_MS = 5000, KEYS_MAX = 100000 };

struct term {
    int rows, cols;
    const char *name;
    char **argv;
    int master;    /* -1: not begun, or closed by us */
    pid_t child;   /* 0: not begun */
    int status;    /* of the child, when has_ended */
    bool has_ended, is_closed, is_paused, is_blind;
    struct vt *vt;
    FILE *raw;
    regex_t never;
    bool has_never;
    char *ever; /* the first picture that held it; NULL */
    uint64_t bytes, reads;
    uint64_t mark_bytes, mark_reads;
    int64_t mark_us, last_us; /* last_us: when the last byte came */
    struct buf orders;
};

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void answer(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void answer(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

/* ---- the pty ------------------------------------------------------------------------------------- */

static bool holds(struct term *t, const regex_t *re)
{
    struct buf b;

    buf_init(&b, 0);
    vt_dump(t->vt, &b);
    bool is_there = regexec(re, buf_str(&b), 0, NULL, 0) == 0;
    if (is_there && re == &t->never && !t->ever)
        t->ever = buf_take(&b);
    buf_release(&b);
    return is_there;
}

/* What is there now. False: nothing was. */
static bool take(struct term *t)
{
    static char chunk[CHUNK];
    ssize_t n = read(t->master, chunk, sizeof chunk);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        t->is_closed = true;
        return false;
    }
    t->last_us = now_us();
    t->bytes += (uint64_t)n;
    t->reads++;
    if (t->raw)
        fwrite(chunk, 1, (size_t)n, t->raw);
    if (!t->is_blind)
        vt_feed(t->vt, chunk, (size_t)n);
    if (t->has_never && !t->is_blind)
        holds(t, &t->never);
    return true;
}

static void look_for_end(struct term *t)
{
    if (t->child && !t->has_ended && waitpid(t->child, &t->status, WNOHANG) == t->child)
        t->has_ended = true;
}

/* Read until something came (true) or the moment is there. */
static bool pump(struct term *t, int64_t until_us)
{
    for (;;) {
        int64_t left = until_us - now_us();
        bool is_open = t->master >= 0 && !t->is_closed && !t->is_paused;
        struct pollfd p = {.fd = is_open ? t->master : -1, .events = POLLIN};
        struct timespec wait = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};

        if (left < 0)
            wait = (struct timespec){0};
        if (ppoll(&p, 1, &wait, NULL) > 0 && take(t))
            return true;
        if (left <= 0)
            return false;
    }
}

static void pump_all(struct term *t, int64_t until_us)
{
    while (pump(t, until_us))
        ;
}

static void begin(struct term *t)
{
    struct winsize ws = {.ws_row = (unsigned short)t->rows, .ws_col = (unsigned short)t->cols};

    t->mark_us = t->last_us = now_us();
    t->child = forkpty(&t->master, NULL, NULL, &ws);
    if (t->child < 0) {
        perror("term: forkpty");
        exit(1);
    }
    if (t->child == 0) {
        setenv("TERM", t->name, 1);
        unsetenv("LINES");
        unsetenv("COLUMNS");
        execvp(t->argv[0], t->argv);
        perror(t->argv[0]);
        _exit(127);
    }
    fcntl(t->master, F_SETFL, O_NONBLOCK);
    fcntl(t->master, F_SETFD, FD_CLOEXEC);
}

/* All of it, reading meanwhile. Answers how many bytes the terminal took. */
static size_t send_bytes(struct term *t, const char *p, size_t n)
{
    int64_t end = now_us() + SENDING_MS * INT64_C(1000);
    size_t sent = 0;

    while (sent < n && t->master >= 0 && now_us() < end) {
        ssize_t k = write(t->master, p + sent, n - sent);
        if (k > 0)
            sent += (size_t)k;
        else if (errno == EAGAIN || errno == EINTR)
            pump(t, now_us() + 1000);
        else
            break;
    }
    return sent;
}

static void set_size(struct term *t, int rows, int cols)
{
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    if (t->master >= 0)
        ioctl(t->master, TIOCSWINSZ, &ws);
}

/* How the cells of a column look (-1: all columns, and what stands there), as a number. */
static uint64_t look(const struct term *t, int col)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (int i = 0; i < t->rows * t->cols; i++) {
        const struct vt_cell *c = vt_cell(t->vt, i / t->cols, i % t->cols);
        if (col >= 0 && i % t->cols != col)
            continue;
        uint64_t v = (uint64_t)(uint32_t)c->fg << 32 ^ (uint64_t)(uint32_t)c->bg << 8 ^ c->attrs;
        if (col < 0)
            v ^= (uint64_t)c->ch << 20;
        h = (h ^ v) * UINT64_C(1099511628211);
    }
    return h;
}

/* ---- words of an order --------------------------------------------------------------------------- */

static double number(char **p)
{
    char *rest = *p;
    double v = strtod(rest, &rest);

    while (*rest == ' ')
        rest++;
    *p = rest;
    return v;
}

static int whole(char **p)
{
    return (int)number(p);
}

static int hex_of(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* In place; answers the length. */
static size_t unescape(char *s)
{
    static const char from[] = "ernt\\s", to[] = "\x1b\r\n\t\\ ";
    char *out = s;

    for (const char *p = s; *p; p++) {
        const char *at = *p == '\\' && p[1] ? strchr(from, p[1]) : NULL;
        if (at) {
            *out++ = to[at - from];
            p++;
        } else if (*p == '\\' && p[1] == 'x' && hex_of(p[2]) >= 0 && hex_of(p[3]) >= 0) {
            *out++ = (char)(hex_of(p[2]) << 4 | hex_of(p[3]));
            p += 3;
        } else {
            *out++ = *p;
        }
    }
    *out = '\0';
    return (size_t)(out - s);
}

/* ---- orders: the program -------------------------------------------------------------------------- */

static void order_run(struct term *t, char *p)
{
    (void)p;
    begin(t);
    answer("%d", (int)t->child);
}

/* ms to the first byte, ms to the picture, bytes until then */
static void order_first(struct term *t, char *p)
{
    int64_t end = now_us() + (int64_t)(number(&p) * 1e6), byte_us = 0, begun = now_us();
    regex_t re;

    if (regcomp(&re, p, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0) {
        answer("no: a bad pattern");
        return;
    }
    begin(t);
    while (pump(t, end) && !holds(t, &re))
        byte_us = byte_us ? byte_us : t->last_us;
    if (holds(t, &re))
        answer("%.1f %.1f %" PRIu64, (double)((byte_us ? byte_us : t->last_us) - begun) / 1000,
               (double)(t->last_us - begun) / 1000, t->bytes);
    else
        answer("no");
    regfree(&re);
}

static void order_gone(struct term *t, char *p)
{
    int64_t end = now_us() + (int64_t)(number(&p) * 1e6);

    for (look_for_end(t); !t->has_ended && now_us() < end; look_for_end(t))
        pump_all(t, now_us() + 10000);
    pump_all(t, now_us() + 20000);
    if (!t->has_ended)
        answer("no");
    else if (WIFSIGNALED(t->status))
        answer("signal %d", WTERMSIG(t->status));
    else
        answer("exit %d", WEXITSTATUS(t->status));
}

static void order_pid(struct term *t, char *p)
{
    (void)p;
    answer("%d", (int)t->child);
}

static void order_foreground(struct term *t, char *p)
{
    (void)p;
    answer("%d", t->master < 0 ? -1 : (int)tcgetpgrp(t->master));
}

static void order_hangup(struct term *t, char *p)
{
    (void)p;
    if (t->master >= 0)
        close(t->master);
    t->master = -1;
    answer("ok");
}

/* ---- orders: what goes in -------------------------------------------------------------------------- */

static void order_send(struct term *t, char *p)
{
    size_t n = unescape(p);

    answer(send_bytes(t, p, n) == n ? "ok" : "no: not all was taken");
}

static void order_type(struct term *t, char *p)
{
    int gap = whole(&p);
    size_t n = unescape(p), i = 0;

    for (; i < n && send_bytes(t, p + i, 1) == 1; i++)
        pump_all(t, now_us() + gap * INT64_C(1000));
    answer(i == n ? "ok" : "no: not all was taken");
}

/* Its first byte, and the rest after the gap. Where that took much longer, on a machine that is busy, the rest would
 * be keys of its own: then it is begun anew, once the first byte is forgotten. */
static void order_tear(struct term *t, char *p)
{
    int64_t gap = whole(&p), forgotten = whole(&p);
    size_t n = unescape(p);
    bool is_late = true;

    for (int i = 0; is_late && i < 20; i++) {
        int64_t begun = now_us();
        if (n < 2 || send_bytes(t, p, 1) != 1)
            break;
        pump_all(t, begun + gap * 1000);
        is_late = now_us() - begun > (gap + forgotten) / 2 * 1000;
        if (is_late)
            pump_all(t, now_us() + 2 * forgotten * 1000);
    }
    if (is_late || send_bytes(t, p + 1, n - 1) != n - 1)
        answer("no: not all was taken");
    else
        answer("ok");
}

static void order_paste(struct term *t, char *p)
{
    char chunk[4096];
    FILE *f = fopen(p, "rb");
    size_t n = 0, sent = 0;

    if (!f) {
        answer("no: %s", strerror(errno));
        return;
    }
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        sent += send_bytes(t, chunk, n);
    fclose(f);
    answer("%zu", sent);
}

static void order_size(struct term *t, char *p)
{
    int rows = 0, cols = 0;

    if (sscanf(p, "%dx%d", &cols, &rows) != 2 || cols < 1 || rows < 1) {
        answer("no: COLSxROWS");
        return;
    }
    t->rows = rows;
    t->cols = cols;
    vt_resize(t->vt, rows, cols);
    set_size(t, rows, cols);
    answer("ok");
}

/* The picture is not kept meanwhile: let the program draw anew after it. */
static void order_storm(struct term *t, char *p)
{
    int64_t begun = now_us(), end = begun + (int64_t)(number(&p) * 1e6);
    int each_us = 1000000 / (whole(&p) + 1), n = 0;
    uint64_t dice = 88172645463325252;

    t->is_blind = true;
    while (now_us() < end) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        set_size(t, 1 + (int)(dice % 70), 1 + (int)(dice / 70 % 250));
        n++;
        pump_all(t, begun + (int64_t)n * each_us);
    }
    set_size(t, t->rows, t->cols);
    pump_all(t, now_us() + 200000);
    t->is_blind = false;
    answer("%d", n);
}

static void order_pause(struct term *t, char *p)
{
    (void)p;
    t->is_paused = true;
    answer("ok");
}

static void order_resume(struct term *t, char *p)
{
    (void)p;
    t->is_paused = false;
    answer("ok");
}

/* ---- orders: what comes out ------------------------------------------------------------------------ */

static bool wait_for(struct term *t, char *p, bool is_wanted)
{
    int64_t end = now_us() + (int64_t)(number(&p) * 1e6);
    regex_t re;

    if (regcomp(&re, p, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
        return false;
    pump_all(t, now_us());
    while (holds(t, &re) != is_wanted && pump(t, end))
        ;
    bool is_so = holds(t, &re) == is_wanted;
    regfree(&re);
    return is_so;
}

static void order_shows(struct term *t, char *p)
{
    answer(wait_for(t, p, true) ? "yes" : "no");
}

static void order_hides(struct term *t, char *p)
{
    answer(wait_for(t, p, false) ? "yes" : "no");
}

static void order_quiet(struct term *t, char *p)
{
    int64_t quiet = whole(&p) * INT64_C(1000), end = now_us() + whole(&p) * INT64_C(1000);
    bool is_quiet = false;

    while (!is_quiet && now_us() < end)
        is_quiet = !pump(t, now_us() + quiet);
    answer(is_quiet ? "yes" : "no");
}

static void order_mark(struct term *t, char *p)
{
    (void)p;
    t->mark_us = now_us();
    t->mark_bytes = t->bytes;
    t->mark_reads = t->reads;
    answer("ok");
}

/* bytes, reads, seconds since the mark */
static void order_count(struct term *t, char *p)
{
    (void)p;
    answer("%" PRIu64 " %" PRIu64 " %.3f", t->bytes - t->mark_bytes, t->reads - t->mark_reads,
           (double)(now_us() - t->mark_us) / 1e6);
}

static void order_watch(struct term *t, char *p)
{
    pump_all(t, now_us() + (int64_t)(number(&p) * 1e6));
    answer("ok");
}

/* One key: us to the first byte, to the change of the column, to the last byte before a quiet time; bytes and
 * reads. -1: never. */
static void order_key(struct term *t, char *p)
{
    int64_t quiet = whole(&p) * INT64_C(1000), first = -1, changed = -1, last = -1;
    int col = whole(&p);
    size_t n = unescape(p);
    uint64_t before = look(t, col), bytes = t->bytes, reads = t->reads;
    int64_t begun = now_us();

    send_bytes(t, p, n);
    while (pump(t, now_us() + quiet)) {
        last = t->last_us - begun;
        first = first < 0 ? last : first;
        if (changed < 0 && look(t, col) != before)
            changed = last;
    }
    answer("%" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64, first, changed, last,
           t->bytes - bytes, t->reads - reads);
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* us from the key to a change of the column; -1 when there is none within a second */
static int64_t time_key(struct term *t, const char *text, size_t n, int col)
{
    uint64_t before = look(t, col);
    int64_t begun = now_us();

    send_bytes(t, text, n);
    while (pump(t, begun + 1000000))
        if (look(t, col) != before)
            return t->last_us - begun;
    return -1;
}

/* Many keys, two in turn: how many changed something, and us to it: median, p99, largest. The gap varies, so that
 * the keys keep no step with anything. */
static void order_keys(struct term *t, char *p)
{
    int wanted = whole(&p), gap = whole(&p), col = whole(&p), n = 0, lost = 0;
    size_t cut = strcspn(p, " ");
    char *one = p, *other = p[cut] ? p + cut + 1 : NULL;
    int64_t *took = xcalloc(KEYS_MAX, sizeof *took);

    p[cut] = '\0';
    size_t n_one = unescape(one), n_other = other ? unescape(other) : 0;
    for (int i = 0; i < wanted && n < KEYS_MAX; i++) {
        bool is_other = other && i % 2;
        int64_t us = time_key(t, is_other ? other : one, is_other ? n_other : n_one, col);
        if (us < 0)
            lost++;
        else
            took[n++] = us;
        pump_all(t, now_us() + gap * INT64_C(1000) + i * 7919 % (gap + 1) * INT64_C(1000));
    }
    qsort(took, (size_t)n, sizeof *took, by_size);
    answer("%d %d %" PRId64 " %" PRId64 " %" PRId64, n, lost, n ? took[n / 2] : -1,
           n ? took[(n * 99 - 1) / 100] : -1, n ? took[n - 1] : -1);
    free(took);
}

static void order_screen(struct term *t, char *p)
{
    struct buf b;

    (void)p;
    buf_init(&b, 0);
    vt_dump(t->vt, &b);
    fputs(buf_str(&b), stdout);
    buf_release(&b);
    answer(".");
}

/* From now on: did any picture hold it? */
static void order_never(struct term *t, char *p)
{
    if (t->has_never)
        regfree(&t->never);
    free(t->ever);
    t->ever = NULL;
    t->has_never = regcomp(&t->never, p, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) == 0;
    answer(t->has_never ? "ok" : "no: a bad pattern");
}

static void order_ever(struct term *t, char *p)
{
    (void)p;
    pump_all(t, now_us());
    if (t->ever)
        printf("%s", t->ever);
    answer(".");
}

static void order_state(struct term *t, char *p)
{
    (void)p;
    pump_all(t, now_us());
    answer("alternate %d cursor %d paste %d", vt_is_alternate(t->vt), vt_has_cursor(t->vt),
           vt_has_paste(t->vt));
}

static void order_complaint(struct term *t, char *p)
{
    (void)p;
    answer("%s", vt_complaint(t->vt));
}

/* The modes of the terminal, as a word. */
static void order_modes(struct term *t, char *p)
{
    struct termios m;
    char text[2 * NCCS + 1];

    (void)p;
    if (t->master < 0 || tcgetattr(t->master, &m) != 0) {
        answer("no: %s", strerror(errno));
        return;
    }
    for (int i = 0; i < NCCS; i++)
        snprintf(text + i * 2, 3, "%02x", m.c_cc[i]);
    answer("%x-%x-%x-%x-%s", m.c_iflag, m.c_oflag, m.c_cflag, m.c_lflag, text);
}

static const struct order {
    const char *name;
    void (*run)(struct term *t, char *p);
} orders[] = {
    {"run", order_run},               /* begins; its pid */
    {"first", order_first},           /* SECONDS REGEX: begins; ms to first byte, ms to the picture, bytes */
    {"gone", order_gone},             /* SECONDS: "exit N", "signal N", "no" */
    {"pid", order_pid},
    {"foreground", order_foreground}, /* the process group that has the keyboard */
    {"hangup", order_hangup},         /* the terminal goes away */
    {"send", order_send},             /* TEXT */
    {"type", order_type},             /* GAP_MS TEXT: byte by byte */
    {"tear", order_tear},             /* GAP_MS FORGOTTEN_MS TEXT: its first byte, a gap, the rest */
    {"paste", order_paste},           /* FILE; bytes that were taken */
    {"size", order_size},             /* COLSxROWS */
    {"storm", order_storm},           /* SECONDS PER_SECOND: sizes from 1x1 to 250x70; how many */
    {"pause", order_pause},           /* reads no more */
    {"resume", order_resume},
    {"shows", order_shows},           /* SECONDS REGEX: "yes", "no" */
    {"hides", order_hides},           /* SECONDS REGEX */
    {"quiet", order_quiet},           /* MS MAX_MS: until nothing came for so long */
    {"mark", order_mark},
    {"count", order_count},           /* bytes, reads, seconds since the mark */
    {"watch", order_watch},           /* SECONDS: reads for so long */
    {"key", order_key},               /* QUIET_MS COL TEXT */
    {"keys", order_keys},             /* N GAP_MS COL TEXT [TEXT] */
    {"screen", order_screen},         /* the picture, and a line with a point */
    {"state", order_state},
    {"never", order_never},           /* REGEX: looks for it in every picture from now on */
    {"ever", order_ever},             /* the first picture that held it, if any, and a line with a point */
    {"complaint", order_complaint},   /* what came that no console has to send */
    {"modes", order_modes},
};

static void obey(struct term *t, char *line)
{
    char *p = line + strcspn(line, " ");

    if (*p)
        *p++ = '\0';
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        if (strcmp(orders[i].name, line) == 0) {
            orders[i].run(t, p);
            return;
        }
    }
    answer("no such order: %s", line);
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static void obey_all(struct term *t)
{
    char *end;

    while (t->orders.len > 0 && (end = memchr(t->orders.p, '\n', t->orders.len)) != NULL) {
        size_t n = (size_t)(end - t->orders.p);
        char *line = xstrndup(t->orders.p, n);
        buf_eat(&t->orders, n + 1);
        obey(t, line);
        free(line);
    }
}

/* False: no orders will come any more. */
static bool listen_once(struct term *t)
{
    char chunk[4096];
    bool is_open = t->master >= 0 && !t->is_closed && !t->is_paused;
    struct pollfd p[2] = {{.fd = 0, .events = POLLIN},
                          {.fd = is_open ? t->master : -1, .events = POLLIN}};

    if (poll(p, 2, 100) > 0 && p[1].revents)
        take(t);
    look_for_end(t);
    if (!p[0].revents)
        return true;
    ssize_t n = read(0, chunk, sizeof chunk);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    buf_add(&t->orders, chunk, (size_t)n);
    obey_all(t);
    return !t->orders.is_full;
}

/* What was begun here ends here. */
static void end(struct term *t)
{
    int64_t until = now_us() + ENDING_MS * INT64_C(1000);

    if (t->master >= 0)
        close(t->master);
    t->master = -1;
    for (look_for_end(t); t->child && !t->has_ended && now_us() < until; look_for_end(t))
        pump(t, now_us() + 10000);
    if (t->child && !t->has_ended)
        kill(t->child, SIGKILL);
    if (t->raw)
        fclose(t->raw);
    if (t->has_never)
        regfree(&t->never);
    free(t->ever);
    vt_free(t->vt);
    buf_release(&t->orders);
}

int main(int argc, char **argv)
{
    struct term t = {.rows = 24, .cols = 80, .name = "screen-256color", .master = -1};
    int c;

    while ((c = getopt(argc, argv, "+s:T:o:")) != -1) {
        if (c == 's' && sscanf(optarg, "%dx%d", &t.cols, &t.rows) == 2)
            continue;
        if (c == 'T')
            t.name = optarg;
        else if (c != 'o' || !(t.raw = fopen(optarg, "wbe")))
            return 2;
    }
    if (optind == argc || t.rows < 1 || t.cols < 1) {
        fprintf(stderr, "usage: term [-s COLSxROWS] [-T TERM] [-o FILE] COMMAND [ARG]...\n");
        return 2;
    }
    if (t.raw)
        setvbuf(t.raw, NULL, _IONBF, 0);
    signal(SIGPIPE, SIG_IGN);
    t.argv = argv + optind;
    t.vt = vt_new(t.rows, t.cols);
    buf_init(&t.orders, ORDER_MAX);
    while (listen_once(&t))
        ;
    end(&t);
    return 0;
}
