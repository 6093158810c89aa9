"""Tables as files: CSV that spreadsheet programs open with Chinese intact and that cannot run formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, value: str) -> str:
        return value


def _cell(value: Any) -> Any:
    text = "" if value is None else value
    # A leading apostrophe disarms spreadsheet formulas (OWASP: CSV injection); numbers stay numbers.
    if isinstance(text, str) and text.startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text


def csv_response(filename: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Stream ``rows`` below ``header`` as UTF-8 with a byte-order mark (which Excel needs for Chinese)."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow([str(h) for h in header])
        for row in rows:
            yield writer.writerow([_cell(v) for v in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
