/* panes.c: the six panes in the order of their keys. */
#include "config.h"

#include "ui/screen_int.h"

const struct pane_ops *const screen_panes[PANE_COUNT] = {
    [PANE_CLUSTER] = &pane_cluster,     [PANE_INSTANCES] = &pane_instances,
    [PANE_LOGS] = &pane_logs,           [PANE_HISTORY] = &pane_history,
    [PANE_BATCHES] = &pane_batches,     [PANE_ACTIONS] = &pane_actions,
};
