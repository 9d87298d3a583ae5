/* timeline_out.h: a timeline with its anomalies, drawn in text or as JSON. */
#ifndef FOOTPLATE_CLI_TIMELINE_OUT_H
#define FOOTPLATE_CLI_TIMELINE_OUT_H

#include <jansson.h>

#include "cli/watched.h"
#include "store/timeline.h"

enum { TIMELINE_JSON_VERSION = 1, TIMELINE_ANOMALIES = 20, TIMELINE_SUSPECTS = 5 };
/* The cells beside the columns of the axis: names to the left, as many as these want; verdicts and figures to
 * the right. */
enum { TIMELINE_LEFT_LEAST = 14, TIMELINE_LEFT_MOST = 44, TIMELINE_RIGHT_CELLS = 24, TIMELINE_COLUMNS_LEAST = 24 };

/* suspects[i] are those of anomalies[i]. left: cells before the columns, of text alone. */
struct drawn {
    const char *group;
    int64_t now;
    int left;
    struct timeline t;
    struct anomaly_row *anomalies;
    int n_anomalies;
    struct suspect_list suspects[TIMELINE_ANOMALIES];
};

/* The cells that the name of a lane wants, with what stands around it. */
int timeline_name_cells(const struct verdict_row *v);

/* On stdout: a row a lane, the release's turns as a band, marks and what they mean, suspects. */
void timeline_print(const struct drawn *d);
/* As footplate(1) has it. The caller's. */
json_t *timeline_json(const struct drawn *d);

#endif
