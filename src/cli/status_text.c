/* status_text.c: a view for a person: what runs, what is under way, why nothing moves, what can be done,
 * who is out. Made for 80 columns. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/status.h"
#include "store/layers.h"

enum {
    LABEL_CELLS = 14,
    HOST_CELLS = 26,
    STATUS_CELLS = 18,
    VERSION_CELLS = 12,
    LINE_BYTES = 512,
    SPAN_BYTES = 48
};

static void label(const char *name)
{
    printf("  ");
    out_column(stdout, name, LABEL_CELLS - 2);
}

void status_line(const char *name, const char *text)
{
    label(name);
    out_wrap(stdout, text, LABEL_CELLS, out_width());
    putchar('\n');
}

/* "14:05:10, 2 min 3 s ago" */
static void say_since(char *dst, size_t size, int64_t at, int64_t now)
{
    char when[OUT_TIME_BYTES], span[SPAN_BYTES];

    out_when(when, sizeof when, at, now);
    clock_span(span, sizeof span, now - at);
    snprintf(dst, size, "%s, %s ago", when, span);
}

void status_say_deployment(const struct deployment_row *d, char *dst, size_t size)
{
    const char *word = d->flavour == FLAVOUR_ROLLBACK   ? "rollback"
                       : d->flavour == FLAVOUR_OBSERVED ? "found running"
                                                        : "release";

    if (d->from_version && d->flavour != FLAVOUR_OBSERVED)
        snprintf(dst, size, "#%lld %s %s -> %s", (long long)d->id, word, d->from_version, d->version);
    else
        snprintf(dst, size, "#%lld %s %s", (long long)d->id, word, d->version);
}

static const char *version_word(const struct version_row *r)
{
    return r->version ? r->version : "unknown";
}

static void print_versions(const struct view *v)
{
    struct buf b;

    buf_init(&b, 0);
    for (int i = 0; i < v->n_versions; i++)
        buf_addf(&b, "%s%s on %d", i ? ", " : "", version_word(&v->versions[i]),
                 v->versions[i].count);
    status_line("runs", b.len ? buf_str(&b) : "not known yet");
    buf_release(&b);
}

static void print_release(const struct view *v)
{
    const struct deployment_row *d = v->deployment;
    char what[LINE_BYTES], when[OUT_TIME_BYTES], span[SPAN_BYTES], work[SPAN_BYTES];
    char text[2 * LINE_BYTES];

    status_say_deployment(d, what, sizeof what);
    status_line(v->is_open ? "release" : "last", what);
    out_when(when, sizeof when, d->started, v->now);
    clock_span(span, sizeof span, (d->ended ? d->ended : v->now) - d->started);
    clock_span(work, sizeof work, d->work_ms);
    snprintf(text, sizeof text, "%s%s; begun by %s at %s; %s, at work %s",
             deploy_status_name(d->status), d->is_ending ? " (ending)" : "",
             d->driver ? d->driver : "?", when, span, work);
    status_line("status", text);
}

static void print_why_still(const struct view *v)
{
    const struct deployment_row *d = v->deployment;
    char since[2 * SPAN_BYTES] = "", flight[LINE_BYTES], text[3 * LINE_BYTES];

    if (v->is_braked) {
        if (v->brake_at)
            say_since(since, sizeof since, v->brake_at, v->now);
        snprintf(text, sizeof text, "%s%s%s%s%s%s", brake_name(v->brake), v->brake_text ? ": " : "",
                 v->brake_text ? v->brake_text : "", since[0] ? " (" : "", since,
                 since[0] ? ")" : "");
        status_line("BRAKED", text);
    }
    view_say_in_flight(v, flight, sizeof flight);
    if (flight[0] && v->is_open)
        status_line("in flight", flight);
    if (d->waiting && v->is_open) {
        since[0] = '\0';
        if (d->waiting_since)
            say_since(since, sizeof since, d->waiting_since, v->now);
        snprintf(text, sizeof text, "%s%s%s%s", d->waiting, since[0] ? " (" : "", since,
                 since[0] ? ")" : "");
        status_line("waiting for", text);
    }
    if (d->summary)
        status_line(view_is_failure(v) ? "FAILED" : "said", d->summary);
}

static void print_buttons(const struct view *v)
{
    struct view_button b[2];
    int n = view_buttons(v, b);

    for (int i = 0; i < n; i++) {
        char text[LINE_BYTES];

        snprintf(text, sizeof text, "%-10s %s", b[i].name, b[i].says);
        label(i == 0 ? "buttons" : "");
        out_string(stdout, text);
        putchar('\n');
    }
}

static void print_target(const struct target_row *t)
{
    char instance[LINE_BYTES];
    int is_in = view_in_traffic(t->traffic);

    snprintf(instance, sizeof instance, "%s:%d", t->host, t->port);
    printf("    ");
    out_column(stdout, instance, HOST_CELLS);
    putchar(' ');
    out_column(stdout, target_status_name(t->status), STATUS_CELLS);
    putchar(' ');
    out_column(stdout, t->version_now ? t->version_now : "?", VERSION_CELLS);
    printf(" %s", is_in < 0 ? "-" : is_in ? "in" : "out");
    if (t->is_left_by_other)
        printf(", left out by other");
    if (t->is_verify_ignored)
        printf(", verify ignored");
    putchar('\n');
    if (t->error || t->progress || t->exclude_why) {
        printf("      ");
        out_wrap(stdout, t->error ? t->error : t->exclude_why ? t->exclude_why : t->progress, 6,
                 out_width());
        putchar('\n');
    }
}

/* Where only an overview is wanted, a target that is through or has not begun says nothing. */
static bool is_worth_a_line(const struct target_row *t, unsigned flags)
{
    return (flags & STATUS_TARGETS) || t->error || t->status == TARGET_UNKNOWN ||
           target_is_running(t->status) || target_is_failure(t->status);
}

static void print_batch(const struct view *v, int batch, unsigned flags)
{
    int all = 0, through = 0;
    bool is_canary = false;
    char name[64], count[LINE_BYTES];

    for (int i = 0; i < v->n_targets; i++) {
        enum target_status s = v->targets[i].status;

        if (v->targets[i].batch != batch)
            continue;
        all++;
        through += s == TARGET_SUCCESS || s == TARGET_SKIPPED || s == TARGET_EXCLUDED;
        is_canary |= v->targets[i].is_canary;
    }
    snprintf(name, sizeof name, "batch %d of %d%s", batch + 1, v->deployment->n_batches,
             is_canary ? ", canary" : "");
    snprintf(count, sizeof count, "%-26s %-18s %d of %d through", name,
             batch_status_name(view_batch_status(v, batch)), through, all);
    printf("  %s\n", count);
    for (int i = 0; i < v->n_targets; i++)
        if (v->targets[i].batch == batch && is_worth_a_line(&v->targets[i], flags))
            print_target(&v->targets[i]);
}

static void print_ledger(const struct view *v)
{
    for (int i = 0; i < v->n_ledger; i++) {
        const struct ledger_row *r = &v->ledger[i];
        char since[2 * SPAN_BYTES], by[SPAN_BYTES], text[2 * LINE_BYTES];

        say_since(since, sizeof since, r->since, v->now);
        if (r->deployment)
            snprintf(by, sizeof by, "release #%lld", (long long)r->deployment);
        else
            snprintf(by, sizeof by, "hand");
        snprintf(text, sizeof text, "%s:%d out by %s since %s%s%s%s", r->host, r->port, by, since,
                 r->is_by_other ? ", taken over by other" : "", r->why ? ": " : "",
                 r->why ? r->why : "");
        status_line(i == 0 ? "ledger" : "", text);
    }
}

int status_exit(const struct view *v)
{
    if (!v->is_open)
        return v->n_ledger ? EXIT_LEDGER : EXIT_DONE;
    if (v->is_braked)
        return EXIT_BRAKED;
    if (view_is_failure(v))
        return EXIT_FAILED;
    if (view_is_waiting(v) && !v->deployment->is_auto)
        return EXIT_WAITS;
    return EXIT_DONE;
}

void status_print_commands(const struct view *v, FILE *f)
{
    struct view_button b[2];
    int n = view_buttons(v, b);

    for (int i = n - 1; i >= 0; i--) {
        char command[LINE_BYTES];

        snprintf(command, sizeof command, "  footplate %s %s", b[i].name, v->name);
        for (char *p = command; *p; p++)
            if (p < command + strlen("  footplate ") + strlen(b[i].name))
                *p = (char)tolower((unsigned char)*p);
        out_column(f, command, 36);
        fputs("  ", f);
        out_string(f, b[i].says);
        fputc('\n', f);
    }
}

void status_print_short(const struct view *v, const struct watched *w)
{
    const struct deployment_row *d = v->deployment;
    char left[SPAN_BYTES], doubts[LINE_BYTES];
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, v->name);
    if (d)
        buf_addf(&b, " %s %s", d->version, deploy_status_name(d->status));
    if (v->is_open && d->batch >= 0)
        buf_addf(&b, " %d/%d", d->batch + 1, d->n_batches);
    if (v->is_braked)
        buf_adds(&b, " BRAKED");
    else if (v->is_open && view_is_waiting(v) && !d->is_auto)
        buf_adds(&b, " waits");
    if (v->watch) {
        clock_span(left, sizeof left, watch_left_ms(v->watch, v->is_engine_alive, v->now));
        buf_addf(&b, ", watched %s", left);
    }
    if (layers_worst(w->verdicts, w->n_verdicts, v->now) == JUDGED_BAD &&
        layers_say_doubts(w->verdicts, w->n_verdicts, v->now, doubts, sizeof doubts))
        buf_addf(&b, ", %.*s", (int)strcspn(doubts, "(;"), doubts);
    out_string(stdout, buf_str(&b));
    putchar('\n');
    buf_release(&b);
}

void status_print(const struct view *v, const struct watched *w, unsigned flags)
{
    const struct deployment_row *d = v->deployment;

    out_string(stdout, v->name);
    printf("%s%s\n", v->is_gone ? "  (no longer in the configuration)" : "",
           v->is_engine_alive ? "  (engine alive)" : "");
    print_versions(v);
    if (d) {
        print_release(v);
        print_why_still(v);
        if (v->is_open)
            print_buttons(v);
        for (int b = 0; b < d->n_batches && (v->is_open || (flags & STATUS_TARGETS)); b++)
            print_batch(v, b, flags);
    } else {
        status_line("last", "nothing was released yet");
    }
    watched_print(w, v);
    print_ledger(v);
}
