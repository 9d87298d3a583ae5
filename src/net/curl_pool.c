/* curl_pool.c: libcurl's multi handle on the loop: its sockets, its timer, and the easy handles
 * with all that every transfer has in common: no peer can make it large, long, or lead it
 * elsewhere. What a transfer is for, and what an answer means, is not known here. */
#include "config.h"

#include "net/visit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    SPARE_MAX = 64, /* easy handles kept for the next transfer */
    SILENT_S = 30,  /* less than SILENT_BYTES_S for so long is the end */
    SILENT_BYTES_S = 10,
    TRUST_AGE_S = 600, /* the file of authorities is read again after so long */
};

struct curl_pool {
    struct net_real *net;
    CURLM *multi;
    uv_timer_t timer;
    CURL *spare[SPARE_MAX];
    int n_spare;
};

struct pool_socket {
    uv_poll_t poll;
    struct curl_pool *pool;
    curl_socket_t fd;
};

/* ---- curl's sockets and its timer ------------------------------------------------------------ */

static void answers_read(struct curl_pool *pool)
{
    struct visit *v;
    CURLMsg *msg;
    CURLcode code;
    int left;

    while ((msg = curl_multi_info_read(pool->multi, &left))) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&v);
        visit_transferred(v, code);
    }
}

static void socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct pool_socket *s = poll->data;
    struct curl_pool *pool = s->pool;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    int running;

    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(pool->multi, s->fd, flags, &running);
    answers_read(pool);
}

static struct pool_socket *socket_new(struct curl_pool *pool, curl_socket_t fd)
{
    struct pool_socket *s = xcalloc(1, sizeof(*s));

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
    struct curl_pool *pool = arg;
    struct pool_socket *s = socket_arg;
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
    struct curl_pool *pool = timer->data;
    int running;

    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    answers_read(pool);
}

static int timer_wanted(CURLM *multi, long ms, void *arg)
{
    struct curl_pool *pool = arg;

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

static struct curl_pool *pool_get(struct net_real *net)
{
    struct curl_pool *pool = net->curl_pool;

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
    net->curl_pool = pool;
    return pool;
}

void curl_pool_close(struct net_real *net)
{
    struct curl_pool *pool = net->curl_pool;

    if (!pool)
        return;
    net->curl_pool = NULL;
    while (pool->n_spare > 0)
        curl_easy_cleanup(pool->spare[--pool->n_spare]);
    curl_multi_cleanup(pool->multi);
    uv_close((uv_handle_t *)&pool->timer, pool_closed);
}

/* curl is about to look a name up: only what is an address already may pass. */
static int resolver_began(void *resolver, void *reserved, void *arg)
{
    const struct visit *v = arg;

    (void)resolver;
    (void)reserved;
    return v->is_literal ? 0 : 1;
}

static CURLcode handshake_began(CURL *easy, void *context, void *arg)
{
    (void)easy;
    (void)context;
    visit_shakes_hands(arg);
    return CURLE_OK;
}

/* One file, without a folder beside it, is what libcurl keeps parsed from one handshake to the
 * next: reading the system's hundred authorities costs more time and memory than the rest of a
 * probe. */
static void trust_set(CURL *easy, const char *ca_file)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    const char *system = info->cainfo && access(info->cainfo, R_OK) == 0 ? info->cainfo : NULL;
    const char *file = ca_file ? ca_file : system;

    curl_easy_setopt(easy, CURLOPT_CAINFO, file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, file ? NULL : info->capath);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)TRUST_AGE_S);
}

/* All that every transfer has in common. */
static void easy_prepare(CURL *easy, struct visit *v)
{
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
    /* A session that is taken up again shows no certificate: each handshake is a whole one. */
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SILENT_BYTES_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SILENT_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, resolver_began);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, v);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, handshake_began);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, v);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, v);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, v->words);
    curl_easy_setopt(easy, CURLOPT_URL, v->url);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, v->addresses);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, v->is_connect_only ? 1L : 0L);
    if (visit_is_tls(v))
        trust_set(easy, v->ca_file);
    /* With it libcurl keeps nothing parsed: a new list counts from the next handshake on. */
    if (visit_is_tls(v) && v->net->crl_file)
        curl_easy_setopt(easy, CURLOPT_CRLFILE, v->net->crl_file);
}

CURL *curl_pool_take(struct visit *v)
{
    struct curl_pool *pool = pool_get(v->net);
    CURL *easy = NULL;

    if (pool && pool->n_spare > 0)
        easy = pool->spare[--pool->n_spare];
    else if (pool)
        easy = curl_easy_init();
    if (easy)
        easy_prepare(easy, v);
    return easy;
}

int curl_pool_begin(struct visit *v)
{
    return curl_multi_add_handle(v->net->curl_pool->multi, v->easy) == CURLM_OK ? 0 : -1;
}

void curl_pool_give_back(struct net_real *net, CURL *easy)
{
    struct curl_pool *pool = net->curl_pool;

    curl_multi_remove_handle(pool->multi, easy);
    curl_easy_reset(easy); /* a header or a body of one visit never shows in another */
    if (pool->n_spare < SPARE_MAX)
        pool->spare[pool->n_spare++] = easy;
    else
        curl_easy_cleanup(easy);
}
