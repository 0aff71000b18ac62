"""Makes the subsets of DejaVu Sans in this folder, their licence text, and ../src/advances.rs.

Needs fonttools and the DejaVu fonts 2.37 (Debian: fonts-dejavu-core):
    python make_font.py /usr/share/fonts/truetype/dejavu && rustfmt ../src/advances.rs
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
ASCII = "".join(map(chr, range(0x20, 0x7F)))
# degree, plus-minus, times, middle dot, micro, superscripts, minus, dashes, ellipsis, sigma, prime marks, comparisons
EXTRA = "°±×·µ¹²³⁰⁴⁵⁶⁷⁸⁹⁻−–—…σ′″≤≥"


def make(source, name):
    font = TTFont(source)
    licence = font["name"].getDebugName(13)
    options = subset.Options(layout_features=["kern"], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=ASCII + EXTRA)
    subsetter.subset(font)
    font["head"].modified = font["head"].created  # same bytes whenever it is made
    font.recalcTimestamp = False
    font.save(HERE / name)
    cmap, metrics = font.getBestCmap(), font["hmtx"]
    assert font["head"].unitsPerEm == 2048
    return [metrics[cmap[ord(c)]][0] for c in ASCII], licence


def main():
    fonts = Path(sys.argv[1])
    regular, licence = make(fonts / "DejaVuSans.ttf", "DejaVuSans.subset.ttf")
    bold, _ = make(fonts / "DejaVuSans-Bold.ttf", "DejaVuSans-Bold.subset.ttf")
    (HERE / "DejaVuSans-LICENSE.txt").write_text("\n".join(line.rstrip() for line in licence.splitlines()) + "\n")
    lines = ["//! Advance widths of U+0020 to U+007E in 1/2048 em (made by `assets/make_font.py`).", ""]
    for name, table in [("REGULAR", regular), ("BOLD", bold)]:
        lines.append(f"pub(crate) const {name}: [u16; {len(table)}] = {table};")
    (HERE / "../src/advances.rs").write_text("\n".join(lines) + "\n")


main()
