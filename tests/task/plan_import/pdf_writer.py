"""Writes small PDFs with Chinese text, set line by line as word processors do, for tests of reading."""

from collections.abc import Iterable, Sequence

Placed = tuple[float, float, str]  # x and y in points from the lower left corner, and a line of text

WIDTH, HEIGHT, SIZE = 595, 842, 16
DESCRIPTOR = (
    b"<</Type/FontDescriptor/FontName/FangSong/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 859"
    b"/Descent -140/CapHeight 700/StemV 80>>"
)


def pdf(pages: Sequence[Sequence[Placed]], encoding: str = "Identity-H") -> bytes:
    """A PDF of one font that is not embedded. Identity-H maps glyphs by a ToUnicode table, the others by their name."""
    glyphs = {character: index for index, character in enumerate(sorted(_characters(pages)), start=1)}
    objects = [b"", b"", *_font(glyphs, encoding)]
    kids = []
    for page in pages:
        shown = "".join(
            f"BT /F1 {SIZE} Tf 1 0 0 1 {x} {y} Tm <{_codes(text, glyphs, encoding)}> Tj ET\n" for x, y, text in page
        )
        objects.append(_stream(shown))
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Contents {len(objects)} 0 R"
            f"/Resources<</Font<</F1 3 0 R>>>>>>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>".encode()
    return _file(objects)


def set_page(lines: Iterable[str], top: float = 780, left: float = 80, leading: float = 29) -> list[Placed]:
    """Lines below one another."""
    return [(left, top - leading * index, line) for index, line in enumerate(lines)]


def set_table(rows: Iterable[Sequence[str]], columns: Sequence[float], top: float = 700) -> list[Placed]:
    """Rows of cells; lines within a cell are parted by line ends and centred in their row."""
    placed: list[Placed] = []
    for row in rows:
        cells = [cell.split("\n") for cell in row]
        height = 20 * max(map(len, cells))
        for left, cell in zip(columns, cells, strict=True):
            first = top - (height - 20 * len(cell)) / 2
            placed += [(left, first - 20 * index, line) for index, line in enumerate(cell)]
        top -= height + 10
    return placed


def _characters(pages: Sequence[Sequence[Placed]]) -> set[str]:
    return {character for page in pages for _, _, text in page for character in text}


def _codes(text: str, glyphs: dict[str, int], encoding: str) -> str:
    if encoding == "Identity-H":
        return "".join(f"{glyphs[character]:04X}" for character in text)
    return text.encode({"UniGB-UCS2-H": "utf-16-be", "GBK-EUC-H": "gbk"}[encoding]).hex()


def _font(glyphs: dict[str, int], encoding: str) -> list[bytes]:
    mapped = encoding == "Identity-H"
    ordering = "Identity" if mapped else "GB1"
    return [
        f"<</Type/Font/Subtype/Type0/BaseFont/FangSong/Encoding/{encoding}/DescendantFonts[4 0 R]"
        f"{'/ToUnicode 6 0 R' if mapped else ''}>>".encode(),
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/FangSong/DW 1000/FontDescriptor 5 0 R"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>>>".encode(),
        DESCRIPTOR,
        _stream(_to_unicode(glyphs)),
    ]


def _to_unicode(glyphs: dict[str, int]) -> str:
    lines = [f"<{glyph:04X}> <{character.encode('utf-16-be').hex()}>" for character, glyph in glyphs.items()]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    mapped = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return f"begincmap\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{mapped}\nendcmap"


def _stream(content: str) -> bytes:
    return f"<</Length {len(content)}>>\nstream\n{content}\nendstream".encode()


def _file(objects: Sequence[bytes]) -> bytes:
    written, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start, count = len(written), len(objects) + 1
    return bytes(written) + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (count, table, count, start)
    )
