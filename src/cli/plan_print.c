/* plan_print.c: reads the engine's JSON of a plan leniently: what is missing is not shown. */
#include "config.h"

#include "cli/plan_print.h"

#include "base/buf.h"
#include "cli/out.h"
#include "store/answer.h"

enum { LABEL_CELLS = 20 };

json_t *plan_args(const char *version, const char *const *set, int n, int is_only_new)
{
    json_t *args = json_object();
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_string(set[i]));
    json_object_set_new(args, "version", json_string(version));
    json_object_set_new(args, "set", list);
    json_object_set_new(args, "only_new", json_boolean(is_only_new));
    return args;
}

static void add_instance(struct buf *b, const json_t *instance)
{
    const char *why = answer_text(instance, "why");

    buf_addf(b, "%s%s:%lld", b->len ? "  " : "", answer_text(instance, "host"),
             json_integer_value(json_object_get(instance, "port")));
    if (json_is_true(json_object_get(instance, "skip")))
        buf_addf(b, " (skipped%s%s)", why[0] ? ": " : "", why);
}

static void print_batch(FILE *f, const json_t *batch)
{
    const json_t *instances = json_object_get(batch, "instances");
    long long index = json_integer_value(json_object_get(batch, "index"));
    const json_t *instance;
    char name[64];
    struct buf b;
    size_t i;

    buf_init(&b, 0);
    json_array_foreach (instances, i, instance)
        add_instance(&b, instance);
    snprintf(name, sizeof name, "  batch %lld%s", index + 1,
             json_is_true(json_object_get(batch, "canary")) ? " canary" : "");
    out_column(f, name, LABEL_CELLS);
    out_wrap(f, buf_str(&b), LABEL_CELLS, out_width());
    fputc('\n', f);
    buf_release(&b);
}

static void print_step(FILE *f, const json_t *step)
{
    const json_t *lines = json_object_get(step, "lines");
    const json_t *text;
    size_t i;

    fputs("  ", f);
    out_string(f, answer_text(step, "step"));
    fputc('\n', f);
    json_array_foreach (lines, i, text) {
        fputs("    ", f);
        out_string(f, json_string_value(text));
        fputc('\n', f);
    }
}

void print_warnings(FILE *f, const json_t *answer)
{
    const json_t *warnings = json_object_get(answer, "warnings");
    const json_t *text;
    size_t i;

    json_array_foreach (warnings, i, text) {
        fputs("  warning: ", f);
        out_wrap(f, json_string_value(text) ? json_string_value(text) : "", 11, out_width());
        fputc('\n', f);
    }
}

void plan_print(FILE *f, const json_t *plan, unsigned flags)
{
    const json_t *batches = json_object_get(plan, "batches");
    const json_t *steps = json_object_get(plan, "steps");
    const json_t *entry;
    char sentence[512];
    size_t i;

    answer_say_plan(plan, sentence, sizeof sentence);
    out_string(f, sentence);
    fputs("\n  ", f);
    out_wrap(f, answer_text(plan, "says"), 2, out_width());
    fputc('\n', f);
    json_array_foreach (batches, i, entry)
        print_batch(f, entry);
    if (flags & PLAN_STEPS)
        json_array_foreach (steps, i, entry)
            print_step(f, entry);
    print_warnings(f, plan);
}
