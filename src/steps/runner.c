/* runner.c: our side of runner.sh: one exec begins a step and follows it; after a lost connection it
 * attaches again at the byte where it was. What a step did is known from the runner's record alone, which
 * comes on standard error, where no output of the step can be.
 *
 *     BEGIN --status 93--> SEND --> BEGIN            the runner is not there yet
 *     BEGIN, ATTACH --no whole answer--> ATTACH      "none": it was never begun --> BEGIN
 *     BEGIN --"busy" with our own operation--> ATTACH  an earlier BEGIN has arrived after all
 *     any --runner_kill, or our own deadline--> KILL */
#include "config.h"

#include "steps/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "steps/runner_sh.h"

enum {
    EXIT_MISSING = 93,
    LINE_MAX_BYTES = 64 << 10,
    WORDS_MAX_BYTES = 8 << 10,
    OUTPUT_MAX_BYTES = 4 << 20,
    OUR_GRACE_MS = 20000, /* the instance's own deadline has passed by then, with its kill */
    KILL_DEADLINE_MS = 20000,
    SEND_DEADLINE_MS = 30000,
    SEND_TRIES = 2,
    BEGINS_MOST = 4, /* of one operation */
    LOSSES_MOST = 8  /* connections or answers lost in one operation before it is called unknown */
};

enum verb { VERB_BEGIN, VERB_ATTACH, VERB_KILL, VERB_SEND, VERB_PROBE };

/* One talk with the runner of one instance: what operation and ask have in common. */
struct talker {
    const struct step_target *t;
    struct link_wait *wait;
    struct run *run;
    struct session *session;
    enum verb verb, next; /* next: after SEND */
    struct buf words;     /* standard error */
    int sends;
    int64_t deadline_ms;
    void (*output)(struct talker *k, const char *p, size_t n);
    /* The exec is over. e->code != 0: the connection was lost or the deadline passed. */
    void (*ended)(struct talker *k, const struct run_result *r);
    /* No session can be had. */
    void (*unreachable)(struct talker *k, const struct err *e);
    void (*command)(struct talker *k, struct buf *b); /* the verb's words */
    const char *input;
};

/* ---- the talk ---------------------------------------------------------------------------------------- */

static void add_dir(const struct step_target *t, struct buf *b)
{
    buf_addf(b, "%s/.footplate", t->doc_base);
}

static void add_file(const struct step_target *t, struct buf *b)
{
    struct buf path;

    buf_init(&path, 4096);
    add_dir(t, &path);
    buf_addf(&path, "/runner-%s.sh", RUNNER_HASH);
    buf_add_shell(b, buf_str(&path));
    buf_release(&path);
}

static void add_send(const struct step_target *t, struct buf *b)
{
    struct buf dir;

    buf_init(&dir, 4096);
    add_dir(t, &dir);
    buf_adds(b, "umask 077; d=");
    buf_add_shell(b, buf_str(&dir));
    buf_adds(b, "; f=");
    add_file(t, b);
    buf_addf(b, "; n=$d/.new.$$; no() { echo \"footplate: refused $1\" >&2; exit 96; }; umask 022; "
                "e=$(mkdir -p \"${d%%/*}\" 2>&1) || no \"$e\"; umask 077; "
                "[ -d \"$d\" ] || e=$(mkdir \"$d\" 2>&1) || no \"$e\"; "
                "if [ -L \"$d\" ] || [ ! -O \"$d\" ]; then no \"$d is a link or belongs to "
                "somebody else\"; fi; "
                "e=$({ chmod 700 \"$d\" && cat >\"$n\" && { [ \"$(wc -c <\"$n\")\" -eq %zu ] || "
                "{ echo it came only in part; false; }; } && mv -f \"$n\" \"$f\"; } 2>&1) || "
                "{ rm -f \"$n\"; no \"the runner cannot be written: $e\"; }",
             sizeof RUNNER_TEXT - 1);
    buf_release(&dir);
}

static void talk_output(void *arg, enum run_stream stream, const char *p, size_t n)
{
    struct talker *k = arg;

    if (stream == RUN_STDERR)
        buf_add(&k->words, p, n);
    else if (k->verb != VERB_SEND && k->output)
        k->output(k, p, n);
}

static void talk_exec(struct talker *k);

static void exec_done(void *arg, const struct run_result *r)
{
    struct talker *k = arg;

    k->run = NULL;
    if (k->verb == VERB_SEND && r->err.code == 0 && r->status == 0) {
        k->verb = k->next;
        talk_exec(k);
        return;
    }
    if (k->verb != VERB_SEND && r->err.code == 0 && r->status == EXIT_MISSING &&
        k->sends < SEND_TRIES) {
        k->sends++;
        k->next = k->verb;
        k->verb = VERB_SEND;
        talk_exec(k);
        return;
    }
    k->ended(k, r);
}

static void talk_exec(struct talker *k)
{
    static const struct run_events events = {.output = talk_output, .done = exec_done};
    struct buf b;

    buf_init(&b, 64 << 10);
    buf_reset(&k->words);
    struct run_spec spec = {.deadline_ms = k->deadline_ms, .max_output = OUTPUT_MAX_BYTES};
    if (k->verb == VERB_SEND) {
        add_send(k->t, &b);
        spec.input = RUNNER_TEXT;
        spec.input_len = sizeof RUNNER_TEXT - 1;
        spec.deadline_ms = SEND_DEADLINE_MS;
    } else {
        buf_adds(&b, "[ -f ");
        add_file(k->t, &b);
        buf_addf(&b, " ] || exit %d; exec sh ", EXIT_MISSING);
        add_file(k->t, &b);
        buf_addc(&b, ' ');
        k->command(k, &b);
        if (k->verb == VERB_BEGIN) {
            spec.input = k->input;
            spec.input_len = strlen(k->input);
        }
    }
    spec.command = buf_str(&b);
    k->run = k->t->net->ops->run_start(k->session, &spec, &events, k);
    buf_release(&b);
}

static void talk_linked(void *arg, struct session *s, const struct err *e)
{
    struct talker *k = arg;

    k->wait = NULL;
    if (!s) {
        k->unreachable(k, e);
        return;
    }
    k->session = s;
    talk_exec(k);
}

static void talk_begin(struct talker *k, enum verb v)
{
    k->verb = v;
    k->wait = link_want(k->t->link, talk_linked, k);
}

static void talk_stop(struct talker *k)
{
    if (k->wait)
        link_cancel(k->wait);
    if (k->run)
        k->t->net->ops->run_cancel(k->run);
    k->wait = NULL;
    k->run = NULL;
}

/* The text behind "footplate: WORD " on standard error, up to the line's end; NULL if there is none. A
 * line without its end is half a line: not taken. */
static char *word_line(const struct talker *k, const char *word)
{
    size_t n = strlen(word);
    const char *p = buf_str(&k->words);

    while (p && *p) {
        const char *end = strchr(p, '\n');
        if (!end)
            return NULL;
        if (strncmp(p, "footplate: ", 11) == 0 && strncmp(p + 11, word, n) == 0 &&
            (p[11 + n] == ' ' || p[11 + n] == '\n')) {
            const char *from = p + 11 + n + (p[11 + n] == ' ');
            return xstrndup(from, (size_t)(end - from));
        }
        p = end + 1;
    }
    return NULL;
}

static void safe_words(char *dst, size_t size, const char *text)
{
    text_copy_safe(dst, size, raw_of(text), TEXT_PLAIN);
}

/* What the peer said that is no word of the runner: "sh: not found", a full disk. */
static void other_words(const struct talker *k, char *dst, size_t size)
{
    const char *p = buf_str(&k->words);

    while (strncmp(p, "footplate: ", 11) == 0 && strchr(p, '\n'))
        p = strchr(p, '\n') + 1;
    char *line = xstrndup(p, strcspn(p, "\n"));
    safe_words(dst, size, line);
    free(line);
}

/* ---- an operation -------------------------------------------------------------------------------------- */

struct runner_op {
    struct talker k;
    char op_id[OP_ID_BYTES];
    char *step, *script;
    int64_t step_deadline_ms;
    struct runner_events ev;
    void *arg;
    struct buf line;
    char last[420];       /* last line that is not empty */
    uint64_t offset;      /* bytes of the log seen */
    bool is_header_seen;
    bool is_sent;         /* a begin may have reached the instance */
    bool is_killing;      /* asked for by a person */
    bool is_late;         /* our own deadline passed: kill, then failed */
    int losses, begins;
    struct net_timer *deadline;
};

static struct runner_op *op_of(struct talker *k)
{
    return (struct runner_op *)(void *)k;
}

static void op_free(struct runner_op *op)
{
    talk_stop(&op->k);
    if (op->deadline)
        op->k.t->net->ops->timer_cancel(op->deadline);
    buf_release(&op->line);
    buf_release(&op->k.words);
    free(op->step);
    free(op->script);
    free(op);
}

static void op_finish(struct runner_op *op, enum step_outcome outcome, int status, int code,
                      const char *words)
{
    struct runner_result r = {.outcome = outcome, .status = status};
    struct runner_events ev = op->ev;
    void *arg = op->arg;

    if (code)
        err_set(&r.err, code, "%s", words);
    op_free(op);
    ev.done(arg, &r);
}

/* ---- lines */

static void flush_line(struct runner_op *op)
{
    const char *p = buf_str(&op->line);
    size_t n = op->line.len;

    if (n > 0 && p[n - 1] == '\r')
        n--;
    if (n > 0) {
        struct raw raw = {.p = p, .len = n < 400 ? n : 400};
        text_copy_safe(op->last, sizeof op->last, raw, TEXT_PLAIN);
    }
    if (op->ev.line)
        op->ev.line(op->arg, 'i', RUN_STDOUT, p, n);
    buf_reset(&op->line);
}

static void take_bytes(struct runner_op *op, const char *p, size_t n)
{
    op->offset += n;
    while (n > 0) {
        const char *end = memchr(p, '\n', n);
        size_t part = end ? (size_t)(end - p) : n;
        size_t took = buf_add(&op->line, p, part);
        bool is_whole = end && took == part;
        if (is_whole || op->line.is_full)
            flush_line(op);
        took += is_whole ? 1 : 0;
        p += took;
        n -= took;
    }
}

/* Before the header there may be what a login shell says; if that is very much, its end is kept. */
static void op_output(struct talker *k, const char *p, size_t n)
{
    struct runner_op *op = op_of(k);
    char header[OP_ID_BYTES + 32];

    if (op->is_header_seen) {
        take_bytes(op, p, n);
        return;
    }
    snprintf(header, sizeof header, "footplate-log %s\n", op->op_id);
    size_t n_header = strlen(header);
    struct buf all;
    buf_init(&all, op->line.len + n);
    buf_add(&all, op->line.p, op->line.len);
    buf_add(&all, p, n);
    buf_reset(&op->line);
    const char *at = all.len ? memmem(all.p, all.len, header, n_header) : NULL;
    if (at) {
        op->is_header_seen = true;
        at += n_header;
        take_bytes(op, at, all.len - (size_t)(at - all.p));
    } else {
        size_t keep = all.len < n_header ? all.len : n_header;
        buf_add(&op->line, all.p + all.len - keep, keep);
    }
    buf_release(&all);
}

/* ---- results */

/* Half a line that has come is asked for again, with the rest of it. */
static void begin_again(struct runner_op *op, enum verb v)
{
    if (op->is_header_seen)
        op->offset -= op->line.len;
    op->is_header_seen = false;
    buf_reset(&op->line);
    talk_begin(&op->k, v);
}

/* The log has come to its end, with or without the end of a line. */
static void last_line(struct runner_op *op)
{
    if (op->is_header_seen && op->line.len)
        flush_line(op);
    buf_reset(&op->line);
}

static void say_failed(const struct runner_op *op, int status, char *dst, size_t size)
{
    long long deadline_s = (long long)(op->step_deadline_ms / 1000);
    const char *last = op->last[0] ? op->last : "none";

    if (op->is_late || status == 124 || status == 137)
        snprintf(dst, size, "not done within %lld s: killed (last output: %s)", deadline_s, last);
    else if (status > 128)
        snprintf(dst, size, "killed by signal %d (last output: %s)", status - 128, last);
    else
        snprintf(dst, size, "%s (status %d)", op->last[0] ? op->last : "no output", status);
}

/* "OP FENCE STATUS BOOT end". A step that ended by itself before it could be killed has its own end. */
static void judge_result(struct runner_op *op, const char *record)
{
    char id[OP_ID_BYTES + 1] = "", boot[64] = "", end[8] = "", words[ERR_MSG_BYTES];
    long long fence = 0;
    int status = -1;

    int n = sscanf(record, "%33s %lld %d %63s %7s", id, &fence, &status, boot, end);
    if (n != 5 || strcmp(id, op->op_id) != 0 || strcmp(end, "end") != 0) {
        op_finish(op, OUTCOME_UNKNOWN, -1, ERR_PROTOCOL, "the runner's record cannot be read");
        return;
    }
    if (status == 0) {
        op_finish(op, OUTCOME_OK, 0, 0, "");
        return;
    }
    if (op->is_killing && status > 128) {
        op_finish(op, OUTCOME_ABANDONED, status, ERR_CANCELED, "abandoned: its runner was killed");
        return;
    }
    say_failed(op, status, words, sizeof words);
    op_finish(op, OUTCOME_FAILED, status, ERR_FAIL, words);
}

/* Is it our own operation that keeps the runner busy? Then an earlier begin of ours has arrived. */
static bool is_busy_with_us(const struct runner_op *op)
{
    char *words = word_line(&op->k, "busy");
    char id[OP_ID_BYTES + 12];

    snprintf(id, sizeof id, "operation %s", op->op_id);
    bool is_ours = words && strstr(words, id);
    free(words);
    return is_ours;
}

/* The runner would not begin: nothing was changed. One that would not be asked proves nothing. */
static bool is_refused(struct runner_op *op)
{
    static const char *const kinds[] = {"refused", "busy", "fence"};
    enum step_outcome outcome = op->k.verb == VERB_ATTACH ? OUTCOME_UNKNOWN : OUTCOME_UNBEGUN;
    char safe[400];

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char *words = word_line(&op->k, kinds[i]);
        if (!words)
            continue;
        safe_words(safe, sizeof safe, words);
        free(words);
        op_finish(op, outcome, -1, ERR_REFUSED, safe);
        return true;
    }
    return false;
}

static void killed(struct runner_op *op)
{
    char *result = word_line(&op->k, "result");
    char *idle = word_line(&op->k, "idle");
    char *other = word_line(&op->k, "other");
    bool is_gone = idle || other;

    if (is_gone && result) {
        judge_result(op, result);
    } else if (is_gone && op->is_late) {
        op_finish(op, OUTCOME_FAILED, -1, ERR_TIMEOUT, "not done within its deadline: killed");
    } else if (is_gone) {
        op_finish(op, OUTCOME_ABANDONED, -1, ERR_CANCELED, "abandoned: its runner is gone");
    } else {
        op_finish(op, OUTCOME_UNKNOWN, -1, ERR_TIMEOUT, "its runner could not be proved gone");
    }
    free(result);
    free(idle);
    free(other);
}

/* No word of the runner came. It is known not to have begun only where its program ended by itself with a
 * status before it said that it follows; an end without one may be a begin that went on behind it. */
static void nothing_known(struct runner_op *op, const struct run_result *r)
{
    bool is_unbegun = op->k.verb != VERB_ATTACH && r->status > 0 && !op->is_header_seen;
    char said[300], words[400];

    if (!is_unbegun && ++op->losses <= LOSSES_MOST) {
        begin_again(op, VERB_ATTACH);
        return;
    }
    other_words(&op->k, said, sizeof said);
    snprintf(words, sizeof words, "the runner did not answer: status %d%s%s", r->status,
             said[0] ? ": " : "", said);
    op_finish(op, is_unbegun ? OUTCOME_UNBEGUN : OUTCOME_UNKNOWN, -1, ERR_PROTOCOL, words);
}

static void connection_lost(struct runner_op *op)
{
    struct talker *k = &op->k;

    if (k->verb == VERB_SEND)
        begin_again(op, k->next);
    else
        begin_again(op, k->verb == VERB_KILL ? VERB_KILL : VERB_ATTACH);
}

/* What is known of the operation once the runner's words are whole. */
static void judge_words(struct runner_op *op, const struct run_result *r)
{
    struct talker *k = &op->k;
    char *record = word_line(k, "result");
    char *none = word_line(k, "none");
    char *gone = word_line(k, "gone");

    if (record || gone)
        last_line(op);
    if (record)
        judge_result(op, record);
    else if (none && op->script && op->begins < BEGINS_MOST)
        begin_again(op, VERB_BEGIN);
    else if (none)
        op_finish(op, OUTCOME_UNBEGUN, -1, ERR_NOTFOUND, "it was never begun there");
    else if (gone)
        op_finish(op, OUTCOME_FAILED, -1, ERR_FAIL, "its runner ended without a result");
    else if (k->verb == VERB_BEGIN && is_busy_with_us(op))
        begin_again(op, VERB_ATTACH);
    else if (!is_refused(op))
        nothing_known(op, r);
    free(record);
    free(none);
    free(gone);
}

static void op_ended(struct talker *k, const struct run_result *r)
{
    struct runner_op *op = op_of(k);
    bool is_first_send = k->verb == VERB_SEND && op->begins == 1;

    if (r->err.code == ERR_UNREACHABLE && ++op->losses <= LOSSES_MOST)
        connection_lost(op);
    else if (k->verb == VERB_KILL)
        killed(op);
    else if (r->err.code)
        op_finish(op, op->is_sent && !is_first_send ? OUTCOME_UNKNOWN : OUTCOME_UNBEGUN, -1,
                  r->err.code, r->err.msg);
    else
        judge_words(op, r);
}

static void op_unreachable(struct talker *k, const struct err *e)
{
    struct runner_op *op = op_of(k);
    char words[ERR_MSG_BYTES];

    str_copy(words, sizeof words, e->msg);
    if (op->is_killing && !op->is_sent)
        op_finish(op, OUTCOME_ABANDONED, -1, ERR_CANCELED, "abandoned before it was sent");
    else
        op_finish(op, op->is_sent ? OUTCOME_UNKNOWN : OUTCOME_UNBEGUN, -1, e->code, words);
}

static void op_command(struct talker *k, struct buf *b)
{
    struct runner_op *op = op_of(k);

    if (k->verb == VERB_BEGIN) {
        op->is_sent = true;
        op->begins++;
        buf_addf(b, "begin %s %lld %s %lld %zu", op->op_id, (long long)k->t->fence, op->step,
                 (long long)((op->step_deadline_ms + 999) / 1000), strlen(op->script));
    } else if (k->verb == VERB_ATTACH) {
        buf_addf(b, "attach %s %llu", op->op_id, (unsigned long long)op->offset);
    } else {
        buf_addf(b, "kill %s", op->op_id);
    }
}

static void op_kill_now(struct runner_op *op)
{
    talk_stop(&op->k);
    op->k.deadline_ms = KILL_DEADLINE_MS;
    talk_begin(&op->k, VERB_KILL);
}

static void too_late(void *arg)
{
    struct runner_op *op = arg;

    op->deadline = NULL;
    op->is_late = true;
    op_kill_now(op);
}

static struct runner_op *op_new(const struct step_target *t, const char *op_id, int64_t deadline_ms,
                                const struct runner_events *ev, void *arg)
{
    struct runner_op *op = xcalloc(1, sizeof *op);

    op->k.t = t;
    op->k.output = op_output;
    op->k.ended = op_ended;
    op->k.unreachable = op_unreachable;
    op->k.command = op_command;
    buf_init(&op->k.words, WORDS_MAX_BYTES);
    buf_init(&op->line, LINE_MAX_BYTES);
    str_copy(op->op_id, sizeof op->op_id, op_id);
    op->step_deadline_ms = deadline_ms;
    op->ev = *ev;
    op->arg = arg;
    op->deadline =
        t->net->ops->timer_start(t->net, deadline_ms + OUR_GRACE_MS, too_late, op);
    return op;
}

struct runner_op *runner_begin(const struct step_target *t, const char *op_id, const char *step,
                               int64_t deadline_ms, const char *script,
                               const struct runner_events *ev, void *arg)
{
    struct runner_op *op = op_new(t, op_id, deadline_ms, ev, arg);

    op->step = xstrdup(step);
    op->script = xstrdup(script);
    op->k.input = op->script;
    talk_begin(&op->k, VERB_BEGIN);
    return op;
}

struct runner_op *runner_attach(const struct step_target *t, const char *op_id, int64_t deadline_ms,
                                const struct runner_events *ev, void *arg)
{
    struct runner_op *op = op_new(t, op_id, deadline_ms, ev, arg);

    op->is_sent = true;
    talk_begin(&op->k, VERB_ATTACH);
    return op;
}

void runner_kill(struct runner_op *op)
{
    if (op->is_killing)
        return;
    op->is_killing = true;
    op_kill_now(op);
}

void runner_detach(struct runner_op *op)
{
    op_free(op);
}

/* ---- a probe ------------------------------------------------------------------------------------------ */

struct runner_ask {
    struct talker k;
    char op_id[OP_ID_BYTES];
    char *version;
    struct runner_facts facts;
    runner_facts_done done;
    void *arg;
    int lost;
};

static struct runner_ask *ask_of(struct talker *k)
{
    return (struct runner_ask *)(void *)k;
}

void runner_ask_cancel(struct runner_ask *a)
{
    talk_stop(&a->k);
    buf_release(&a->k.words);
    free(a->version);
    free(a);
}

static void ask_finish(struct runner_ask *a)
{
    struct runner_facts f = a->facts;
    runner_facts_done done = a->done;
    void *arg = a->arg;

    runner_ask_cancel(a);
    done(arg, &f);
}

static void ask_command(struct talker *k, struct buf *b)
{
    const struct runner_ask *a = ask_of(k);

    buf_addf(b, "probe %s ", a->op_id[0] ? a->op_id : "-");
    buf_add_shell(b, a->version[0] ? a->version : "-");
    buf_addc(b, ' ');
    buf_add_shell(b, k->t->package_sha256 && k->t->package_sha256[0] ? k->t->package_sha256 : "-");
    buf_addf(b, " %lld", (long long)k->t->fence);
}

static void take_fact(struct runner_facts *f, const char *name, const char *value)
{
    char boot[40] = "";

    if (strcmp(name, "boot") == 0)
        str_copy(f->boot_id, sizeof f->boot_id, value);
    else if (strcmp(name, "machine") == 0 && strcmp(value, "-") != 0)
        str_copy(f->machine_id, sizeof f->machine_id, value);
    else if (strcmp(name, "current") == 0 && strcmp(value, "-") != 0)
        safe_words(f->current, sizeof f->current, value);
    else if (strcmp(name, "live") == 0)
        sscanf(value, "%32s %15s", f->live_op, f->live_step);
    else if (strcmp(name, "release") == 0)
        f->has_release = true;
    else if (strcmp(name, "text") == 0)
        safe_words(f->result_text, sizeof f->result_text, value);
    else if (strcmp(name, "begun") == 0) {
        f->is_op_known = true;
        str_copy(boot, sizeof boot, value);
        f->is_op_rebooted = strcmp(boot, f->boot_id) != 0;
    }
}

static bool take_facts(struct runner_ask *a)
{
    char *save = NULL;
    char *text = xstrdup(buf_str(&a->k.words));
    bool is_whole = false;

    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        char name[16] = "", id[OP_ID_BYTES + 1] = "";
        int status, used = 0;
        if (sscanf(l, "footplate: result %33s %*d %d", id, &status) == 2 &&
            strcmp(id, a->op_id) == 0) {
            a->facts.has_result = true;
            a->facts.result_status = status;
        } else if (sscanf(l, "footplate: fact %15s %n", name, &used) == 1) {
            is_whole = is_whole || strcmp(name, "end") == 0;
            take_fact(&a->facts, name, l + used);
        }
    }
    free(text);
    return is_whole;
}

static void ask_ended(struct talker *k, const struct run_result *r)
{
    struct runner_ask *a = ask_of(k);
    char said[300];

    if (r->err.code == ERR_UNREACHABLE && a->lost++ == 0) {
        talk_begin(k, VERB_PROBE);
        return;
    }
    if (r->err.code) {
        a->facts.err = r->err;
    } else if (!take_facts(a)) {
        char *refused = word_line(k, "refused");
        other_words(k, said, sizeof said);
        if (refused)
            safe_words(said, sizeof said, refused);
        free(refused);
        err_set(&a->facts.err, ERR_PROTOCOL, "the runner did not answer: status %d%s%s", r->status,
                said[0] ? ": " : "", said);
    }
    ask_finish(a);
}

static void ask_unreachable(struct talker *k, const struct err *e)
{
    struct runner_ask *a = ask_of(k);

    a->facts.err = *e;
    ask_finish(a);
}

struct runner_ask *runner_probe(const struct step_target *t, const char *op_id, const char *version,
                                int64_t deadline_ms, runner_facts_done done, void *arg)
{
    struct runner_ask *a = xcalloc(1, sizeof *a);

    a->k.t = t;
    a->k.ended = ask_ended;
    a->k.unreachable = ask_unreachable;
    a->k.command = ask_command;
    a->k.deadline_ms = deadline_ms;
    buf_init(&a->k.words, WORDS_MAX_BYTES);
    str_copy(a->op_id, sizeof a->op_id, op_id ? op_id : "");
    a->version = xstrdup(version);
    a->done = done;
    a->arg = arg;
    talk_begin(&a->k, VERB_PROBE);
    return a;
}
