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
#include "net/sign.h"

enum { TEXT_MOST = 2000, MESSAGE_VERSION = 1 }; /* WeCom takes 2048 bytes */

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
        {"status", "SMOKE_SUCCESS", "waiting"}, {"status", "BAKE_SUCCESS", "waiting"},
        {"status", "_FAILURE", "failed"},    {"brake", "braked", "braked"},
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

static void add_one(struct buf *b, const struct told *t)
{
    buf_addf(b, "%s", t->word);
    if (t->version[0])
        buf_addf(b, ", %s", t->version);
    if (t->text[0])
        buf_addf(b, ": %s", t->text);
    if (t->driver[0])
        buf_addf(b, " (%s)", t->driver);
}

/* For people; the caller frees it. */
static char *in_words(const struct group_config *cfg, const struct told *list, int n)
{
    struct buf b;

    buf_init(&b, TEXT_MOST);
    buf_addf(&b, "%s: ", cfg->name);
    if (n > 1)
        buf_addf(&b, "%d messages", n);
    for (int i = 0; i < n; i++) {
        if (n > 1)
            buf_adds(&b, "\n- ");
        add_one(&b, &list[i]);
    }
    char *text = xstrndup(buf_str(&b), text_utf8_prefix((struct raw){buf_str(&b), b.len}));
    buf_release(&b);
    return text;
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
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, "export");
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        buf_addf(&b, " FOOTPLATE_%s=", values[i].name);
        buf_add_shell(&b, values[i].value ? values[i].value : "");
    }
    buf_addf(&b, "\n%s", hook);
    return buf_take(&b);
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

/* These three answer 200 to everything, and say in the body whether it was taken. Of that only the number is
 * told on: their words may hold what was sent. */
int notify_answer(enum notify_preset preset, const char *body, size_t len, struct err *e)
{
    enum { DINGTALK_BLOCKED = 130101, DINGTALK_OVER = 410100, WECOM_OVER = 45009, FEISHU_OVER = 11232 };
    const char *key = preset == PRESET_FEISHU ? "code" : "errcode";

    if (preset == PRESET_GENERIC || preset == PRESET_SLACK)
        return 0;
    json_t *o = json_loadb(body, len, 0, NULL);
    json_int_t code = json_integer_value(json_object_get(o, key));
    json_decref(o);
    if (code == 0)
        return 0;
    bool is_over = code == DINGTALK_BLOCKED || code == DINGTALK_OVER || code == WECOM_OVER || code == FEISHU_OVER;
    return err_set(e, is_over ? ERR_THROTTLED : ERR_REFUSED, "it answers %s %lld", key, (long long)code);
}
