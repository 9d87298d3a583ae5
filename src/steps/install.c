/* install.c: stop command, `current` moved in one rename, start command. The work is install.sh. */
#include "config.h"

#include "steps/remote.h"
#include "steps/runner_sh.h"

static void add_environment(const struct step_target *t, struct buf *b)
{
    script_set(b, "FOOTPLATE_HOST", t->host);
    buf_addf(b, "FOOTPLATE_PORT=%d\n", t->port);
    script_set(b, "FOOTPLATE_VERSION", t->version);
    script_set(b, "FOOTPLATE_GROUP", t->group);
    script_set(b, "FOOTPLATE_DOC_BASE", t->doc_base);
    buf_adds(b, "export FOOTPLATE_HOST FOOTPLATE_PORT FOOTPLATE_VERSION FOOTPLATE_GROUP "
                "FOOTPLATE_DOC_BASE\n");
}

struct step_op *install_start(const struct step_target *t, const char *op_id,
                              const struct step_events *ev, void *arg, unsigned flags)
{
    struct buf b;

    buf_init(&b, 256 << 10);
    add_environment(t, &b);
    script_set(&b, "OP", op_id);
    script_set(&b, "VERSION", t->version);
    script_set(&b, "STOP", t->stop_command);
    script_set(&b, "START", t->start_command);
    buf_addf(&b, "KEEP=%d\n", t->keep_releases);
    script_set(&b, "KEEP_VERSION", t->keep_version);
    buf_adds(&b, INSTALL_TEXT);
    struct step_op *op =
        remote_start(STEP_INSTALL, t, op_id, t->command_timeout_ms, buf_str(&b), ev, arg, flags);
    buf_release(&b);
    return op;
}

void install_describe(const struct step_target *t, struct buf *b)
{
    buf_addf(b, "in %s:\n", t->doc_base);
    if (t->stop_command)
        buf_addf(b, "stop: %s\n", t->stop_command);
    buf_addf(b, "current -> releases/%s in one rename\n", t->version);
    if (t->start_command)
        buf_addf(b, "start: %s\n", t->start_command);
    buf_addf(b, "keep the last %d releases\n", t->keep_releases);
}
