/* figures.c: what each source measures, and what of a change in it is nobody's concern. The least spreads
 * are what a person would not get up for: with them a series that never moved does not alarm by a hair
 * (detect.h). It asks nothing. */
#include "config.h"

#include "monitor/gauge.h"

#include <string.h>

#include "base/mem.h"

static const struct figure request_figures[] = {
    [REQUEST_SUCCESS] = {.name = "success", .unit = "%", .worse = WORSE_LOW,
                         .floor_abs = 5, .floor_rel = 0},
    [REQUEST_TIME] = {.name = "time", .unit = "ms", .worse = WORSE_HIGH,
                      .floor_abs = 20, .floor_rel = 0.25, .is_trended = true},
};

static const struct figure connect_figures[] = {
    [CONNECT_SUCCESS] = {.name = "success", .unit = "%", .worse = WORSE_LOW,
                         .floor_abs = 5, .floor_rel = 0},
    [CONNECT_TIME] = {.name = "time", .unit = "ms", .worse = WORSE_HIGH,
                      .floor_abs = 20, .floor_rel = 0.25, .is_trended = true},
    /* What the time is made of: which stage is slow is for a person to see, that it is slow the time says. */
    [CONNECT_NAME_MS] = {.name = "name", .unit = "ms", .worse = WORSE_HIGH,
                         .is_context = true},
    [CONNECT_TCP_MS] = {.name = "connect", .unit = "ms", .worse = WORSE_HIGH,
                        .is_context = true},
    [CONNECT_TLS_MS] = {.name = "tls", .unit = "ms", .worse = WORSE_HIGH,
                        .is_context = true},
};

static const struct figure number_figures[] = {
    [NUMBER_VALUE] = {.name = "", .unit = "", .worse = WORSE_BOTH,
                      .floor_abs = 0, .floor_rel = 0.03, .is_trended = true},
};

static const struct figure scrape_figures[] = {
    [SCRAPE_CALLS] = {.name = "calls", .unit = "/s", .worse = WORSE_BOTH,
                      .floor_abs = 0, .floor_rel = 0, .may_lack = true, .is_context = true},
    [SCRAPE_ERRORS] = {.name = "errors", .unit = "%", .worse = WORSE_HIGH,
                       .floor_abs = 0.5, .floor_rel = 0, .is_compared = true, .may_lack = true,
                       .is_trended = true},
    [SCRAPE_LATENCY] = {.name = "latency", .unit = "ms", .worse = WORSE_HIGH,
                        .floor_abs = 5, .floor_rel = 0.2, .is_compared = true, .may_lack = true,
                       .is_trended = true},
};

static const struct figure tail_figures[] = {
    [TAIL_LINES] = {.name = "", .unit = "lines", .worse = WORSE_HIGH,
                    .floor_abs = 1, .floor_rel = 0},
};

static const struct figure system_figures[] = {
    [SYSTEM_LOAD] = {.name = "load", .unit = "", .worse = WORSE_HIGH,
                     .floor_abs = 0.25, .floor_rel = 0.3, .is_highest = true},
    [SYSTEM_MEMORY] = {.name = "memory", .unit = "%", .worse = WORSE_HIGH,
                       .floor_abs = 5, .floor_rel = 0.1, .is_highest = true},
    [SYSTEM_DISK] = {.name = "disk", .unit = "%", .worse = WORSE_HIGH,
                     .floor_abs = 5, .floor_rel = 0.1, .is_highest = true},
    [SYSTEM_CONNECTIONS] = {.name = "connections", .unit = "", .worse = WORSE_HIGH,
                            .floor_abs = 0, .floor_rel = 0, .is_context = true},
    [SYSTEM_RSS] = {.name = "process", .unit = "KiB", .worse = WORSE_HIGH,
                    .floor_abs = 4096, .floor_rel = 0.1, .is_grown = true, .is_highest = true,
                    .may_lack = true},
};

const struct figure *source_figures(enum monitor_source source, int *n)
{
    static const struct {
        const struct figure *figures;
        int n;
    } sources[MONITOR_SOURCE_COUNT] = {
        [MONITOR_REQUEST] = {request_figures, ARRAY_LEN(request_figures)},
        [MONITOR_CONNECT] = {connect_figures, ARRAY_LEN(connect_figures)},
        [MONITOR_PROMETHEUS] = {number_figures, ARRAY_LEN(number_figures)},
        [MONITOR_NUMBER] = {number_figures, ARRAY_LEN(number_figures)},
        [MONITOR_SCRAPE] = {scrape_figures, ARRAY_LEN(scrape_figures)},
        [MONITOR_TAIL] = {tail_figures, ARRAY_LEN(tail_figures)},
        [MONITOR_EXPORTER] = {system_figures, SYSTEM_RSS},
        [MONITOR_SYSTEM] = {system_figures, ARRAY_LEN(system_figures)},
    };

    *n = sources[source].n;
    return sources[source].figures;
}

/* "%%h" is a percent sign and an h. */
static bool names_an_instance(const char *text)
{
    for (const char *p = text ? strchr(text, '%') : NULL; p && p[1]; p = strchr(p + 2, '%')) {
        if (p[1] == 'h' || p[1] == 'p')
            return true;
    }
    return false;
}

bool monitor_is_of_instances(const struct monitor_config *rule)
{
    switch (rule->source) {
    case MONITOR_SCRAPE:
    case MONITOR_TAIL:
    case MONITOR_EXPORTER:
    case MONITOR_SYSTEM:
        return true;
    default:
        return names_an_instance(rule->url) || names_an_instance(rule->connect);
    }
}
