/* ssh_config.c: reads what `ssh -G` prints into the few settings that a session needs. The language
 * of ssh_config is OpenSSH's own affair; this file knows its printed form, and expands the tokens
 * that -G leaves as they are. The child and the cache are in ssh_config_ask.c. */
#include "config.h"

#include "net/ssh_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/mem.h"

enum { PATH_BYTES = 4096 };

/* ---- what is asked for ---------------------------------------------------------------------- */

static void home_add(struct buf *b)
{
    char home[PATH_BYTES];
    size_t n = sizeof(home);

    buf_adds(b, uv_os_homedir(home, &n) == 0 ? home : "");
}

static char *home_expand(const char *path)
{
    struct buf b;

    if (!path || strncmp(path, "~/", 2) != 0)
        return xstrdup_null(path);
    buf_init(&b, PATH_BYTES);
    home_add(&b);
    buf_adds(&b, path + 1);
    return buf_take(&b);
}

void session_spec_copy(struct session_spec *to, const struct session_spec *from)
{
    *to = *from;
    to->host = xstrdup(from->host ? from->host : "");
    to->user = xstrdup_null(from->user);
    to->identity_file = xstrdup_null(from->identity_file);
    to->ssh_config = home_expand(from->ssh_config);
}

void session_spec_release(struct session_spec *spec)
{
    free((void *)(uintptr_t)spec->host);
    free((void *)(uintptr_t)spec->user);
    free((void *)(uintptr_t)spec->identity_file);
    free((void *)(uintptr_t)spec->ssh_config);
    memset(spec, 0, sizeof(*spec));
}

static bool name_is_sound(const char *name, const char *more)
{
    const char *p;

    if (!*name || *name == '-' || strlen(name) > 255)
        return false;
    for (p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr(more, *p))
            return false;
    }
    return true;
}

int session_spec_check(const struct session_spec *spec, struct err *e)
{
    if (!spec->host || !name_is_sound(spec->host, "._-:%@"))
        return err_set(e, ERR_USAGE, "\"%s\" is not the name of a host",
                       spec->host ? spec->host : "");
    if (spec->user && !name_is_sound(spec->user, "._-+@"))
        return err_set(e, ERR_USAGE, "%s: \"%s\" is not the name of a user", spec->host,
                       spec->user);
    return 0;
}

/* ---- shared --------------------------------------------------------------------------------- */

struct ssh_config *ssh_config_ref(struct ssh_config *c)
{
    c->refs++;
    return c;
}

void ssh_config_unref(struct ssh_config *c)
{
    size_t i;

    if (!c || --c->refs)
        return;
    for (i = 0; i < c->n_identities; i++)
        free(c->identities[i]);
    for (i = 0; i < c->n_known_files; i++)
        free(c->known_files[i]);
    free(c->hostname);
    free(c->user);
    free(c->hostkey_alias);
    free(c->agent);
    free(c->proxy_jump);
    free(c->proxy_command);
    free(c->certificate);
    free(c);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void login_add(struct buf *b)
{
    uv_passwd_t pw;

    if (uv_os_get_passwd(&pw) != 0)
        return;
    buf_adds(b, pw.username);
    uv_os_free_passwd(&pw);
}

static void machine_add(struct buf *b)
{
    char name[256];
    size_t n = sizeof(name);

    buf_adds(b, uv_os_gethostname(name, &n) == 0 ? name : "");
}

static bool token_add(struct buf *b, char token, const struct ssh_config *c, const char *host)
{
    switch (token) {
    case '%':
        buf_addc(b, '%');
        return true;
    case 'd':
        home_add(b);
        return true;
    case 'h':
        buf_adds(b, c->hostname ? c->hostname : host);
        return true;
    case 'i':
        buf_addf(b, "%lu", (unsigned long)getuid());
        return true;
    case 'k':
        buf_adds(b, c->hostkey_alias ? c->hostkey_alias : host);
        return true;
    case 'l':
        machine_add(b);
        return true;
    case 'n':
        buf_adds(b, host);
        return true;
    case 'p':
        buf_addf(b, "%d", c->port);
        return true;
    case 'r':
        buf_adds(b, c->user ? c->user : "");
        return true;
    case 'u':
        login_add(b);
        return true;
    default:
        return false;
    }
}

char *ssh_config_expand(const char *text, const struct ssh_config *c, const char *host)
{
    struct buf b;
    const char *p = text;

    buf_init(&b, PATH_BYTES);
    if (p[0] == '~' && (p[1] == '/' || p[1] == '\0')) {
        home_add(&b);
        p++;
    }
    for (; *p; p++) {
        if (*p != '%')
            buf_addc(&b, *p);
        else if (!*++p || !token_add(&b, *p, c, host))
            goto bad;
    }
    if (!b.is_full)
        return buf_take(&b);
bad:
    buf_release(&b);
    return NULL;
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct reading {
    struct ssh_config *c;
    const char *host;
    char *identities[SSH_CONFIG_FILES_MAX]; /* as printed: tokens need all the rest */
    size_t n_identities;
    char *files[2]; /* userknownhostsfile, globalknownhostsfile */
};

static bool is_none(const char *value)
{
    return strcmp(value, "none") == 0;
}

static void text_set(char **field, const char *value)
{
    free(*field);
    *field = is_none(value) ? NULL : xstrdup(value);
}

static bool number_read(const char *text, long least, long most, int *out)
{
    char *end = NULL;
    long v = strtol(text, &end, 10);

    if (end == text || *end || v < least || v > most)
        return false;
    *out = (int)v;
    return true;
}

static void agent_set(struct ssh_config *c, const char *value)
{
    const char *path = value;

    if (strcmp(value, "SSH_AUTH_SOCK") == 0)
        path = getenv("SSH_AUTH_SOCK");
    else if (value[0] == '$')
        path = getenv(value + 1);
    free(c->agent);
    c->agent = path && *path && !is_none(path) ? xstrdup(path) : NULL;
}

static void line_read(struct reading *r, const char *key, const char *value)
{
    static const struct {
        const char *key;
        size_t offset;
    } texts[] = {
        {"hostname", offsetof(struct ssh_config, hostname)},
        {"user", offsetof(struct ssh_config, user)},
        {"hostkeyalias", offsetof(struct ssh_config, hostkey_alias)},
        {"proxyjump", offsetof(struct ssh_config, proxy_jump)},
        {"proxycommand", offsetof(struct ssh_config, proxy_command)},
        {"certificatefile", offsetof(struct ssh_config, certificate)},
    };
    struct ssh_config *c = r->c;
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(key, texts[i].key) == 0)
            text_set((char **)((char *)c + texts[i].offset), value);
    }
    if (strcmp(key, "port") == 0)
        number_read(value, 1, 65535, &c->port);
    else if (strcmp(key, "connecttimeout") == 0)
        number_read(value, 1, 86400, &c->connect_timeout_s);
    else if (strcmp(key, "identitiesonly") == 0)
        c->is_identities_only = strcmp(value, "yes") == 0;
    else if (strcmp(key, "identityagent") == 0)
        agent_set(c, value);
    else if (strcmp(key, "userknownhostsfile") == 0)
        text_set(&r->files[0], value);
    else if (strcmp(key, "globalknownhostsfile") == 0)
        text_set(&r->files[1], value);
    else if (strcmp(key, "identityfile") == 0 && !is_none(value) &&
             r->n_identities < SSH_CONFIG_FILES_MAX)
        r->identities[r->n_identities++] = xstrdup(value);
}

static void lines_read(struct reading *r, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\r\n");
        char *line = xstrndup(text, n);
        char *value = strchr(line, ' ');

        if (value) {
            *value++ = '\0';
            line_read(r, line, value);
        }
        free(line);
        text += n;
        text += strspn(text, "\r\n");
    }
}

/* ---- putting it together -------------------------------------------------------------------- */

static int paths_add(struct reading *r, const char *text, char **list, size_t *n, struct err *e)
{
    char *path = ssh_config_expand(text, r->c, r->host);

    if (!path)
        return err_set(e, ERR_USAGE, "%s: ssh's configuration: cannot expand \"%s\"", r->host,
                       text);
    if (*n < SSH_CONFIG_FILES_MAX)
        list[(*n)++] = path;
    else
        free(path);
    return 0;
}

/* A line holds several files with a blank between; a blank within a name does not survive -G. */
static int known_files_add(struct reading *r, const char *text, struct err *e)
{
    int status = 0;

    while (*text && status == 0) {
        size_t n = strcspn(text, " ");
        char *word = xstrndup(text, n);

        status = paths_add(r, word, r->c->known_files, &r->c->n_known_files, e);
        free(word);
        text += n;
        text += strspn(text, " ");
    }
    return status;
}

static int files_set(struct reading *r, const struct session_spec *spec, struct err *e)
{
    struct ssh_config *c = r->c;
    size_t i;
    int status = 0;

    if (spec->identity_file) {
        c->is_key_named = true;
        c->is_identities_only = true;
        status = paths_add(r, spec->identity_file, c->identities, &c->n_identities, e);
    }
    for (i = 0; i < r->n_identities && !c->is_key_named && status == 0; i++)
        status = paths_add(r, r->identities[i], c->identities, &c->n_identities, e);
    for (i = 0; i < ARRAY_LEN(r->files) && status == 0; i++) {
        if (r->files[i])
            status = known_files_add(r, r->files[i], e);
    }
    return status;
}

static int jump_set(struct reading *r, struct err *e)
{
    char *jump = ssh_config_expand(r->c->proxy_jump, r->c, r->host);

    if (!jump)
        return err_set(e, ERR_USAGE, "%s: ssh's configuration: cannot expand \"%s\"", r->host,
                       r->c->proxy_jump);
    free(r->c->proxy_jump);
    r->c->proxy_jump = jump;
    return 0;
}

/* What OpenSSH takes when nothing is said; also all there is when no ssh is installed. */
static void defaults_set(struct reading *r, const struct session_spec *spec)
{
    static const char *const keys[] = {"~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"};
    struct buf b;
    size_t i;

    r->c->port = 22;
    agent_set(r->c, "SSH_AUTH_SOCK");
    r->files[0] = xstrdup("~/.ssh/known_hosts ~/.ssh/known_hosts2");
    r->files[1] = xstrdup("/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2");
    buf_init(&b, 256);
    login_add(&b);
    r->c->user = buf_take(&b);
    r->c->hostname = xstrdup(spec->host);
    for (i = 0; i < ARRAY_LEN(keys); i++)
        r->identities[r->n_identities++] = xstrdup(keys[i]);
}

static void reading_release(struct reading *r)
{
    size_t i;

    for (i = 0; i < r->n_identities; i++)
        free(r->identities[i]);
    free(r->files[0]);
    free(r->files[1]);
}

int ssh_config_parse(const char *text, const struct session_spec *spec, struct ssh_config **out,
                     struct err *e)
{
    struct reading r = {.host = spec->host};
    int status;

    r.c = xcalloc(1, sizeof(*r.c));
    r.c->refs = 1;
    defaults_set(&r, spec);
    if (*text) {
        while (r.n_identities)
            free(r.identities[--r.n_identities]);
        lines_read(&r, text);
    }
    if (spec->port > 0)
        r.c->port = spec->port;
    if (spec->user)
        text_set(&r.c->user, spec->user);
    status = files_set(&r, spec, e);
    if (status == 0 && r.c->proxy_jump)
        status = jump_set(&r, e);
    if (status == 0 && (!r.c->hostname || !*r.c->hostname || !r.c->user || !*r.c->user))
        status =
            err_set(e, ERR_USAGE, "%s: ssh's configuration names no host or no user", spec->host);
    reading_release(&r);
    if (status == 0)
        *out = r.c;
    else
        ssh_config_unref(r.c);
    return status;
}
