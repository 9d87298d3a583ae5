/* visit.c: the way from a URL to a transfer of libcurl: the host's addresses first, since curl
 * never resolves a name (its threads would outlive every deadline): it gets them by
 * CURLOPT_RESOLVE, and a look-up that it begins all the same is refused. Addresses are kept for
 * those who ask the same again and again and say so, until a visit to them fails. The deadline is a
 * timer of ours. What is asked, and what an answer means, is not known here. */
#include "config.h"

#include "net/visit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/names.h"

enum { DEADLINE_MS = 30000 };

bool visit_is_tls(const struct visit *v)
{
    return v->place.scheme && strcmp(v->place.scheme, "https") == 0;
}

int64_t visit_total_us(const struct visit *v)
{
    return clock_mono_us() - v->began_us;
}

int64_t us_to_ms(int64_t us)
{
    return us < 0 ? -1 : us / 1000;
}

static int64_t left_ms(const struct visit *v)
{
    return v->deadline_ms - visit_total_us(v) / 1000;
}

/* ---- how far it came ------------------------------------------------------------------------- */

/* A time that curl counts from the transfer's own beginning. */
static int64_t since_beginning(const struct visit *v, CURLINFO info)
{
    curl_off_t us = 0;

    curl_easy_getinfo(v->easy, info, &us);
    return us > 0 ? v->asked_us - v->began_us + us : -1;
}

static void times_read(struct visit *v)
{
    if (!v->easy)
        return;
    v->times.connect_us = since_beginning(v, CURLINFO_CONNECT_TIME_T);
    /* curl says it only when the handshake is over too. */
    if (v->times.connect_us < 0 && v->tls_at_us)
        v->times.connect_us = v->tls_at_us - v->began_us;
    v->times.tls_us = visit_is_tls(v) ? since_beginning(v, CURLINFO_APPCONNECT_TIME_T) : -1;
    if (!v->is_sending && !v->is_connect_only)
        v->times.first_byte_us = since_beginning(v, CURLINFO_STARTTRANSFER_TIME_T);
    else
        v->times.first_byte_us = v->heard_at_us ? v->heard_at_us - v->began_us : -1;
}

static const char *what_is_late(const struct visit *v)
{
    if (v->times.name_us < 0)
        return "no address for its name";
    if (v->times.connect_us < 0)
        return "no connection";
    if (visit_is_tls(v) && v->times.tls_us < 0)
        return "no end of the TLS handshake";
    return v->times.first_byte_us < 0 ? "no answer" : "no complete answer";
}

static void say_late(struct visit *v)
{
    times_read(v);
    err_set(&v->failure, ERR_TIMEOUT, "%s: %s within %lld ms", v->place.shown, what_is_late(v),
            (long long)v->deadline_ms);
}

static int failure_code(CURLcode code)
{
    static const struct {
        CURLcode curl;
        int ours;
    } codes[] = {
        {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},  {CURLE_COULDNT_RESOLVE_HOST, ERR_UNREACHABLE},
        {CURLE_COULDNT_CONNECT, ERR_UNREACHABLE}, {CURLE_GOT_NOTHING, ERR_UNREACHABLE},
        {CURLE_SEND_ERROR, ERR_UNREACHABLE},      {CURLE_RECV_ERROR, ERR_UNREACHABLE},
        {CURLE_PARTIAL_FILE, ERR_UNREACHABLE},    {CURLE_PEER_FAILED_VERIFICATION, ERR_HOSTKEY},
        {CURLE_SSL_CACERT_BADFILE, ERR_IO},       {CURLE_OUT_OF_MEMORY, ERR_FAIL},
        {CURLE_SSL_CRL_BADFILE, ERR_IO},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].curl == code)
            return codes[i].ours;
    }
    return ERR_PROTOCOL;
}

/* Our own file of revoked certificates is at fault, and says nothing of the server: OpenSSL's words of that
 * name neither. */
static bool say_crl(struct visit *v)
{
    static const struct {
        const char *openssl, *ours;
    } rows[] = {
        {"unable to get certificate CRL", "has no list of its authority"},
        {"CRL has expired", "has only a list of its authority that has expired"},
        {"CRL is not yet valid", "has only a list of its authority that is not valid yet"},
        {"CRL signature failure", "has a list that its authority did not sign"},
    };

    for (size_t i = 0; v->net->crl_file && i < ARRAY_LEN(rows); i++) {
        if (!strstr(v->words, rows[i].openssl))
            continue;
        err_set(&v->failure, ERR_IO, "%s: whether its certificate was revoked is not known: %s %s",
                v->place.shown, v->net->crl_file, rows[i].ours);
        return true;
    }
    return false;
}

void visit_fail(struct visit *v, CURLcode code)
{
    const char *words = v->words[0] ? v->words : curl_easy_strerror(code);
    long number = 0;

    if (code == CURLE_OPERATION_TIMEDOUT && left_ms(v) <= 0) {
        say_late(v);
        return;
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION && say_crl(v))
        return;
    if (code == CURLE_COULDNT_CONNECT)
        curl_easy_getinfo(v->easy, CURLINFO_OS_ERRNO, &number);
    if (number)
        err_set(&v->failure, ERR_UNREACHABLE, "%s: cannot connect: %s", v->place.shown,
                uv_strerror(-(int)number));
    else
        err_set(&v->failure, failure_code(code), "%s: %s", v->place.shown, words);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void easy_give_back(struct visit *v)
{
    times_read(v);
    if (v->easy)
        curl_pool_give_back(v->net, v->easy);
    v->easy = NULL;
}

void visit_end(struct visit *v)
{
    net_timer_clear(&v->deadline);
    net_timer_clear(&v->soon);
    if (v->resolve)
        resolve_cancel(v->resolve);
    v->resolve = NULL;
    easy_give_back(v);
    if (v->failure.code && v->name_age_ms)
        names_forget(v->net, v->place.host);
}

void visit_release(struct visit *v)
{
    curl_slist_free_all(v->addresses);
    place_release(&v->place);
    free(v->ca_file);
    free(v->url);
}

static void visit_late(void *arg)
{
    struct visit *v = arg;

    v->deadline = NULL;
    say_late(v);
    v->ops->finish(v);
}

static void visit_failed(void *arg)
{
    struct visit *v = arg;

    v->soon = NULL;
    v->ops->finish(v);
}

/* Tell a failure that is seen at once from the loop. */
static void finish_soon(struct visit *v)
{
    if (!v->soon)
        v->soon = net_timer_start(&v->net->base, 0, visit_failed, v);
}

/* ---- the way --------------------------------------------------------------------------------- */

void visit_shakes_hands(struct visit *v)
{
    v->tls_at_us = clock_mono_us();
}

void visit_transferred(struct visit *v, CURLcode code)
{
    v->ops->ended(v, code);
}

static void transfer_begin(struct visit *v)
{
    int64_t left = left_ms(v);

    v->words[0] = '\0';
    v->tls_at_us = v->heard_at_us = 0;
    v->easy = curl_pool_take(v);
    if (!v->easy) {
        err_set(&v->failure, ERR_FAIL, "%s: libcurl has no handle", v->place.shown);
        finish_soon(v);
        return;
    }
    curl_easy_setopt(v->easy, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
    curl_easy_setopt(v->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(left > 0 ? left : 1));
    v->ops->prepare(v);
    v->asked_us = clock_mono_us();
    if (curl_pool_begin(v) != 0) {
        err_set(&v->failure, ERR_FAIL, "%s: libcurl takes no request", v->place.shown);
        finish_soon(v);
    }
}

void visit_again(struct visit *v)
{
    easy_give_back(v);
    transfer_begin(v);
}

/* Ask at these addresses and nowhere else. */
static void addresses_set(struct visit *v, const char *addresses)
{
    char *entry = xasprintf("%s:%s:%s", v->place.host, v->place.port, addresses);

    v->addresses = curl_slist_append(NULL, entry);
    free(entry);
}

static void host_resolved(void *arg, const struct resolve_result *result)
{
    struct visit *v = arg;
    char *text;

    v->resolve = NULL;
    if (result->err.code) {
        v->failure = result->err;
        err_prefix(&v->failure, "%s", v->place.shown);
        v->ops->finish(v);
        return;
    }
    v->times.name_us = visit_total_us(v);
    text = names_text(result->addresses, result->n);
    addresses_set(v, text);
    free(text);
    transfer_begin(v);
}

void visit_begin(struct visit *v, int64_t deadline_ms, int64_t name_age_ms)
{
    struct sockaddr_storage ss;
    const char *kept;

    v->began_us = clock_mono_us();
    v->times = (struct visit_times){-1, -1, -1, -1};
    v->deadline_ms = deadline_ms > 0 ? deadline_ms : DEADLINE_MS;
    if (v->failure.code) {
        finish_soon(v);
        return;
    }
    v->deadline = net_timer_start(&v->net->base, v->deadline_ms, visit_late, v);
    v->is_literal = address_parse(v->place.host, 0, &ss);
    v->name_age_ms = v->is_literal ? 0 : name_age_ms;
    kept = v->name_age_ms ? names_find(v->net, v->place.host, v->name_age_ms) : NULL;
    if (kept)
        addresses_set(v, kept);
    if (!v->is_literal && !kept) {
        v->resolve = resolve_start(&v->net->base, v->place.host, v->deadline_ms, host_resolved, v);
        return;
    }
    v->times.name_us = 0;
    transfer_begin(v);
}
