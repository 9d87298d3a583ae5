/* notify_form.c: what became of a release, in the words and forms that a receiver wants. It sends nothing
 * and knows no store. The forms are those of the makers' own pages on incoming webhooks and robots: Slack,
 * DingTalk, WeCom, Feishu. */
#include "config.h"

#include "monitor/notify_int.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "monitor/answer.h"
#include "net/sign.h"

/* WeCom takes 2048 bytes. Beside the words of a line there are its "- " and how many more there are. */
enum { TEXT_MOST = 2000, LINE_MOST = 320, BESIDE = 20, ANSWER_SHOWN = 160, MESSAGE_VERSION = 1 };

void told_release(struct told *t)
{
    free(t->word);
    free(t->text);
    free(t->version);
    free(t->driver);
    free(t->host);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

const char *notify_word(const struct event_row *ev)
{
    static const struct {
        const char *kind, *part, *word; /* part: of its text */
    } words[] = {
        {"release", " ended: ", "done"},     {"release", " opened", "started"},
        {"release", "SMOKE_SUCCESS", "waiting"}, {"release", "BAKE_SUCCESS", "waiting"},
        {"release", "_FAILURE", "failed"},   {"brake", "braked", "braked"},
        {"anomaly", "", "anomaly"},
    };
    const char *text = ev->text ? ev->text : "";

    if (ev->source || !ev->group)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(ev->kind, words[i].kind) == 0 && strstr(text, words[i].part))
            return words[i].word;
    return strcmp(ev->kind, "watch") == 0 && begins(text, "ended") ? "done" : NULL;
}

bool notify_wants(const struct notify_config *to, const char *word)
{
    for (int i = 0; i < to->n_on; i++)
        if (strcmp(to->on[i], word) == 0)
            return true;
    return to->n_on == 0;
}

/* ---- in words ------------------------------------------------------------------------------------------- */

/* Add text, at most so many bytes of it: what was cut off is seen. */
static void add_cut(struct buf *b, const char *text, size_t most)
{
    static const char dots[] = "...";
    size_t len = strlen(text);

    if (len <= most) {
        buf_adds(b, text);
        return;
    }
    buf_add(b, text, text_utf8_prefix((struct raw){text, most - strlen(dots)}));
    buf_adds(b, dots);
}

static char *one_in_words(const struct told *t)
{
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, t->word);
    if (t->version[0])
        buf_addf(&b, ", %s", t->version);
    if (t->text[0])
        buf_addf(&b, ": %s", t->text);
    if (t->driver[0])
        buf_addf(&b, " (%s)", t->driver);
    return buf_take(&b);
}

/* For people; the caller frees it. Of a digest the first that fit, and how many more there are. */
static char *in_words(const struct group_config *cfg, const struct told *list, int n)
{
    struct buf b;

    buf_init(&b, 0);
    buf_addf(&b, "%s: ", cfg->name);
    if (n > 1)
        buf_addf(&b, "%d messages", n);
    for (int i = 0; i < n; i++) {
        char *words = one_in_words(&list[i]);
        if (n == 1) {
            add_cut(&b, words, TEXT_MOST - b.len);
        } else if (b.len + LINE_MOST > TEXT_MOST) {
            buf_addf(&b, "\n- and %d more", n - i);
            i = n;
        } else {
            buf_adds(&b, "\n- ");
            add_cut(&b, words, LINE_MOST - BESIDE);
        }
        free(words);
    }
    return buf_take(&b);
}

/* What stands for a digest as a whole: the last that happened. */
static const struct told *last_of(const struct told *list, int n)
{
    return &list[n - 1];
}

static void set_text(json_t *o, const char *key, const char *text)
{
    json_object_set_new(o, key, text && text[0] ? json_string(text) : json_null());
}

static json_t *event_of(const struct told *t)
{
    char at[CLOCK_TEXT_BYTES];
    json_t *o = json_object();

    clock_rfc3339(at, sizeof at, t->at);
    set_text(o, "word", t->word);
    set_text(o, "at", at);
    set_text(o, "text", t->text);
    set_text(o, "version", t->version);
    set_text(o, "status", t->status);
    set_text(o, "driver", t->driver);
    set_text(o, "host", t->host);
    json_object_set_new(o, "port", t->port ? json_integer(t->port) : json_null());
    json_object_set_new(o, "deployment", t->deployment ? json_integer(t->deployment) : json_null());
    return o;
}

static char *dump(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);

    json_decref(o);
    return text ? text : xstrdup("{}");
}

char *notify_json(const struct group_config *cfg, const struct told *list, int n)
{
    char *text = in_words(cfg, list, n);
    json_t *o = event_of(last_of(list, n)), *events = json_array();

    json_object_set_new(o, "v", json_integer(MESSAGE_VERSION));
    set_text(o, "group", cfg->name);
    set_text(o, "site", cfg->site);
    set_text(o, "environment", cfg->environment);
    set_text(o, "text", text);
    for (int i = 0; i < n; i++)
        json_array_append_new(events, event_of(&list[i]));
    json_object_set_new(o, "events", events);
    free(text);
    return dump(o);
}

/* ---- templates -------------------------------------------------------------------------------------------- */

static void add_escaped(struct buf *b, const char *text)
{
    json_t *s = json_string(text ? text : "");
    char *quoted = s ? json_dumps(s, JSON_ENCODE_ANY) : NULL;

    if (quoted)
        buf_add(b, quoted + 1, strlen(quoted) - 2);
    free(quoted);
    json_decref(s);
}

/* {placeholders} become values; braces that hold no name of ours stay. */
static char *fill(const char *template, const struct group_config *cfg, const struct told *list, int n)
{
    const struct told *t = last_of(list, n);
    char *text = in_words(cfg, list, n), at[CLOCK_TEXT_BYTES];
    const struct {
        const char *name, *value;
    } values[] = {
        {"{group}", cfg->name},   {"{word}", t->word},     {"{version}", t->version},
        {"{status}", t->status},  {"{text}", text},        {"{driver}", t->driver},
        {"{site}", cfg->site},    {"{host}", t->host},     {"{environment}", cfg->environment},
        {"{at}", at},
    };
    struct buf b;

    clock_rfc3339(at, sizeof at, t->at);
    buf_init(&b, 0);
    for (const char *p = template; *p;) {
        size_t i = 0;
        while (i < ARRAY_LEN(values) && !begins(p, values[i].name))
            i++;
        if (i < ARRAY_LEN(values)) {
            add_escaped(&b, values[i].value);
            p += strlen(values[i].name);
        } else {
            buf_addc(&b, *p++);
        }
    }
    free(text);
    return buf_take(&b);
}

/* ---- presets ---------------------------------------------------------------------------------------------- */

/* Slack's own marks: <, > and & mean something in its texts. */
static char *for_slack(const char *text)
{
    struct buf b;

    buf_init(&b, 0);
    for (const char *p = text; *p; p++) {
        if (*p == '&')
            buf_adds(&b, "&amp;");
        else if (*p == '<')
            buf_adds(&b, "&lt;");
        else if (*p == '>')
            buf_adds(&b, "&gt;");
        else
            buf_addc(&b, *p);
    }
    return buf_take(&b);
}

static json_t *preset_object(const struct group_config *cfg, enum notify_preset preset, const struct told *list,
                             int n)
{
    char *text = in_words(cfg, list, n), *slack;
    json_t *o = NULL;

    if (preset == PRESET_SLACK) {
        slack = for_slack(text);
        o = json_pack("{s:s}", "text", slack);
        free(slack);
    } else if (preset == PRESET_FEISHU) {
        o = json_pack("{s:s, s:{s:s}}", "msg_type", "text", "content", "text", text);
    } else {
        o = json_pack("{s:s, s:{s:s}}", "msgtype", "text", "text", "content", text);
    }
    free(text);
    return o;
}

/* Feishu: the key is the time and the secret, and nothing is signed with it. */
static void sign_feishu(json_t *o, const char *secret, int64_t wall)
{
    char *time = xasprintf("%" PRId64, wall / 1000);
    char *key = xasprintf("%s\n%s", time, secret), sign[SIGN_TEXT_BYTES];

    sign_hmac_sha256(key, strlen(key), "", 0, sign);
    json_object_set_new(o, "timestamp", json_string(time));
    json_object_set_new(o, "sign", json_string(sign));
    secret_free(key);
    free(time);
}

char *notify_body(const struct group_config *cfg, const struct notify_config *to, const struct told *list,
                  int n, const char *secret, int64_t wall)
{
    char *text = to->template ? fill(to->template, cfg, list, n) : NULL;
    json_t *o;

    if (!text && to->preset == PRESET_GENERIC)
        return notify_json(cfg, list, n);
    o = text ? json_loads(text, 0, NULL) : preset_object(cfg, to->preset, list, n);
    if (to->preset == PRESET_FEISHU && secret && json_is_object(o))
        sign_feishu(o, secret, wall);
    if (!o)
        return text ? text : xstrdup("{}");
    free(text);
    return dump(o);
}

static void add_url_part(struct buf *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (isalnum((unsigned char)*p) || strchr("-._~", *p))
            buf_addc(b, *p);
        else
            buf_addf(b, "%%%02X", (unsigned char)*p);
    }
}

char *notify_url(const struct notify_config *to, const char *url, const char *secret, int64_t wall)
{
    struct buf b;

    if (to->preset != PRESET_DINGTALK || !secret)
        return xstrdup(url);
    char *data = xasprintf("%" PRId64 "\n%s", wall, secret), sign[SIGN_TEXT_BYTES];
    sign_hmac_sha256(secret, strlen(secret), data, strlen(data), sign);
    buf_init(&b, 0);
    buf_addf(&b, "%s%ctimestamp=%" PRId64 "&sign=", url, strchr(url, '?') ? '&' : '?', wall);
    add_url_part(&b, sign);
    secret_free(data);
    return buf_take(&b);
}

char *notify_command(const struct group_config *cfg, const char *hook, const struct told *list, int n)
{
    const struct told *t = last_of(list, n);
    const struct {
        const char *name, *value;
    } values[] = {
        {"GROUP", cfg->name}, {"WORD", t->word},     {"VERSION", t->version},
        {"STATUS", t->status}, {"TEXT", t->text},    {"DRIVER", t->driver},
        {"SITE", cfg->site},  {"ENVIRONMENT", cfg->environment},
    };
    /* Of the engine's own: in its others may be the secrets of other receivers. */
    static const char *const kept[] = {"HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"};
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, "exec env -i");
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        buf_addf(&b, " ${%s+\"%s=$%s\"}", kept[i], kept[i], kept[i]);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        buf_addf(&b, " FOOTPLATE_%s=", values[i].name);
        buf_add_shell(&b, values[i].value ? values[i].value : "");
    }
    buf_adds(&b, " sh -c ");
    buf_add_shell(&b, hook);
    return buf_take(&b);
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

/* These makers answer 200 to everything, and say in the body whether it was taken: by a number, 0 for yes.
 * Feishu has two names for it, of which older robots use the second. over: too much was sent. busy: it was no
 * fault of the message; 0: none says so. */
static const struct robot {
    enum notify_preset preset;
    const char *keys[2], *words[2];
    int over[2], busy;
} robots[] = {
    {PRESET_DINGTALK, {"errcode", NULL}, {"errmsg", NULL}, {130101, 410100}, -1},
    {PRESET_WECOM, {"errcode", NULL}, {"errmsg", NULL}, {45009, 45033}, -1},
    {PRESET_FEISHU, {"code", "StatusCode"}, {"msg", "StatusMessage"}, {11232, 99991400}, 0},
};

/* Do the words hold a piece of the URL behind its host? Tokens stand there. */
static bool tells_url(const char *words, const char *url)
{
    enum { PIECE_BYTES = 8 };
    const char *host = strstr(url, "://"), *path = strpbrk(host ? host + 3 : url, "/?");
    char piece[PIECE_BYTES + 1];

    for (const char *p = path; p && strlen(p) >= PIECE_BYTES; p++) {
        size_t run = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
        if (run < PIECE_BYTES)
            continue;
        memcpy(piece, p, PIECE_BYTES);
        piece[PIECE_BYTES] = '\0';
        if (strstr(words, piece))
            return true;
    }
    return false;
}

static int refusal(const struct robot *r, const json_t *o, int i, const char *url, struct err *e)
{
    json_int_t code = json_integer_value(json_object_get(o, r->keys[i]));
    const char *words = json_string_value(json_object_get(o, r->words[i]));
    char shown[ANSWER_SHOWN] = "";
    int rc = ERR_REFUSED;

    if (code == 0)
        return 0;
    if (code == r->over[0] || code == r->over[1])
        rc = ERR_THROTTLED;
    else if (code == r->busy)
        rc = ERR_FAIL;
    if (words && !tells_url(words, url))
        text_copy_safe(shown, sizeof shown, raw_of(words), TEXT_PLAIN);
    return err_set(e, rc, "it answers %s %lld%s%s", r->keys[i], (long long)code, shown[0] ? ": " : "", shown);
}

int notify_answer(enum notify_preset preset, const char *url, const char *body, size_t len, struct err *e)
{
    const struct robot *r = NULL;
    char why[ANSWER_SHOWN] = "there is no number in it";
    int rc = ERR_NOTFOUND;

    for (size_t i = 0; i < ARRAY_LEN(robots); i++)
        if (robots[i].preset == preset)
            r = &robots[i];
    if (!r)
        return 0;
    json_t *o = answer_json(body, len, 0, why, sizeof why);
    for (int i = 0; i < (int)ARRAY_LEN(r->keys) && rc == ERR_NOTFOUND; i++)
        if (r->keys[i] && json_is_integer(json_object_get(o, r->keys[i])))
            rc = refusal(r, o, i, url, e);
    json_decref(o);
    if (rc != ERR_NOTFOUND)
        return rc;
    return err_set(e, ERR_FAIL, "it answers, but no %s as that robot does: %s", r->keys[0], why);
}
