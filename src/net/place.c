/* place.c: takes URLs and addresses apart. It knows nothing of connections. */
#include "config.h"

#include "net/place.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/mem.h"

enum { URL_BYTES = 8 * 1024, SHOWN_BYTES = 200 };

/* What of a URL that cannot be taken apart may be said: nothing that could be a password. */
static const char *without_user(const char *url)
{
    const char *at = strrchr(url, '@');

    return at ? at + 1 : url;
}

void place_release(struct place *p)
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
        return err_set(e, ERR_USAGE, "%.80s: only http and https are allowed", without_user(url));
    p->host = host_get(u);
    p->port = part_get(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!p->host || !p->host[0] || !p->port)
        return err_set(e, ERR_USAGE, "%.80s: no host in the URL", without_user(url));
    curl_url_set(u, CURLUPART_USER, NULL, 0);
    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
    p->shown = part_get(u, CURLUPART_URL, 0);
    if (!p->shown)
        return err_set(e, ERR_USAGE, "%.80s: not a URL", without_user(url));
    if (strlen(p->shown) > SHOWN_BYTES)
        p->shown[SHOWN_BYTES] = '\0';
    return 0;
}

int place_parse(struct place *p, const char *url, struct err *e)
{
    CURLU *u = curl_url();
    int status;

    memset(p, 0, sizeof(*p));
    if (!u || strlen(url) > URL_BYTES)
        status = err_set(e, ERR_LIMIT, "a URL of more than %d bytes", URL_BYTES);
    else if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        status = err_set(e, ERR_USAGE, "%.80s: not a URL", without_user(url));
    else
        status = place_fill(p, u, url, e);
    curl_url_cleanup(u);
    if (status != 0)
        place_release(p);
    return status;
}

void place_call(struct place *p, const char *words)
{
    free(p->shown);
    p->shown = xasprintf("%.*s", SHOWN_BYTES, words);
}

bool place_is_same(const struct place *a, const struct place *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}

bool authority_parse(const char *text, char *host, size_t size, int *port)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    char *end;
    long number;

    if (!colon || n == 0 || n >= size || colon[1] < '0' || colon[1] > '9')
        return false;
    number = strtol(colon + 1, &end, 10);
    if (*end || number < 1 || number > 65535)
        return false;
    if (text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    if (n == 0)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    *port = (int)number;
    return true;
}
