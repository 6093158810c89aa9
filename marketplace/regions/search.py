"""Finding a division by its name in characters or Pinyin, whole, beginning or middle, or by its code.

Every tail of a name is a lexeme of the division's `tsvector`, marked with its level (see `romanise.romanise`), so a
prefix match on lexemes finds any part of a name through a plain GIN index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Case, F, Func, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Length, Lower
from django.urls import NoReverseMatch, reverse

from marketplace.core.i18n import localized
from marketplace.core.search import SearchHit
from marketplace.regions import codes, romanise, selectors
from marketplace.regions.models import Level, Region

#: more villages than this are not ranked: who types two letters gets some of them and types a third
CANDIDATES = 300
_CODE = re.compile(r"\b\d{12}\b")
_ASCII = re.compile(r"^[\x00-\x7füÜ’]+$")
#: English words for kinds of divisions, which no name holds
_KINDS = frozenset(
    {"province", "city", "prefecture", "county", "district", "banner", "league", "town", "township", "subdistrict"}
    | {"village", "community", "gacha", "area", "neighbourhood", "autonomous", "ethnic"}
)


class Lexemes(SearchQuery):
    """A query of ready lexemes; no text parser (whose tokens depend on the database's locale) touches it."""

    template = "%(expressions)s::tsquery"

    def __init__(self, prefixes: Iterable[str]) -> None:
        quoted = ("'" + prefix.replace("\\", "\\\\").replace("'", "''") + "':*" for prefix in prefixes)
        super().__init__(" | ".join(quoted))


#: A proposal: the longest name and its code.
MOST_CHARACTERS = 120


def search_regions(
    text: str,
    *,
    levels: Sequence[int] = (1, 2, 3, 4, 5),
    under: int | None = None,
    among: Q | None = None,
    limit: int = 20,
) -> list[Region]:
    """Divisions that `text` names, best first: by code, by name, or "county … village" from wide to narrow.

    Only those inside `under` that fulfil `among`, a condition on `Region`.

    Names that begin with the text come before names that only contain it, higher levels before lower ones.
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    # A proposal ends with the code: it is looked for before a long name is cut.
    code, text = _CODE.search(text[:MOST_CHARACTERS]), text[:60]
    if code:
        found = Region.objects.filter(among or Q(), code=int(code[0]), level__in=levels)
        return list(found.filter(selectors.within([codes.code_range(under)])) if under else found)
    scope = [codes.code_range(under)] if under else []
    words = _words(text)
    if not words:
        return []
    found_whole = _named("".join(words), levels, scope, limit, among)
    if found_whole or len("".join(words)) < 3:
        return found_whole
    if len(words) > 1:
        return _named_within(words, levels, scope, limit, among)
    return _named_within(_split_address(words[0]), levels, scope, limit, among)


def _words(text: str) -> list[str]:
    words = []
    for word in text.split():
        plain = romanise.plain(word)
        if plain in _KINDS:
            continue
        words.append(plain if _ASCII.match(word) else romanise.short_name(word).lower())
    return words or [romanise.plain(word) for word in text.split()]


def _lexemes(word: str, levels: Iterable[int]) -> Lexemes:
    return Lexemes(f"{level}{word}" for level in levels)


def _named(
    word: str, levels: Sequence[int], scope: Sequence[tuple[int, int]], limit: int, among: Q | None = None
) -> list[Region]:
    """Divisions whose name holds `word`: upper levels all ranked, villages ranked among the first candidates."""
    ascii_word = bool(_ASCII.match(word))
    upper = [level for level in levels if level < Level.VILLAGE]
    if ascii_word and len(word) <= 2:
        # Two letters begin a third of all names: only what is large is meant.
        upper, levels = [level for level in upper if level < Level.TOWNSHIP], []
    found: list[Region] = []
    if upper:
        found = list(_ranked(_matching(word, upper, scope, among), word, ascii_word)[:limit])
    if len(found) < limit and Level.VILLAGE in levels:
        # No order inside: the index gives the rows it meets, and only these are fetched and sorted.
        some = _matching(word, [Level.VILLAGE], scope, among).order_by()[:CANDIDATES].values("code")
        found += _ranked(Region.objects.filter(code__in=some), word, ascii_word)[: limit - len(found)]
    return found


def _matching(word: str, levels: Sequence[int], scope: Sequence[tuple[int, int]], among: Q | None) -> QuerySet[Region]:
    matching = Region.objects.filter(among or Q(), search=_lexemes(word, levels))
    return matching.filter(selectors.within(scope)) if scope else matching


def _ranked(found: QuerySet[Region], word: str, ascii_word: bool) -> QuerySet[Region]:
    name: Combinable = F("name")
    if ascii_word:
        # Plain Pinyin of the display form: no spaces, apostrophes or accents.
        name = Lower(Func(F("pinyin"), Value("ü '"), Value("v"), function="translate", output_field=TextField()))
    found = found.annotate(plain_name=name)
    begins = Case(When(plain_name__startswith=word, then=0), default=1, output_field=IntegerField())
    return found.order_by("level", begins, Length("plain_name"), "code")


def _named_within(
    words: Sequence[str], levels: Sequence[int], scope: Sequence[tuple[int, int]], limit: int, among: Q | None
) -> list[Region]:
    """The last word among what the words before it name, from wide to narrow."""
    if len(words) < 2:
        return []
    for word in words[:-1]:
        places = _named(word, [1, 2, 3, 4], scope, 20)
        if not places:
            return []
        scope = [codes.code_range(place.code) for place in places]
    return _named(words[-1], levels, scope, limit, among)


def _split_address(text: str) -> list[str]:
    """An address without spaces as its divisions: 雷山县西江镇控拜村 → 雷山县, 西江镇, 控拜村."""
    parts: list[str] = []
    scope: list[tuple[int, int]] = []
    while len(text) > 2:
        heads = [text[:size] for size in range(2, min(len(text), 13))]
        found = Region.objects.filter(search=_lexemes(heads[0], [1, 2, 3, 4]), level__lt=Level.VILLAGE)
        best: tuple[int, list[int]] = (0, [])
        for place in found.filter(selectors.within(scope)) if scope else found:
            for name in (place.name, romanise.specific_part(place.name, place.level)[0]):
                if name in heads and len(name) >= best[0]:
                    best = (len(name), [*(best[1] if len(name) == best[0] else []), place.code])
        if not best[0]:
            break
        parts.append(text[: best[0]])
        scope = [codes.code_range(code) for code in best[1]]
        text = text[best[0] :]
    return [*parts, text] if text else parts


def similar_regions(text: str, *, limit: int = 10) -> list[Region]:
    """What may be meant by a text that no name holds: names that sound alike (朗德, 郎德), else those that begin like it.

    The longest beginning that is known is found by halving: what begins a name, its own beginning does too. At least two
    characters or four letters of it are looked for.
    """
    text = "".join("".join(c for c in text if c.isprintable()).split())[:60]
    found: list[Region] = []
    low, high = 4 if _ASCII.match(text) else 2, len(text)
    while low <= high:
        size = (low + high + 1) // 2
        nearest = _alike(text[:size], limit)
        if nearest:
            found, low = nearest, size + 1
        else:
            high = size - 1
    return found


def _alike(text: str, limit: int) -> list[Region]:
    sound = "".join(romanise.syllables(text)).replace("ü", "v")
    return search_regions(text, limit=limit) or (search_regions(sound, limit=limit) if sound != text.lower() else [])


def path_words(path: Iterable[Region]) -> str:
    """Province · prefecture · county, in the active language."""
    return " · ".join(localized(region, "name") for region in path)


def _page(region: Region) -> str:
    """Who looks for a village or its township wants the adviser; else, and where no room tells of advisers, the place."""
    if region.level >= Level.TOWNSHIP:
        try:
            return reverse("dashboards:coverage", args=[region.code])
        except NoReverseMatch:
            pass
    return reverse("regions:place", args=[region.code])


def search_hits(query: str, user: Any, limit: int) -> list[SearchHit]:
    """For the site's search box."""
    return _hits(search_regions(query, limit=limit))


def similar_hits(query: str, limit: int) -> list[SearchHit]:
    """For the site's search box where nothing was found."""
    return _hits(similar_regions(query, limit=limit))


def _hits(found: list[Region]) -> list[SearchHit]:
    above = selectors.paths(found)
    return [
        SearchHit(
            title=localized(region, "name"),
            url=_page(region),
            kind=region.get_level_display(),
            detail=path_words(above[region.code]),
        )
        for region in found
    ]
