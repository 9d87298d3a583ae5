/* ssh_file.h: small files of this machine that SSH needs (keys, known_hosts, configuration): read
 * whole, and known again by what stat() says of them. */
#ifndef FOOTPLATE_NET_SSH_FILE_H
#define FOOTPLATE_NET_SSH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* All 0: the file is not there. */
struct file_stamp {
    uint64_t device;
    uint64_t inode;
    int64_t size_bytes;
    int64_t changed_s;
    int64_t changed_ns;
    uint32_t mode;
    uint32_t owner;
};

void file_stamp(const char *path, struct file_stamp *stamp);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

/* Read a regular file of at most max bytes. The caller frees *text, which has one 0 behind *n
 * bytes. *stamp is of the file that was read. ERR_NOTFOUND, ERR_LIMIT, ERR_IO. */
int file_read(const char *path, size_t max, char **text, size_t *n, struct file_stamp *stamp,
              struct err *e);

#endif
