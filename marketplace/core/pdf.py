"""Papers as PDF: a Typst template and plain data in, bytes out. The fonts come from a wheel, so a page needs no system."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn as fonts
import typst

#: Families that the wheel holds; templates name them.
SERIF = "Noto Serif SC"
SANS = "Noto Sans SC"
_FONTS = sorted({str(Path(path).parent) for path in (fonts.serif_path(), fonts.sans_path())})


def render_pdf(template: str, data: Mapping[str, Any], *, files: Mapping[str, bytes] | None = None) -> bytes:
    """Compile a Typst ``template`` (source text).

    In it, ``#let data = json("data.json")`` gives ``data``; ``files`` (name to UTF-8 bytes) are beside it, for
    example pictures as SVG. Text in ``data`` is text: it is never read as markup.
    """
    sources: dict[str, bytes] = {
        "main.typ": template.encode(),
        "data.json": json.dumps(data, ensure_ascii=False).encode(),
        **(files or {}),
    }
    # The stubs do not know that several sources may be given as bytes.
    pdf: object = typst.compile(sources, font_paths=_FONTS, ignore_system_fonts=True)  # type: ignore[call-overload]
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no PDF")
    return pdf
