/* golden.h: compares a canvas, or any text, with a picture in tests/ui/golden/NAME.txt. With UPDATE_GOLDEN=1 in
 * the environment the picture is written instead, into the source. Where they differ the new
 * picture is left in the build folder as tests/ui/NAME.new and the first row that differs is
 * said. */
#ifndef FOOTPLATE_TESTS_UI_GOLDEN_H
#define FOOTPLATE_TESTS_UI_GOLDEN_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "ui/canvas.h"

enum golden_flags { GOLDEN_TEXT = 0, GOLDEN_ROLES = 1 };

/* A letter of the role map: space for text, then the roles in their order. Bold, dim, underline and
 * reverse of a cell itself are not in it. */
static inline char golden_role_letter(const struct cell *c)
{
    static const char letters[] = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return c->role < sizeof letters - 1 ? letters[c->role] : '?';
}

static inline void golden_roles(const struct canvas *cv, struct buf *out)
{
    bool is_used[ROLE_COUNT] = {false};

    buf_adds(out, "--- roles\n");
    for (int row = 0; row < canvas_rows(cv); row++) {
        size_t end = out->len;
        for (int col = 0; col < canvas_cols(cv); col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            if (c->cells == 0)
                continue;
            is_used[c->role] = true;
            buf_addc(out, golden_role_letter(c));
            if (c->role != ROLE_TEXT)
                end = out->len;
        }
        if (out->len > end)
            out->p[out->len = end] = '\0';
        buf_addc(out, '\n');
    }
    for (int role = 1; role < ROLE_COUNT; role++) {
        struct cell c = {.role = (uint8_t)role};
        if (is_used[role])
            buf_addf(out, "%c %s\n", golden_role_letter(&c), role_name((enum role)role));
    }
}

static inline void golden_write(const char *path, const struct buf *b)
{
    FILE *f = fopen(path, "w");

    ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
    ck_assert_uint_eq(fwrite(buf_str(b), 1, b->len, f), b->len);
    ck_assert_int_eq(fclose(f), 0);
}

static inline bool golden_read(const char *path, struct buf *b)
{
    FILE *f = fopen(path, "r");
    char piece[4096];
    size_t n;

    if (!f)
        return false;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(b, piece, n);
    fclose(f);
    return true;
}

/* Fails the test at the first row that differs. */
static inline void golden_differ(const char *name, const char *want, const char *have)
{
    for (int row = 1;; row++) {
        size_t w = strcspn(want, "\n"), h = strcspn(have, "\n");
        if (w != h || memcmp(want, have, w) != 0 || (*want == '\0') != (*have == '\0'))
            ck_abort_msg("golden/%s.txt line %d\n  want: %.*s\n  have: %.*s\n"
                         "(UPDATE_GOLDEN=1 takes what it is now)",
                         name, row, (int)w, want, (int)h, have);
        if (*want == '\0')
            return;
        want += w + (want[w] == '\n');
        have += h + (have[h] == '\n');
    }
}

/* name: letters, digits and "-". */
static inline void golden_check_text(const struct buf *have, const char *name)
{
    const char *src = getenv("abs_top_srcdir"), *build = getenv("abs_top_builddir");
    const char *update = getenv("UPDATE_GOLDEN");
    char path[4096];
    struct buf want;

    ck_assert_msg(src && build, "abs_top_srcdir and abs_top_builddir are not set");
    snprintf(path, sizeof path, "%s/tests/ui/golden/%s.txt", src, name);
    if (update && strcmp(update, "1") == 0) {
        golden_write(path, have);
        return;
    }
    buf_init(&want, 0);
    if (!golden_read(path, &want))
        ck_abort_msg("%s is not there: UPDATE_GOLDEN=1 writes it", path);
    if (want.len != have->len || memcmp(want.p, have->p, have->len) != 0) {
        snprintf(path, sizeof path, "%s/tests/ui/%s.new", build, name);
        golden_write(path, have);
        golden_differ(name, buf_str(&want), buf_str(have));
    }
    buf_release(&want);
}

static inline void golden_check(const struct canvas *cv, const char *name, unsigned flags)
{
    struct buf have;

    buf_init(&have, 0);
    canvas_dump(cv, &have);
    if (flags & GOLDEN_ROLES)
        golden_roles(cv, &have);
    golden_check_text(&have, name);
    buf_release(&have);
}

#endif
