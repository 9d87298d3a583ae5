/* out.h: words for a person on stdout: safe for the terminal, dated, in columns. */
#ifndef FOOTPLATE_CLI_OUT_H
#define FOOTPLATE_CLI_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes that may come from a server, as printable text of one line, never obeyed by a terminal. */
void out_text(FILE *f, const char *text, size_t len);
/* A string of ours that may quote one of a server's; NULL prints nothing. */
void out_string(FILE *f, const char *text);
/* The same in a column of `width` cells: cut, or filled with blanks. */
void out_column(FILE *f, const char *text, int width);
/* Words broken at blanks into lines of `width` cells, each after the first begins with `indent` blanks. */
void out_wrap(FILE *f, const char *text, int indent, int width);

/* A string as safe text; the caller frees. NULL stays NULL. */
char *out_safe(const char *text);
char *out_safe_n(const char *text, size_t len);

/* "web01:8080", or "web01" for port 0; "" for no host. */
void out_place(char *dst, size_t size, const char *host, int port);

/* Local date and time "2026-11-22 06:51:09"; today only the time. */
enum { OUT_TIME_BYTES = 32 };
void out_when(char *dst, size_t size, int64_t wall_ms, int64_t now_ms);

/* The width of the screen: the terminal's, else 80; between 60 and 200. */
int out_width(void);

#endif
