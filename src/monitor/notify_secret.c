/* notify_secret.c: reads a secret where the configuration says that it is, when it is used. Messages name
 * the place, never what is there. */
#include "config.h"

#include "monitor/notify_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { SECRET_BYTES = 4096 };

void secret_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static int read_file(const char *file, const char *what, char *dst, size_t size, struct err *e)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return err_set(e, ERR_IO, "%s_file %s cannot be read: %s", what, file, strerror(errno));
    int rc = 0;
    ssize_t n = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = err_set(e, ERR_IO, "%s_file %s is no plain file", what, file);
    else if (st.st_mode & S_IRWXO)
        rc = err_set(e, ERR_REFUSED, "%s_file %s may be read by everybody: chmod o= it", what, file);
    else if ((n = read(fd, dst, size - 1)) < 0)
        rc = err_set(e, ERR_IO, "%s_file %s cannot be read: %s", what, file, strerror(errno));
    dst[n > 0 ? n : 0] = '\0';
    close(fd);
    return rc;
}

int secret_read(const char *variable, const char *file, const char *what, char **out, struct err *e)
{
    char text[SECRET_BYTES] = "";
    int rc = 0;

    *out = NULL;
    if (!variable && !file)
        return 0;
    if (file)
        rc = read_file(file, what, text, sizeof text, e);
    else if (getenv(variable))
        str_copy(text, sizeof text, getenv(variable));
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        text[--len] = '\0';
    if (rc == 0 && len == 0)
        rc = file ? err_set(e, ERR_IO, "%s_file %s is empty", what, file)
                  : err_set(e, ERR_IO, "%s_env: there is no variable %s in the engine's environment", what,
                            variable);
    if (rc == 0)
        *out = xstrdup(text);
    explicit_bzero(text, sizeof text);
    return rc;
}
