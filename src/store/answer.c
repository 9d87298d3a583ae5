/* answer.c: reads the engine's JSON. Knows neither how it is asked for nor how it is shown. */
#include "config.h"

#include "store/answer.h"

#include <stdbool.h>
#include <stdio.h>

const char *answer_text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s ? s : "";
}

const char *answer_trouble(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *refused = answer_text(answer, "refused");

    if (error)
        return answer_text(error, "message");
    return refused[0] ? refused : NULL;
}

void answer_say_plan(const json_t *plan, char *dst, size_t size)
{
    const json_t *batches = json_object_get(plan, "batches");
    long long n = json_integer_value(json_object_get(plan, "n"));
    const char *from = answer_text(plan, "from");
    size_t n_batches = json_array_size(batches);
    bool has_canary = json_is_true(json_object_get(json_array_get(batches, 0), "canary"));

    snprintf(dst, size, "Release %s to %lld instance%s of %s in %zu batch%s%s%s%s%s.",
             answer_text(plan, "version"), n, n == 1 ? "" : "s", answer_text(plan, "group"), n_batches,
             n_batches == 1 ? "" : "es", has_canary ? ", canary first" : "", from[0] ? " (now " : "",
             from, from[0] ? ")" : "");
}
