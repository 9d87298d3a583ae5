/* gauge.c: which file asks which source. */
#include "config.h"

#include "monitor/gauge.h"

static const struct gauge_ops *const all[MONITOR_SOURCE_COUNT] = {
    [MONITOR_REQUEST] = &gauge_request, [MONITOR_CONNECT] = &gauge_connect,
    [MONITOR_PROMETHEUS] = &gauge_prometheus, [MONITOR_NUMBER] = &gauge_number,
    [MONITOR_SCRAPE] = &gauge_scrape, [MONITOR_TAIL] = &gauge_tail,
    [MONITOR_EXPORTER] = &gauge_exporter, [MONITOR_SYSTEM] = &gauge_system};

const struct gauge_ops *gauge_ops_of(enum monitor_source source)
{
    return all[source];
}
