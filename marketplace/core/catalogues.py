"""Translation catalogues: what the sources say, what the .po files say, and whether the two agree.

Works without GNU gettext. A catalogue is written in one form only (sorted, no dates, no line numbers), so that several
people can change one at once. Msgids are English; the one translation is Chinese.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polib
from django.apps import AppConfig, apps
from django.utils.translation.template import templatize

from marketplace.environment import BASE_DIR

LOCALE = Path("locale", "zh_Hans", "LC_MESSAGES", "django.po")
METADATA = {
    "Language": "zh_Hans",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}

# gettext function -> positions of context, singular and plural among its arguments.
_FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
_STRING = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_TEMPLATE_CALL = re.compile(rf"(?<!\w)(_|n?p?gettext)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)", re.DOTALL)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sdfr]|(?<!%)%[sd]|\{\w*\}")


class Message(NamedTuple):
    context: str
    singular: str
    plural: str


@dataclass(frozen=True)
class Catalogue:
    """The messages of one app and the file with their translations."""

    label: str
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / LOCALE

    def wanted(self) -> set[Message]:
        """What the app's sources ask to be translated.

        Raises:
            SyntaxError: a source cannot be read.
        """
        messages: set[Message] = set()
        for source in sorted(self.folder.rglob("*.py")):
            if "migrations" not in source.parts:
                messages.update(python_messages(source.read_text("utf-8"), str(source)))
        for source in sorted((self.folder / "templates").rglob("*.*")):
            if source.suffix in {".html", ".txt", ".xml"}:
                messages.update(template_messages(source.read_text("utf-8"), str(source)))
        return {message for message in messages if message.singular}

    def written(self) -> polib.POFile:
        if not self.path.exists():
            return polib.POFile()
        return polib.pofile(str(self.path), encoding="utf-8")

    def updated(self) -> polib.POFile:
        """The catalogue with new messages added (untranslated) and unused ones left out, in its one form."""
        known = {_message(entry): entry for entry in self.written() if not entry.obsolete}
        fresh = polib.POFile(encoding="utf-8", wrapwidth=110)
        fresh.metadata = METADATA
        for message in sorted(self.wanted()):
            old = known.get(message)
            entry = polib.POEntry(
                msgid=message.singular,
                msgctxt=message.context or None,
                msgstr=old.msgstr if old and not message.plural else "",
                flags=["fuzzy"] if old and old.fuzzy else [],
                tcomment=old.tcomment if old else "",
            )
            if message.plural:
                entry.msgid_plural = message.plural
                entry.msgstr_plural = {0: old.msgstr_plural.get(0, "") if old else ""}
            fresh.append(entry)
        return fresh

    def update(self) -> tuple[list[Message], list[Message]]:
        """Write the catalogue anew. Gives the messages added and those dropped."""
        before = {_message(entry) for entry in self.written()}
        fresh = self.updated()
        after = {_message(entry) for entry in fresh}
        if fresh or self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(str(fresh) + "\n", "utf-8")
        return sorted(after - before), sorted(before - after)

    def faults(self) -> Iterator[str]:
        """What stands between this catalogue and a complete one, a line each."""
        where = self.path.relative_to(BASE_DIR)
        wanted, entries = self.wanted(), self.written()
        written = {_message(entry): entry for entry in entries}
        for message in sorted(wanted - written.keys()):
            yield f"{where}: missing: {message.singular!r}"
        for message in sorted(written.keys() - wanted):
            yield f"{where}: no longer used: {message.singular!r}"
        for entry in entries:
            texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
            if entry.fuzzy or entry.obsolete:
                yield f"{where}: fuzzy or obsolete: {entry.msgid!r}"
            elif not all(texts):
                yield f"{where}: not translated: {entry.msgid!r}"
            elif not _same_placeholders(entry, texts):
                yield f"{where}: other placeholders than {entry.msgid!r}: {texts[0]!r}"
        if self.path.exists() and self.path.read_text("utf-8") != str(self.updated()) + "\n":
            yield f"{where}: not in its written form; run `python manage.py messages {self.label}`"

    def compile(self) -> bool:
        """Write the .mo beside the .po, if it is older. Says whether it did."""
        target = self.path.with_suffix(".mo")
        if not self.path.exists() or (target.exists() and target.stat().st_mtime_ns >= self.path.stat().st_mtime_ns):
            return False
        # Several commands may do this at once: each puts a whole file in place.
        fresh = target.with_suffix(".mo.new")
        self.written().save_as_mofile(str(fresh))
        fresh.replace(target)
        return True


def catalogues(labels: Iterable[str] = ()) -> list[Catalogue]:
    """Those of our own apps, all or the named ones. Raises LookupError for an unknown label."""
    configs: list[AppConfig] = [apps.get_app_config(label) for label in labels] or list(apps.get_app_configs())
    return [Catalogue(config.label, Path(config.path)) for config in configs if is_ours(Path(config.path))]


def is_ours(path: Path) -> bool:
    return path.is_relative_to(BASE_DIR) and "site-packages" not in path.parts


def disagreements(of: Iterable[Catalogue]) -> Iterator[str]:
    """Messages that two apps translate differently: which of them a page shows would depend on the order of apps."""
    first: dict[Message, tuple[str, str]] = {}
    for catalogue in of:
        for entry in catalogue.written():
            text = entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr
            label, other = first.setdefault(_message(entry), (catalogue.label, text))
            if text and other and text != other:
                yield (
                    f"{entry.msgid!r} is {other!r} in {label} and {text!r} in {catalogue.label}; "
                    "agree on one, or tell them apart with a context"
                )


def python_messages(source: str, name: str) -> Iterator[Message]:
    """The literal arguments of gettext calls. Names are followed to their import, whatever they are called."""
    tree = ast.parse(source, name)
    local: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            local.update({alias.asname or alias.name: alias.name for alias in node.names})
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            function = local.get(node.func.id)
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            function = node.func.attr if local.get(node.func.value.id) or node.func.value.id == "translation" else None
        else:
            continue
        if function not in _FUNCTIONS:
            continue
        arguments = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
        picked = [
            arguments[position] if position is not None and position < len(arguments) else ""
            for position in _FUNCTIONS[function]
        ]
        if all(isinstance(part, str) for part in picked):
            yield Message(*map(str, picked))


def template_messages(source: str, name: str) -> Iterator[Message]:
    """Those of `translate`, `blocktranslate` and `_("…")`, as Django itself hands them to gettext's tools."""
    for function, arguments in _TEMPLATE_CALL.findall(templatize(source, name)):
        texts = [ast.literal_eval(text) for text in re.findall(_STRING, arguments)]
        context, singular, plural = _FUNCTIONS["gettext" if function == "_" else function]
        yield Message(
            texts[context] if context is not None else "",
            texts[singular],
            texts[plural] if plural is not None else "",
        )


def _message(entry: polib.POEntry) -> Message:
    return Message(entry.msgctxt or "", entry.msgid, entry.msgid_plural or "")


def _same_placeholders(entry: polib.POEntry, texts: list[str]) -> bool:
    # A plural form may leave the number out of its singular: "one day", "%(days)s days".
    allowed = [set(_PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgid_plural) if text]
    return all(set(_PLACEHOLDER.findall(text)) in allowed for text in texts)
