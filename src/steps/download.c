/* download.c: brings the package by version: the cached release, else the instance pulls the URL itself.
 * The work is download.sh. */
#include "config.h"

#include "steps/remote.h"
#include "steps/runner_sh.h"

struct step_op *download_start(const struct step_target *t, const char *op_id,
                               const struct step_events *ev, void *arg, unsigned flags)
{
    struct buf b;

    buf_init(&b, 256 << 10);
    buf_addf(&b, "LIMIT=%lld\n", (long long)((t->download_timeout_ms + 999) / 1000));
    script_set(&b, "OP", op_id);
    script_set(&b, "VERSION", t->version);
    script_set(&b, "SHA", t->package_sha256);
    script_set(&b, "URL", t->package_url);
    script_set(&b, "NAME", t->package_name);
    buf_adds(&b, DOWNLOAD_TEXT);
    struct step_op *op = remote_start(STEP_DOWNLOAD, t, op_id, t->download_timeout_ms, buf_str(&b),
                                      ev, arg, flags);
    buf_release(&b);
    return op;
}

void download_describe(const struct step_target *t, struct buf *b)
{
    buf_addf(b, "use %s/releases/%s if it fits its manifest\n", t->doc_base, t->version);
    if (t->package_url)
        buf_addf(b, "else pull %s, SHA-256 %s\n", t->package_url,
                 t->package_sha256[0] ? t->package_sha256 : "not known");
    else
        buf_adds(b, "else fail: no package.url is configured\n");
}
