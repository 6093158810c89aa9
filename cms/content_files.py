"""Pages as text files: Chinese, a line of ``===``, English; each with a title, a summary and a body in Markdown.

An ordered list whose entries begin with a bold line becomes steps; a quotation that ends with ``— instrument ·
article`` becomes quoted law; everything else is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

FOLDER = Path(__file__).parent / "content"
_MARKDOWN = MarkdownIt("commonmark")
_STEP = re.compile(r"^\d+\. \*\*(?P<title>.+?)\*\*\n(?P<text>(?:   .+\n?)*)", re.MULTILINE)
_SOURCE = re.compile(r"> (?P<text>.+)\n> — (?P<instrument>.+?) · (?P<article>.+)")


@dataclass(frozen=True, slots=True)
class Half:
    """One language of a page; ``body`` is the raw value of a StreamField."""

    title: str
    summary: str
    body: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PageFile:
    slug: str
    facts: dict[str, str]
    chinese: Half
    english: Half


def read(path: Path) -> PageFile:
    """Parse one file.

    Raises:
        ValueError: a language, a title or a summary is missing.
    """
    facts: dict[str, str] = {}
    text = path.read_text(encoding="utf-8")
    while match := re.match(r"(\w+): (.+)\n+", text):
        facts[match[1]] = match[2]
        text = text[match.end() :]
    halves = text.split("\n===\n")
    if len(halves) != 2:
        raise ValueError(f"{path.name}: two languages are wanted, divided by a line of ===")
    chinese, english = (_half(part.strip(), path.name) for part in halves)
    return PageFile(path.stem, facts, chinese, english)


def section(name: str) -> tuple[PageFile, list[PageFile]]:
    """The index page of a section and its pages, in the order of their file names."""
    folder = FOLDER / name
    pages = [read(path) for path in sorted(folder.glob("*.md")) if path.stem != "_index"]
    return read(folder / "_index.md"), pages


def _half(text: str, name: str) -> Half:
    chunks = re.split(r"\n{2,}", text)
    if len(chunks) < 2 or not chunks[0].startswith("# "):
        raise ValueError(f"{name}: begins with a title and a summary")
    return Half(chunks[0][2:].strip(), chunks[1].strip(), list(_blocks(chunks[2:])))


def _blocks(chunks: list[str]) -> Iterator[dict[str, Any]]:
    plain: list[str] = []
    for chunk in chunks:
        steps = [{"title": match["title"], "text": _inner(match["text"])} for match in _STEP.finditer(f"{chunk}\n")]
        source = _SOURCE.fullmatch(chunk)
        if not steps and source is None:
            plain.append(chunk)
            continue
        if plain:
            yield {"type": "text", "value": _MARKDOWN.render("\n\n".join(plain))}
            plain = []
        if source is not None:
            yield {"type": "source", "value": source.groupdict()}
        else:
            yield {"type": "steps", "value": steps}
    if plain:
        yield {"type": "text", "value": _MARKDOWN.render("\n\n".join(plain))}


def _inner(text: str) -> str:
    return _MARKDOWN.render(re.sub(r"^   ", "", text, flags=re.MULTILINE).strip()) if text.strip() else ""
