/* http.c: GET by libcurl's multi interface on the loop, with a bound on everything that a peer
 * could make large or long: one deadline, bytes of headers, bytes of body, redirects. A request
 * never meets another one's connection, a proxy of the environment, a cookie, a cache or a
 * decompressor, so that the answer comes from the process that listens there now.
 *
 *     look-up (resolve.c) -> transfer -> done
 *                                     -> 3xx, the same place, REDIRECTS_MAX: transfer again
 *
 * curl never resolves a name (its threads would outlive every deadline): it gets the addresses by
 * CURLOPT_RESOLVE, and a look-up that it begins all the same is refused. Addresses are kept for those
 * who ask the same again and again and say so, until a request to them fails. What an answer means is
 * not known here. */
#include "config.h"

#include "net/net_int.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
    BODY_BYTES = 256 * 1024,
    HEADER_BYTES = 64 * 1024,
    URL_BYTES = 8 * 1024,
    REDIRECTS_MAX = 3,
    DEADLINE_MS = 30000,
    NAMES = 4096,   /* places for names whose addresses are kept */
    SPARE_MAX = 64, /* easy handles kept for the next request */
    SILENT_S = 30,  /* less than SILENT_BYTES_S for so long is the end */
    SILENT_BYTES_S = 10,
};

/* What of a URL decides whether a redirect stays where it was. */
struct place {
    char *scheme;
    char *host; /* without brackets */
    char *port;
    char *shown; /* the URL without user and password, for messages */
};

/* The addresses of a host, as curl is told them. A place holds the last name that fell on it. */
struct name {
    char *host;
    char *addresses;
    int64_t at; /* mono */
};

struct http_pool {
    struct net_real *net;
    struct name *names; /* NAMES of them, once the first is kept; NULL before */
    CURLM *multi;
    uv_timer_t timer;
    CURL *spare[SPARE_MAX];
    int n_spare;
};

struct http_socket {
    uv_poll_t poll;
    struct http_pool *pool;
    curl_socket_t fd;
};

struct http {
    struct net_real *net;
    TAILQ_ENTRY(http) link;
    http_done done;
    void *arg;
    char *url;
    struct place place;
    CURL *easy; /* NULL: no transfer is under way */
    struct curl_slist *addresses;
    struct resolve *resolve;
    struct net_timer *deadline;
    struct net_timer *soon;
    struct buf body;
    size_t header_bytes;
    int redirects;
    int status;
    int64_t began_ms;
    int64_t deadline_ms;
    int64_t name_age_ms;
    bool is_literal;
    bool is_header_flood;
    struct err failure;
    char words[CURL_ERROR_SIZE];
};

/* ---- places ---------------------------------------------------------------------------------- */

static void place_release(struct place *p)
{
    free(p->scheme);
    free(p->host);
    free(p->port);
    free(p->shown);
    memset(p, 0, sizeof(*p));
}

static char *part_get(CURLU *u, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    char *copy = NULL;

    if (curl_url_get(u, part, &text, flags) == CURLUE_OK)
        copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static char *host_get(CURLU *u)
{
    char *host = part_get(u, CURLUPART_HOST, 0);
    size_t n = host ? strlen(host) : 0;

    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        memmove(host, host + 1, n - 2);
        host[n - 2] = '\0';
    }
    return host;
}

static int place_fill(struct place *p, CURLU *u, const char *url, struct err *e)
{
    p->scheme = part_get(u, CURLUPART_SCHEME, 0);
    if (!p->scheme || (strcmp(p->scheme, "http") != 0 && strcmp(p->scheme, "https") != 0))
        return err_set(e, ERR_USAGE, "%.80s: only http and https are allowed", url);
    p->host = host_get(u);
    p->port = part_get(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!p->host || !p->host[0] || !p->port)
        return err_set(e, ERR_USAGE, "%.80s: no host in the URL", url);
    curl_url_set(u, CURLUPART_USER, NULL, 0);
    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
    p->shown = part_get(u, CURLUPART_URL, 0);
    if (!p->shown)
        return err_set(e, ERR_USAGE, "%.80s: not a URL", url);
    if (strlen(p->shown) > 200)
        p->shown[200] = '\0';
    return 0;
}

static int place_parse(struct place *p, const char *url, struct err *e)
{
    CURLU *u = curl_url();
    int status;

    memset(p, 0, sizeof(*p));
    if (!u || strlen(url) > URL_BYTES)
        status = err_set(e, ERR_LIMIT, "a URL of more than %d bytes", URL_BYTES);
    else if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        status = err_set(e, ERR_USAGE, "%.80s: not a URL", url);
    else
        status = place_fill(p, u, url, e);
    curl_url_cleanup(u);
    if (status != 0)
        place_release(p);
    return status;
}

static bool place_is_same(const struct place *a, const struct place *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}

/* ---- names that are kept --------------------------------------------------------------------- */

/* FNV-1a: spreads names over places; no secret rests on it. */
static struct name *name_place(struct http_pool *pool, const char *host)
{
    uint32_t hash = 2166136261U;

    for (; *host; host++)
        hash = (hash ^ (unsigned char)*host) * 16777619U;
    return &pool->names[hash % NAMES];
}

static void name_release(struct name *n)
{
    free(n->host);
    free(n->addresses);
    memset(n, 0, sizeof(*n));
}

/* What is kept of the host, if it is young enough; NULL: ask. */
static const char *name_find(const struct http *h)
{
    struct http_pool *pool = h->net->http_pool;
    const struct name *n = pool && pool->names ? name_place(pool, h->place.host) : NULL;

    if (!n || !n->host || strcmp(n->host, h->place.host) != 0)
        return NULL;
    return clock_mono_ms() - n->at <= h->name_age_ms ? n->addresses : NULL;
}

static void name_keep(const struct http *h, const char *addresses)
{
    struct http_pool *pool = h->net->http_pool;

    if (!pool)
        return;
    if (!pool->names)
        pool->names = xcalloc(NAMES, sizeof(*pool->names));
    struct name *n = name_place(pool, h->place.host);
    name_release(n);
    *n = (struct name){.host = xstrdup(h->place.host),
                       .addresses = xstrdup(addresses),
                       .at = clock_mono_ms()};
}

/* It may have moved. */
static void name_forget(const struct http *h)
{
    struct http_pool *pool = h->net->http_pool;
    struct name *n = pool && pool->names ? name_place(pool, h->place.host) : NULL;

    if (n && n->host && strcmp(n->host, h->place.host) == 0)
        name_release(n);
}

static void names_release(struct http_pool *pool)
{
    for (int i = 0; pool->names && i < NAMES; i++)
        name_release(&pool->names[i]);
    free(pool->names);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void easy_give_back(struct http *h)
{
    struct http_pool *pool = h->net->http_pool;

    if (!h->easy)
        return;
    curl_multi_remove_handle(pool->multi, h->easy);
    curl_easy_setopt(h->easy, CURLOPT_RESOLVE, NULL);
    curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(h->easy, CURLOPT_PRIVATE, NULL);
    if (pool->n_spare < SPARE_MAX)
        pool->spare[pool->n_spare++] = h->easy;
    else
        curl_easy_cleanup(h->easy);
    h->easy = NULL;
}

/* No callback from here on; the body stays until http_free(). */
static void http_unlink(struct http *h)
{
    net_timer_clear(&h->deadline);
    net_timer_clear(&h->soon);
    if (h->resolve)
        resolve_cancel(h->resolve);
    h->resolve = NULL;
    easy_give_back(h);
    TAILQ_REMOVE(&h->net->https, h, link);
}

static void http_free(struct http *h)
{
    curl_slist_free_all(h->addresses);
    buf_release(&h->body);
    place_release(&h->place);
    free(h->url);
    free(h);
}

static void http_finish(struct http *h)
{
    struct http_result result = {.err = h->failure, .status = h->status};

    if (h->failure.code && h->name_age_ms)
        name_forget(h);
    http_unlink(h);
    result.body = buf_str(&h->body);
    result.body_len = h->body.len;
    result.total_ms = clock_mono_ms() - h->began_ms;
    h->done(h->arg, &result);
    http_free(h);
}

static void http_soon(void *arg)
{
    struct http *h = arg;

    h->soon = NULL;
    http_finish(h);
}

static void say_late(struct http *h)
{
    err_set(&h->failure, ERR_TIMEOUT, "%s: no complete answer within %lld ms", h->place.shown,
            (long long)h->deadline_ms);
}

static void http_late(void *arg)
{
    struct http *h = arg;

    h->deadline = NULL;
    say_late(h);
    http_finish(h);
}

/* ---- what curl tells us ---------------------------------------------------------------------- */

static size_t header_taken(char *p, size_t size, size_t n, void *arg)
{
    struct http *h = arg;

    (void)p;
    h->header_bytes += size * n;
    h->is_header_flood = h->header_bytes > HEADER_BYTES;
    return h->is_header_flood ? 0 : size * n;
}

static size_t body_taken(char *p, size_t size, size_t n, void *arg)
{
    struct http *h = arg;

    buf_add(&h->body, p, size * n);
    return h->body.is_full ? 0 : size * n;
}

/* curl is about to look a name up: only what is an address already may pass. */
static int resolver_began(void *resolver, void *reserved, void *arg)
{
    const struct http *h = arg;

    (void)resolver;
    (void)reserved;
    return h->is_literal ? 0 : 1;
}

static int failure_code(CURLcode code)
{
    static const struct {
        CURLcode curl;
        int ours;
    } codes[] = {
        {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},
        {CURLE_COULDNT_RESOLVE_HOST, ERR_UNREACHABLE},
        {CURLE_COULDNT_CONNECT, ERR_UNREACHABLE},
        {CURLE_GOT_NOTHING, ERR_UNREACHABLE},
        {CURLE_SEND_ERROR, ERR_UNREACHABLE},
        {CURLE_RECV_ERROR, ERR_UNREACHABLE},
        {CURLE_PARTIAL_FILE, ERR_UNREACHABLE},
        {CURLE_FILESIZE_EXCEEDED, ERR_LIMIT},
        {CURLE_PEER_FAILED_VERIFICATION, ERR_HOSTKEY},
        {CURLE_OUT_OF_MEMORY, ERR_FAIL},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].curl == code)
            return codes[i].ours;
    }
    return ERR_PROTOCOL;
}

static void failure_say(struct http *h, CURLcode code)
{
    int64_t left = h->began_ms + h->deadline_ms - clock_mono_ms();

    if (h->is_header_flood)
        err_set(&h->failure, ERR_LIMIT, "%s: more than %d bytes of headers", h->place.shown,
                HEADER_BYTES);
    else if (h->body.is_full || code == CURLE_FILESIZE_EXCEEDED)
        err_set(&h->failure, ERR_LIMIT, "%s: the body is larger than %zu bytes", h->place.shown,
                h->body.max);
    else if (code == CURLE_OPERATION_TIMEDOUT && left <= 0)
        say_late(h);
    else
        err_set(&h->failure, failure_code(code), "%s: %s", h->place.shown,
                h->words[0] ? h->words : curl_easy_strerror(code));
}

/* ---- one transfer ---------------------------------------------------------------------------- */

static void transfer_begin(struct http *h);

/* Take the place that a redirect names, or say why not. */
static int redirect_take(struct http *h, const char *url)
{
    struct place next;
    struct err e;

    if (++h->redirects > REDIRECTS_MAX)
        return err_set(&h->failure, ERR_PROTOCOL, "%s: more than %d redirects", h->place.shown,
                       REDIRECTS_MAX);
    if (place_parse(&next, url, &e) != 0)
        return err_set(&h->failure, ERR_PROTOCOL, "%s: redirected to %s", h->place.shown, e.msg);
    if (!place_is_same(&h->place, &next)) {
        err_set(&h->failure, ERR_PROTOCOL, "%s: redirected to %s, which is another place",
                h->place.shown, next.shown);
        place_release(&next);
        return ERR_PROTOCOL;
    }
    place_release(&h->place);
    h->place = next;
    free(h->url);
    h->url = xstrdup(url);
    return 0;
}

static void transfer_ended(struct http *h, CURLcode code)
{
    char *redirect = NULL;
    long status = 0;

    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    h->status = (int)status;
    if (code != CURLE_OK) {
        failure_say(h, code);
        http_finish(h);
        return;
    }
    curl_easy_getinfo(h->easy, CURLINFO_REDIRECT_URL, &redirect);
    if (redirect && redirect_take(h, redirect) == 0) {
        easy_give_back(h);
        buf_reset(&h->body);
        transfer_begin(h);
        return;
    }
    http_finish(h);
}

static void answers_read(struct http_pool *pool)
{
    struct http *h;
    CURLMsg *msg;
    CURLcode code;
    int left;

    while ((msg = curl_multi_info_read(pool->multi, &left))) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&h);
        transfer_ended(h, code);
    }
}

/* ---- curl's sockets and its timer on the loop ------------------------------------------------ */

static void socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct http_socket *s = poll->data;
    struct http_pool *pool = s->pool;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    int running;

    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(pool->multi, s->fd, flags, &running);
    answers_read(pool);
}

static struct http_socket *socket_new(struct http_pool *pool, curl_socket_t fd)
{
    struct http_socket *s = xcalloc(1, sizeof(*s));

    s->pool = pool;
    s->fd = fd;
    s->poll.data = s;
    if (uv_poll_init_socket(&pool->net->loop, &s->poll, fd) != 0) {
        free(s);
        return NULL;
    }
    curl_multi_assign(pool->multi, fd, s);
    return s;
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_pool *pool = arg;
    struct http_socket *s = socket_arg;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(pool->multi, fd, NULL);
        if (s)
            uv_close((uv_handle_t *)&s->poll, socket_closed);
        return 0;
    }
    if (!s)
        s = socket_new(pool, fd);
    /* -1 would end curl's whole multi handle; so only this request goes to its deadline. */
    if (!s)
        return 0;
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    uv_poll_start(&s->poll, events, socket_ready);
    return 0;
}

static void pool_timed(uv_timer_t *timer)
{
    struct http_pool *pool = timer->data;
    int running;

    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    answers_read(pool);
}

static int timer_wanted(CURLM *multi, long ms, void *arg)
{
    struct http_pool *pool = arg;

    (void)multi;
    if (ms < 0) {
        uv_timer_stop(&pool->timer);
        return 0;
    }
    uv_update_time(&pool->net->loop);
    uv_timer_start(&pool->timer, pool_timed, (uint64_t)ms, 0);
    return 0;
}

/* ---- the pool -------------------------------------------------------------------------------- */

static void pool_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct http_pool *pool_get(struct net_real *net)
{
    struct http_pool *pool = net->http_pool;

    if (pool)
        return pool;
    pool = xcalloc(1, sizeof(*pool));
    pool->net = net;
    pool->multi = curl_multi_init();
    if (!pool->multi) {
        free(pool);
        return NULL;
    }
    uv_timer_init(&net->loop, &pool->timer);
    uv_unref((uv_handle_t *)&pool->timer);
    pool->timer.data = pool;
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, 1L);
    net->http_pool = pool;
    return pool;
}

void http_pool_close(struct net_real *net)
{
    struct http_pool *pool = net->http_pool;

    if (!pool)
        return;
    net->http_pool = NULL;
    names_release(pool);
    while (pool->n_spare > 0)
        curl_easy_cleanup(pool->spare[--pool->n_spare]);
    curl_multi_cleanup(pool->multi);
    uv_close((uv_handle_t *)&pool->timer, pool_closed);
}

/* What is the same for every request. */
static CURL *easy_new(void)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SILENT_BYTES_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SILENT_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_taken);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_taken);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, resolver_began);
    return easy;
}

static CURL *easy_take(struct http_pool *pool)
{
    return pool->n_spare > 0 ? pool->spare[--pool->n_spare] : easy_new();
}

/* ---- the way of a request -------------------------------------------------------------------- */

static void request_fail_soon(struct http *h)
{
    if (!h->soon)
        h->soon = net_timer_start(&h->net->base, 0, http_soon, h);
}

/* Hand the request to curl; a failure is told from the loop. */
static void transfer_begin(struct http *h)
{
    struct http_pool *pool = pool_get(h->net);
    int64_t left = h->began_ms + h->deadline_ms - clock_mono_ms();

    h->easy = pool ? easy_take(pool) : NULL;
    if (!h->easy) {
        err_set(&h->failure, ERR_FAIL, "%s: libcurl has no handle", h->place.shown);
        request_fail_soon(h);
        return;
    }
    h->words[0] = '\0';
    curl_easy_setopt(h->easy, CURLOPT_URL, h->url);
    curl_easy_setopt(h->easy, CURLOPT_RESOLVE, h->addresses);
    curl_easy_setopt(h->easy, CURLOPT_RESOLVER_START_DATA, h);
    curl_easy_setopt(h->easy, CURLOPT_PRIVATE, h);
    curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(h->easy, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->words);
    curl_easy_setopt(h->easy, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
    curl_easy_setopt(h->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(left > 0 ? left : 1));
    curl_easy_setopt(h->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)h->body.max);
    if (curl_multi_add_handle(pool->multi, h->easy) != CURLM_OK) {
        err_set(&h->failure, ERR_FAIL, "%s: libcurl takes no request", h->place.shown);
        request_fail_soon(h);
    }
}

static bool is_six(const struct resolve_result *result, int i)
{
    return strchr(result->addresses[i], ':') != NULL;
}

/* Ask at these addresses and nowhere else. */
static void address_begin(struct http *h, const char *addresses)
{
    char *entry = xasprintf("%s:%s:%s", h->place.host, h->place.port, addresses);

    h->addresses = curl_slist_append(NULL, entry);
    free(entry);
    transfer_begin(h);
}

static void host_resolved(void *arg, const struct resolve_result *result)
{
    struct http *h = arg;
    struct buf list;
    int i;

    h->resolve = NULL;
    if (result->err.code) {
        h->failure = result->err;
        err_prefix(&h->failure, "%s", h->place.shown);
        http_finish(h);
        return;
    }
    buf_init(&list, 0);
    for (i = 0; i < result->n; i++)
        buf_addf(&list, "%s%s%s%s", i ? "," : "", is_six(result, i) ? "[" : "",
                 result->addresses[i], is_six(result, i) ? "]" : "");
    if (h->name_age_ms)
        name_keep(h, buf_str(&list));
    address_begin(h, buf_str(&list));
    buf_release(&list);
}

struct http *http_get(struct net *net, const struct http_spec *spec, http_done done, void *arg)
{
    struct http *h = xcalloc(1, sizeof(*h));
    struct sockaddr_storage ss;

    h->net = net_real(net);
    h->done = done;
    h->arg = arg;
    h->url = xstrdup(spec->url);
    h->began_ms = clock_mono_ms();
    h->deadline_ms = spec->deadline_ms > 0 ? spec->deadline_ms : DEADLINE_MS;
    buf_init(&h->body, spec->max_body ? spec->max_body : BODY_BYTES);
    TAILQ_INSERT_TAIL(&h->net->https, h, link);
    if (place_parse(&h->place, spec->url, &h->failure) != 0) {
        request_fail_soon(h);
        return h;
    }
    h->deadline = net_timer_start(net, h->deadline_ms, http_late, h);
    h->is_literal = address_parse(h->place.host, 0, &ss);
    h->name_age_ms = h->is_literal ? 0 : spec->name_age_ms;
    const char *kept = h->name_age_ms && pool_get(h->net) ? name_find(h) : NULL;
    if (h->is_literal)
        transfer_begin(h);
    else if (kept)
        address_begin(h, kept);
    else
        h->resolve = resolve_start(net, h->place.host, h->deadline_ms, host_resolved, h);
    return h;
}

void http_cancel(struct http *h)
{
    http_unlink(h);
    http_free(h);
}
