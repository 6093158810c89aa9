"""Names of divisions: the short Chinese name, its romanisation, and an English name made from both.

Romanisation follows the place-name rules in broad lines: syllables of the specific part are written together
(four are split two and two, for the eye), the generic part (县, 镇, 村) becomes an English word, nationalities are
named in English, and what has an established English name keeps it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby

from pypinyin import Style, pinyin

from marketplace.regions import place_words

#: prefecture levels that stand only in the code: nothing is governed from there
PLACEHOLDERS = place_words.PLACEHOLDERS

_HAN = re.compile(r"[\u3007\u3400-\u9fff\ue000-\uf8ff\U00020000-\U0003ffff]")
_COMMITTEE = re.compile(
    r"^(?P<place>.+?)(?P<body>"
    r"村村民委员会|村民委员会|村民委会|村村委会|村委会|村村委|"
    r"社区居民委员会|社区居民委会|社区居委会|居民委员会|居民委会|居委会|"
    r"嘎查委员会|嘎查委会|牧民委员会|牧委会)$"
)
_BODIES = {"村": "村", "社": "社区", "嘎": "嘎查"}
_UNITS = ("村", "社区", "嘎查", "生活区", "管理区", "小区", "街区")
_NUMBERED = re.compile(r"^(?P<place>.*)第(?P<number>[一二三四五六七八九]?十?[一二三四五六七八九]?)$")
_STANDS_WITH_ONE = "县市区旗镇乡村"
_DIGITS = {c: n for n, c in enumerate("一二三四五六七八九", start=1)}


def short_name(official: str) -> str:
    """The name people use: 西门村村民委员会 is 西门村, 城南社区居民委员会 is 城南社区."""
    match = _COMMITTEE.match(official)
    if match is None:
        return official
    place, body = match["place"], match["body"]
    if body.startswith(tuple(_BODIES)):
        unit = _BODIES[body[0]]
        return place if place.endswith(_UNITS) else place + unit
    if body.startswith("牧"):
        return place if place.endswith(_UNITS) else place + "牧民村"
    return place if place.endswith(_UNITS) else place + "居委会"


class _Readings(dict[str, str]):
    """Character to toneless syllable with ü kept; "" for what has no reading. Filled as characters come."""

    def __missing__(self, char: str) -> str:
        if char in place_words.CHARACTERS:
            read = place_words.CHARACTERS[char]
        elif not _HAN.match(char):
            # Digits and letters, also the wide ones, read as themselves.
            folded = unicodedata.normalize("NFKC", char).lower()
            read = folded if folded.isascii() and folded.isalnum() else ""
        else:
            found = pinyin(char, style=Style.NORMAL, v_to_u=True, errors="ignore")
            read = str(found[0][0]) if found else ""
        self[char] = read
        return read


_READINGS = _Readings()


def syllables(text: str) -> list[str]:
    """One toneless syllable a character, by words where a word reads otherwise than its characters."""
    read = [_READINGS[char] for char in text]
    if not place_words.WORDS_BY_FIRST.keys().isdisjoint(text):
        for index, char in enumerate(text):
            for word in place_words.WORDS_BY_FIRST.get(char, ()):
                if text.startswith(word, index):
                    read[index : index + len(word)] = place_words.WORDS[word].split()
                    break
    return read


def specific_part(name: str, level: int) -> tuple[str, str]:
    """(specific part, English words for the rest) of a short name; the name itself and "" if it has no known rest."""
    for generic, english in place_words.GENERIC[level].get(name[-1:], ()):
        if len(name) > len(generic) and name.endswith(generic):
            specific = name[: -len(generic)]
            if 1 < level < 5 and generic in place_words.ETHNIC_GENERIC:
                specific, nations = _split_nations(specific)
                if nations:
                    english = f"{nations} {place_words.ETHNIC_GENERIC[generic]}"
            return specific, english
    return name, ""


def _split_nations(text: str) -> tuple[str, str]:
    found: list[str] = []
    while True:
        for nation, english in place_words.NATIONS:
            if text.endswith(nation) and len(text) > len(nation):
                text = text[: -len(nation)]
                found.insert(0, english)
                break
        else:
            break
    if not found:
        return text, ""
    head, last = found[:-1], found[-1]
    return text, f"{', '.join(head)} and {last}" if head else last


@dataclass(frozen=True, slots=True)
class Romanisation:
    """`display` is the specific part in capitalised Pinyin; `lexemes` is what a search finds the division by."""

    display: str
    lexemes: tuple[str, ...]


def romanise(name: str, level: int) -> Romanisation:
    """Read a short name once, for display and for search.

    The lexemes are every tail of the name, in characters and in plain Pinyin, each marked with its level: a prefix
    match on a tail is an infix match on the name, which a plain GIN index serves without trigrams.
    """
    if level == 2 and name in PLACEHOLDERS:
        return Romanisation(PLACEHOLDERS[name], ())  # nobody looks for it
    specific, rest = specific_part(name, level)
    read = syllables(name)
    size = len(specific)
    established = place_words.ESTABLISHED.get(name)
    plain_read = [s.replace("ü", "v") for s in read]
    mark = str(level)
    tails = {mark + tail for i in range(size) if read[i] for tail in (name[i:].lower(), "".join(plain_read[i:]))}
    if "ü" in "".join(read):
        tails |= {tail.replace("v", "u") for tail in tails if tail.isascii()}
    if established:
        tails.add(mark + plain(established))
    if not tails:
        tails.add(mark + name.lower())
    display = established or _display(name, read, size, rest, level) or name
    return Romanisation(display, tuple(sorted(tails)))


def _display(name: str, read: list[str], size: int, rest: str, level: int) -> str:
    numbered = _NUMBERED.match(name[:size]) if "第" in name else None
    if numbered:
        head = _words(read[: numbered.end("place")], level)
        return f"{head} No. {_number(numbered['number'])}".strip()
    if size == 1 and level >= 3 and rest and name[1] in _STANDS_WITH_ONE:
        size = 2  # 单 alone would not stand: Shanxian County, Dingcun Village
    return _words(read[:size], level)


def _number(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    value = (_DIGITS[tens] if tens else 1) * 10 if ten else 0
    return value + (_DIGITS[ones] if ones else 0)


def _words(read: list[str], level: int) -> str:
    words: list[str] = []
    for voiced, run in groupby(read, key=bool):
        group = list(run) if voiced else []
        while level >= 4 and len(group) > 3:
            words.append(_joined(group[:2]))
            group = group[2:]
        if group:
            words.append(_joined(group))
    return " ".join(words)


def _joined(part: list[str]) -> str:
    text = part[0]
    for syllable in part[1:]:
        # Xi'an is not Xian.
        text += f"'{syllable}" if syllable[0] in "aeo" and text[-1].isalpha() else syllable
    return text[0].upper() + text[1:]


def english_name(code: int, level: int, name: str, romanised_name: str) -> str:
    """The name on English pages; established names stand as they are ."""
    if level == 1 or (level == 2 and name in PLACEHOLDERS):
        return romanised_name
    rest = specific_part(name, level)[1]
    return f"{romanised_name} {rest}".strip()


def plain(text: str) -> str:
    """What a person types: lower case, no spaces, apostrophes or hyphens, v for ü."""
    return re.sub(r"[\s'’·\-]", "", text.lower()).replace("ü", "v")
