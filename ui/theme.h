/* theme.h: how roles look. A theme file has lines `role = FG BG ATTRIBUTES`: colours are `default`,
 * one of the 16 names (black red green yellow blue magenta cyan white, bright-...), 0 to 255, or
 * #rrggbb; a colour beyond 16 may carry its twin for small terminals behind a slash (`208/yellow`;
 * without one the nearest is taken). BG may be left off. Attributes: bold dim underline reverse.
 * `include NAME` takes another theme first (NAME.theme itself may include NAME: the one compiled
 * in); `$name = value` makes a variable that the lines below use as $name. An unknown role, colour
 * or attribute is an error with its line. Comments begin with #  (a # and a space). Five themes are
 * compiled in: dark, light, high-contrast, colour-blind, mono. */
#ifndef FOOTPLATE_UI_THEME_H
#define FOOTPLATE_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ui/canvas.h"

enum { COLOUR_DEFAULT = -1, COLOUR_RGB = 1 << 24 /* | 0xrrggbb */ };

struct style {
    int fg, bg;         /* COLOUR_DEFAULT, 0..255, or COLOUR_RGB | 0xrrggbb */
    int fg16, bg16;     /* COLOUR_DEFAULT or 0..15 */
    unsigned attrs;     /* enum attr */
};

struct theme {
    char name[64];
    struct style roles[ROLE_COUNT];
    unsigned mono[ROLE_COUNT]; /* enum attr of the mono theme */
};

/* The theme NAME: DIR/NAME.theme (dir NULL: none is looked for), else the one that is compiled in.
 * ERR_NOTFOUND names what there is; ERR_USAGE has the file and line. */
int theme_load(struct theme *t, const char *name, const char *dir, struct err *e);
/* The same from text; dir is where `include` looks. */
int theme_parse(struct theme *t, const char *file, const char *text, const char *dir,
                struct err *e);

/* Names of the compiled-in themes, in the order in which `c` goes through them; NULL behind the
 * last. */
extern const char *const theme_names[];

/* The colour of a style on a terminal of n colours (0 or negative: none; 8, 16, 256, 1 << 24),
 * reduced as far as it must be: COLOUR_DEFAULT, 0..n-1, or COLOUR_RGB where n is 1 << 24. */
int theme_fg(const struct style *s, int n);
int theme_bg(const struct style *s, int n);
/* A colour as 0xrrggbb: the palette as xterm has it; black for COLOUR_DEFAULT. */
uint32_t theme_rgb(int colour);
/* Attributes on such a terminal: bright colours are bold where there are 8; without colours a role
 * whose colour carried its meaning has its attributes from the mono theme. */
unsigned theme_attrs(const struct theme *t, enum role r, int n);

/* The same for a cell with ATTR_BAR: what a role leaves open is as in ROLE_STATUS. Where that one is
 * reversed, a role that is reversed itself is not: it stands out from the line as it does from text. */
struct style theme_bar_style(const struct theme *t, enum role r);
unsigned theme_bar_attrs(const struct theme *t, enum role r, int n);

#endif
