/* judge_int.h: what the files of the judge share. A unit is one figure of one rule, and has one verdict. */
#ifndef FOOTPLATE_MONITOR_JUDGE_INT_H
#define FOOTPLATE_MONITOR_JUDGE_INT_H

#include "monitor/detect.h"
#include "monitor/judge.h"

enum {
    GROUP_POINTS = 4096,    /* of the group as a whole: an hour and more at one a second */
    INSTANCE_POINTS = 1536, /* of one instance */
    BEFORE_MS = 60 * 60 * 1000, /* points of so long before a release make its baseline */
    CLOCK_BACK_MS = 60000,
    POINTS_MOST = 200000,   /* to be stored, that nobody has taken */
    QUIET_MS = 15000,       /* silence of at least so long is unknown */
    LIMITS_MAX = 2,
    WORDS_BYTES = 400
};

struct unit;

/* Points of one series, oldest first; NAN is a question without an answer. */
struct track {
    struct unit *unit;
    int subject;            /* -1: the group */
    struct series_row row;  /* strings owned; id below 0: not in the store yet */
    bool is_stored;
    int64_t *at;
    double *v;
    int n, room, most;
};

/* One hard bound on a figure. */
struct limit {
    struct streak_rule rule;
    bool is_set;
};

/* The last questions about a figure, newest in the lowest bit: a bit that is set is one that brought
 * nothing. */
enum { RECENT = 20, GAPS_LEAST = 5 };
struct recent {
    uint32_t gaps;
    int asked;              /* at most RECENT */
};

/* What an instance's track has beside its points. */
struct seen {
    struct track track;
    struct recent recent;
    struct streak streaks[LIMITS_MAX];
    double own;             /* how much more than the group it showed before the release */
};

/* The mean (or highest) of all instances in one stretch of `every`. */
struct slot {
    int64_t no;
    double sum, high;
    int n;
};

struct unit {
    const struct monitor_config *rule;
    int i_rule, i_figure;
    const struct figure *figure;
    enum monitor_worse worse;
    char *name;
    struct limit limits[LIMITS_MAX];
    struct streak streaks[LIMITS_MAX]; /* of the group's figure, where instances have none */
    struct recent recent;   /* likewise */
    struct track group;
    struct seen *seen;      /* one an instance; NULL: a figure of the group alone */
    struct slot slots[2];
    /* frozen at the start of a release */
    struct baseline base;
    bool is_enough;         /* waiting for it: base, as of now, needs no more points */
    struct profile profile;
    bool is_forecast;       /* profile is used, base is profile.rest */
    double before_high;
    char *base_text;        /* NULL: not frozen */
    /* since then */
    int64_t fed;            /* points up to here are in the sums */
    struct cusum up, down;
    struct counted counted; /* forecast: what was expected and what came, while the sum runs */
    struct looks looks;
    bool is_own_known;      /* seen[].own is of this release */
    int64_t minute;         /* forecast: the minute that is being added up */
    double minute_sum;
    int minute_n;
    /* of earlier weeks, whole minutes */
    int64_t *past_at;
    double *past_v;
    int n_past;
    bool is_past_asked;     /* and more of them are on their way */
    /* the verdict as last said */
    enum judgement judged;
    int64_t since;
    char *text;
    char method[16];
};

/* Who is asked, in the order of cfg->instances. */
struct subject {
    char *version;
    bool is_known;
    bool is_in_traffic, is_worked_on;
    int64_t in_since;
};

/* The last answer of one rule from one subject; [n_subjects] is the group. */
enum { WHY_BYTES = 160, VERSION_BYTES = 128 };
struct heard {
    int64_t at, asked;
    char silence[WHY_BYTES]; /* of the last question; "" it was answered */
    char why[WHY_BYTES];    /* the last silence or failure, in words; "" there was none */
    uint32_t kinds[RECENT]; /* of the last questions, by their words, a ring: kinds[n % RECENT] is the next; 0:
                               nothing was wrong */
    int64_t n;
    char version[VERSION_BYTES]; /* that its figures are of, as the answers say it; "" they say none */
    int64_t version_at;     /* since when; 0: as far as is known */
    char stray[VERSION_BYTES]; /* a version that took calls and should not run there; "" none */
    bool is_alone;          /* and the figures are of it */
    int64_t stray_at;       /* when that was last seen */
};

struct judge {
    const struct group_config *cfg;
    struct unit *units;
    int n_units;
    struct subject *subjects;
    struct heard *heard;    /* n_monitors x (n_instances + 1) */
    bool has_release, is_frozen, is_told;
    struct judge_release release;
    char *version;          /* the release's */
    int64_t frozen_at;
    bool is_recalled;       /* baselines came from the store */
    int64_t born;           /* when the first answer or release was told: silence counts from here */
    double *scratch;
    int n_scratch;
    struct point *points;   /* to be stored */
    int n_points, room_points;
    int64_t n_lost;         /* dropped, and not asked for yet */
    struct verdict_row *rows; /* n_units */
    struct baseline_row *base_rows;
    struct series_row *series_rows;
    struct track **tracks;  /* stored ones, in the order of judge_series() */
    int n_tracks;
    struct track **by_id;   /* the same, if is_sorted */
    bool is_sorted;
    int64_t recalled_at;    /* points of before have been gone through up to here */
    int subject_found;      /* behind the last one that was asked for */
};

/* What was found of a unit by one method. */
struct finding {
    enum judgement judged;
    bool is_due;
    const char *method;
    int64_t since;
    double sure;
    int samples;
    int subject;            /* -1: the group */
    char text[WORDS_BYTES];
};

/* ---- judge.c ---- */
double *judge_scratch(struct judge *j, int n);
const struct heard *judge_heard(const struct judge *j, int rule, int subject);
/* Does it take traffic, as far as is known? */
bool judge_is_in(const struct judge *j, int subject);
/* What was wrong with the last answer of the last RECENT with which anything was, and with how many of them the
 * same. n 0, text "": nothing was. */
struct why {
    const char *text;
    int n, of;
};
struct why judge_why(const struct judge *j, int rule, int subject);
/* Is what this instance shows at this moment counted? */
bool judge_counts(const struct judge *j, int subject, int64_t at);
/* Where in the track the points from `at` on begin. */
int track_from(const struct track *t, int64_t at);
/* false: it is older than the last, and of no use. */
bool track_push(struct track *t, int64_t at, double v);
/* One figure more for the group's figure of its round. */
void slot_take(struct judge *j, struct unit *u, int64_t at, double v);
/* One figure more for the limits of the unit; streaks: the group's or an instance's. */
void feed_streaks(const struct unit *u, struct streak *streaks, double v, int64_t at);

/* ---- judge_frozen.c: baselines ---- */
/* Freeze what can be frozen. */
void judge_freeze(struct judge *j, int64_t now);
/* So long, at most, baselines are still waited for. */
int64_t judge_baseline_left(const struct judge *j, int64_t now);
/* Forget what was found since the baselines were frozen. */
void judge_begin_anew(struct judge *j, int64_t now);
char *baseline_to_json(const struct unit *u);
bool baseline_from_json(struct unit *u, const char *json);
/* Do n points make a figure of a minute? Half of them that were to come: what stopped in mid-minute is no
 * minute. */
bool minute_is_whole(const struct unit *u, int n);
/* Is this figure held against a baseline? */
bool unit_is_trended(const struct unit *u);

/* ---- judge_find.c: from points to findings ---- */
void unit_find(struct judge *j, struct unit *u, int64_t now, struct finding *out);
/* What unit_find() remembers from one call to the next, made of the points up to now, without a finding. */
void unit_look_back(struct judge *j, struct unit *u, int64_t now);
/* Longer than this without an answer is a silence, and a pause between two points. */
int64_t unit_quiet(const struct unit *u);
/* The median of the last few figures; NAN. */
double unit_now(const struct unit *u);

#endif
