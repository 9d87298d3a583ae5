#!/usr/bin/env python3
"""Draw what `tmux capture-pane -ep` prints as an SVG, for the README and for people who look at the screen.

    tmux capture-pane -ep -t console | doc/picture.py [--light] [--title TEXT] >doc/release.svg

Every character stands at a place of its own, so that wide ones keep their columns in any font.
"""
import argparse
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_W, CELL_H, SIZE, MARGIN = 8.4, 17, 14, 12
NAMED = ["#1c1c1c", "#d75f5f", "#87af5f", "#d7af5f", "#5f87d7", "#af87d7", "#5fafaf", "#bcbcbc",
         "#6c6c6c", "#ff8787", "#afd787", "#ffd787", "#87afff", "#d7afff", "#87d7d7", "#eeeeee"]
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
OTHER = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()].|[\x0e\x0f])|[\x0e\x0f]")


def colour(n):
    """The colour of an index of the 256."""
    if n < 16:
        return NAMED[n]
    if n < 232:
        n -= 16
        part = [0, 95, 135, 175, 215, 255]
        return "#%02x%02x%02x" % (part[n // 36], part[n // 6 % 6], part[n % 6])
    grey = 8 + 10 * (n - 232)
    return "#%02x%02x%02x" % (grey, grey, grey)


class Style:
    """What SGR sequences have set up to now."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.underline = self.reverse = False

    def take(self, codes):
        """One sequence's numbers."""
        codes = [int(c or 0) for c in re.split("[;:]", codes)] if codes else [0]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.reset()
            elif c in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[c], True)
            elif c == 22:
                self.bold = self.dim = False
            elif c in (24, 27):
                setattr(self, "underline" if c == 24 else "reverse", False)
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.fg = colour(c - 30 if c < 90 else c - 82)
            elif 40 <= c <= 47 or 100 <= c <= 107:
                self.bg = colour(c - 40 if c < 100 else c - 92)
            elif c in (39, 49):
                setattr(self, "fg" if c == 39 else "bg", None)
            elif c in (38, 48) and codes:
                kind = codes.pop(0)
                if kind == 5:
                    value = colour(codes.pop(0))
                else:
                    value = "#%02x%02x%02x" % tuple(codes[:3])
                    del codes[:3]
                setattr(self, "fg" if c == 38 else "bg", value)


def cells(line, style):
    """(column, character, width, fg, bg, bold, dim, underline) of one line."""
    column = 0
    at = 0
    line = OTHER.sub(lambda m: m.group() if SGR.fullmatch(m.group()) else "", line)
    while at < len(line):
        m = SGR.match(line, at)
        if m:
            style.take(m.group(1))
            at = m.end()
            continue
        ch = line[at]
        at += 1
        while at < len(line) and unicodedata.combining(line[at]):
            ch += line[at]
            at += 1
        width = 2 if unicodedata.east_asian_width(ch[0]) in "WF" else 1
        yield (column, ch, width, style.fg, style.bg, style)
        column += width


def draw(lines, ground, ink, title, out):
    """The whole picture."""
    style = Style()
    width = 0
    back, fore = [], []
    for row, line in enumerate(lines):
        y = MARGIN + row * CELL_H
        for column, ch, w, fg, bg, s in cells(line, style):
            width = max(width, column + w)
            x = MARGIN + column * CELL_W
            fg, bg = fg or ink, bg or ground
            if s.reverse:
                fg, bg = bg, fg
            if bg != ground:
                back.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>'
                            % (x, y, w * CELL_W + 0.2, CELL_H, bg))
            if ch != " ":
                more = ' font-weight="bold"' if s.bold else ""
                more += ' opacity="0.6"' if s.dim else ""
                more += ' text-decoration="underline"' if s.underline else ""
                fore.append('<text x="%.1f" y="%.1f" fill="%s"%s>%s</text>'
                            % (x, y + CELL_H - 4.5, fg, more, escape(ch)))
    w, h = width * CELL_W + 2 * MARGIN, len(lines) * CELL_H + 2 * MARGIN
    print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" '
          'font-family="DejaVu Sans Mono, Menlo, Consolas, WenQuanYi Micro Hei Mono, monospace" '
          'font-size="%d" xml:space="preserve">' % (w, h, w, h, SIZE), file=out)
    print("<title>%s</title>" % escape(title), file=out)
    print('<rect width="100%%" height="100%%" rx="8" fill="%s"/>' % ground, file=out)
    print("\n".join(back + fore), file=out)
    print("</svg>", file=out)


def main():
    """Standard input to standard output."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--light", action="store_true")
    p.add_argument("--title", default="footplate")
    a = p.parse_args()
    lines = sys.stdin.read().rstrip("\n").split("\n")
    ground, ink = ("#fdfdfb", "#262626") if a.light else ("#121212", "#c6c6c6")
    draw(lines, ground, ink, a.title, sys.stdout)


main()
