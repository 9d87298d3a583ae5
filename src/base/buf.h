/* buf.h: a run of bytes that grows up to a bound given at birth. */
#ifndef FOOTPLATE_BASE_BUF_H
#define FOOTPLATE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* p is NULL or holds len bytes and one 0 behind them; len <= max. is_full is set once something did
 * not fit, and stays. */
struct buf {
    char *p;
    size_t len;
    size_t cap;
    size_t max;
    bool is_full;
};

/* max in bytes; 0 means 16 MiB. */
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

/* Forget the content, keep the memory. */
void buf_reset(struct buf *b);

/* Add bytes. What does not fit is dropped and is_full set; answers how many bytes were taken. */
size_t buf_add(struct buf *b, const void *p, size_t n);
size_t buf_adds(struct buf *b, const char *s);
size_t buf_addc(struct buf *b, char c);
size_t buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Drop the first n bytes. */
void buf_eat(struct buf *b, size_t n);

/* The content as a string, "" when empty; belongs to the buffer. */
const char *buf_str(const struct buf *b);

/* Take the content as a string; the caller frees it, the buffer is empty after. */
char *buf_take(struct buf *b);

/* Add s as one word of a POSIX shell: 'it'\''s'. */
void buf_add_shell(struct buf *b, const char *s);

#endif
