#!/usr/bin/env python3
"""Writes text_table.c: which characters pass, and how wide they are.

Run by hand when the table shall follow a newer Unicode: src/base/text_table.py > src/base/text_table.c
The version comes from Python's unicodedata; 14.0 is also what the C library of Debian 12 knows.
"""
import unicodedata as u

# DerivedCoreProperties: Default_Ignorable_Code_Point, beside the format characters (category Cf).
IGNORABLE = [(0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2060, 0x206F),
             (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
             (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)]


def kind(c):
    ch = chr(c)
    cat = u.category(ch)
    wide = u.east_asian_width(ch) in "WF"
    if any(lo <= c <= hi for lo, hi in IGNORABLE) or cat in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return "H"
    if c & 0xFFFE == 0xFFFE or 0xFDD0 <= c <= 0xFDEF:
        return "H"
    if cat in ("Co", "Cn"):
        return "S"
    # Emoji, their parts, and two blocks: C library and terminals do not agree on their width.
    if (wide and cat in ("So", "Sk") and not 0x2E80 <= c <= 0xFFEF) or 0x1F1E6 <= c <= 0x1F1FF:
        return "S"
    if 0x3248 <= c <= 0x324F or 0x4DC0 <= c <= 0x4DFF:
        return "S"
    if cat in ("Mn", "Me") or 0x1160 <= c <= 0x11FF or 0xD7B0 <= c <= 0xD7FB:
        return "M"
    return "W" if wide else "N"


def ranges():
    first, prev = 0, kind(0)
    for c in range(1, 0x110000):
        k = kind(c)
        if k != prev:
            yield first, c - 1, prev
            first, prev = c, k
    yield first, 0x10FFFF, prev


NAMES = {"N": "TEXT_NARROW", "W": "TEXT_WIDE", "M": "TEXT_MARK", "H": "TEXT_HIDDEN"}
# What is in no range is TEXT_STRANGE.
table = [r for r in ranges() if r[2] != "S"]
print("/* text_table.c: Unicode %s as ranges, in order; made by text_table.py. Knows nothing of how the\n"
      " * classes are used. What stands in no range is TEXT_STRANGE. */" % u.unidata_version)
print('#include "config.h"\n\n#include "base/text_int.h"\n')
print("#define N TEXT_NARROW\n#define W TEXT_WIDE\n#define M TEXT_MARK\n#define H TEXT_HIDDEN\n")
print("const struct text_range text_ranges[] = {")
line = "   "
for lo, hi, k in table:
    item = " {0x%X, 0x%X, %s}," % (lo, hi, k)
    if len(line) + len(item) > 98:
        print(line)
        line = "   "
    line += item
print(line)
print("};\n\nconst size_t text_n_ranges = sizeof text_ranges / sizeof text_ranges[0];")
