/* mem.h: memory that is there or ends the program in words. Sizes are in bytes. Where growth depends
 * on what a peer sends it is bounded at birth (struct buf), so that exhaustion is an error. */
#ifndef FOOTPLATE_BASE_MEM_H
#define FOOTPLATE_BASE_MEM_H

#include <stddef.h>

/* The caller owns what these answer and gives it back with free(). */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
void *xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* xstrdup, but NULL stays NULL. */
char *xstrdup_null(const char *s);

/* A copy of src in dst of size bytes, cut if too long, always ended. Answers the bytes written. */
size_t str_copy(char *dst, size_t size, const char *src);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
