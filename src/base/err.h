/* err.h: how a failure travels from a room below to the person above.
 *
 * A function that can fail answers 0 or one of the negative codes below and, where the caller gave
 * a struct err, fills it with one line for a person: what, where, what is allowed. Nobody below
 * cli and ui prints. */
#ifndef FOOTPLATE_BASE_ERR_H
#define FOOTPLATE_BASE_ERR_H

#include <stdarg.h>

/* One list makes the enum and the names. */
#define ERR_CODES(X)                                                                              \
    X(ERR_FAIL, -1, "failed")              /* anything without a code of its own */               \
    X(ERR_USAGE, -2, "usage")              /* bad input of a person: command line or inventory */ \
    X(ERR_REFUSED, -3, "refused")          /* not allowed in this state */                        \
    X(ERR_UNAVAILABLE, -4, "unavailable")  /* store, lease or lock not to be had */               \
    X(ERR_BUSY, -5, "busy")                /* somebody else holds it for a moment; try again */   \
    X(ERR_NOTFOUND, -6, "not found")                                                              \
    X(ERR_LIMIT, -7, "limit")              /* larger than a stated bound */                       \
    X(ERR_TIMEOUT, -8, "timeout")          /* a deadline passed */                                \
    X(ERR_UNREACHABLE, -9, "unreachable")  /* the peer cannot be reached or went away */          \
    X(ERR_AUTH, -10, "auth refused")       /* the peer refused who we are: never repeat alone */  \
    X(ERR_HOSTKEY, -11, "host key")        /* the peer is not who it should be */                 \
    X(ERR_PROTOCOL, -12, "protocol")       /* the peer said something it should not */            \
    X(ERR_CANCELED, -13, "canceled")       /* we asked for the end */                             \
    X(ERR_IO, -14, "i/o")                  /* a disk or file of this machine */                   \
    X(ERR_THROTTLED, -15, "throttled")     /* the peer limits its rate; wait, then try again */   \
    X(ERR_LOST, -16, "lost")               /* the store, for this process: only another may write it */

enum err_code {
    ERR_OK = 0,
#define X(name, value, text) name = value,
    ERR_CODES(X)
#undef X
};

enum { ERR_FILE_BYTES = 256, ERR_MSG_BYTES = 768 };

/* line and column start at 1; 0 means that the failure has no place in a file. */
struct err {
    int code;
    char file[ERR_FILE_BYTES];
    int line;
    int column;
    char msg[ERR_MSG_BYTES];
};

/* Fill e (which may be NULL) with a message and answer code. A message that is too long is cut. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_vset(struct err *e, int code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* As err_set, with a place in a file. */
int err_at(struct err *e, int code, const char *file, int line, int column, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* Put words in front of the message that e holds: "open store: disk is full". */
void err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *e);

/* The short name of a code, "timeout"; "unknown" for a code that is not in the list. */
const char *err_name(int code);

#endif
