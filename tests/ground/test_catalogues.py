"""The tool that keeps the translations: what it reads, what it writes, what it refuses."""

from pathlib import Path
from textwrap import dedent

import polib
import pytest
from django.core.management import CommandError, call_command

from marketplace.core import catalogues
from marketplace.core.catalogues import Catalogue, Message, disagreements, python_messages, template_messages


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.setattr(catalogues, "BASE_DIR", tmp_path)
    folder = tmp_path / "shop"
    (folder / "templates" / "shop").mkdir(parents=True)
    (folder / "views.py").write_text(
        "from django.utils.translation import gettext_lazy as _\nOPEN = _('Open')\nHELLO = _('Hello, %(name)s')\n"
    )
    (folder / "templates" / "shop" / "home.html").write_text('{% load i18n %}{% translate "Close" %}')
    return Catalogue("shop", folder)


def translate(app: Catalogue, **texts: str) -> None:
    written = app.written()
    for entry in written:
        entry.msgstr = texts.get(entry.msgid.split(",")[0], entry.msgstr)
    app.path.write_text(str(written) + "\n", "utf-8")


def complete(app: Catalogue) -> None:
    app.update()
    translate(app, Open="打开", Close="关闭", Hello="您好，%(name)s")


def test_python_sources_are_read_by_their_imports() -> None:
    source = dedent(
        """
        from django.utils import translation
        from django.utils.translation import gettext as _, npgettext_lazy, ngettext, pgettext
        from elsewhere import gettext
        _("one " "text"), ngettext("%d day", "%d days", n), pgettext("verb", "open"), translation.gettext("by module")
        npgettext_lazy("of work", "%d hour", "%d hours", "n")
        gettext("not ours"), _(variable), _(f"made {up}"), print("plain")
        """
    )

    assert set(python_messages(source, "x.py")) == {
        Message("", "one text", ""),
        Message("", "%d day", "%d days"),
        Message("verb", "open", ""),
        Message("", "by module", ""),
        Message("of work", "%d hour", "%d hours"),
    }


def test_templates_are_read_as_django_reads_them() -> None:
    source = dedent(
        """
        {% load i18n %}{# {% translate "comment" %} #}
        {% translate "It's" %} {% trans 'a "b"' as x %} {% translate "50%" context "share" %}
        {{ _("constant")|upper }} {% if kind == _("compared") %}{% endif %}
        {% blocktranslate trimmed count n=days with who=a.b %}
          {{ who }}: one
          day
        {% plural %}
          {{ who }}: {{ n }} days
        {% endblocktranslate %}
        <script>gettext('in a script')</script>
        """
    )

    assert set(template_messages(source, "x.html")) == {
        Message("", "It's", ""),
        Message("", 'a "b"', ""),
        Message("share", "50%%", ""),
        Message("", "constant", ""),
        Message("", "compared", ""),
        Message("", "%(who)s: one day", "%(who)s: %(n)s days"),
    }


def test_an_update_adds_drops_and_keeps(app: Catalogue) -> None:
    added, dropped = app.update()
    assert [message.singular for message in added] == ["Close", "Hello, %(name)s", "Open"]
    translate(app, Open="打开")
    (app.folder / "templates" / "shop" / "home.html").write_text("nothing")

    added, dropped = app.update()

    assert (added, dropped) == ([], [Message("", "Close", "")])
    assert {entry.msgid: entry.msgstr for entry in app.written()} == {"Hello, %(name)s": "", "Open": "打开"}


def test_the_file_has_one_form(app: Catalogue) -> None:
    complete(app)
    text = app.path.read_text("utf-8")

    app.update()

    assert app.path.read_text("utf-8") == text
    assert "POT-Creation-Date" not in text
    assert "#:" not in text


def test_a_complete_catalogue_has_no_faults_and_compiles(app: Catalogue) -> None:
    complete(app)

    assert list(app.faults()) == []
    assert app.compile() is True
    assert app.compile() is False
    assert [entry.msgstr for entry in polib.mofile(str(app.path.with_suffix(".mo"))) if entry.msgid == "Open"] == [
        "打开"
    ]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda app: translate(app, Open=""), "not translated: 'Open'"),
        (lambda app: translate(app, Hello="您好"), "other placeholders than 'Hello, %(name)s'"),
        (lambda app: (app.folder / "views.py").write_text(""), "no longer used: 'Open'"),
        (
            lambda app: (app.folder / "new.py").write_text(
                "from django.utils.translation import gettext\nx = gettext('New')"
            ),
            "missing: 'New'",
        ),
        (
            lambda app: app.path.write_text(
                app.path.read_text("utf-8").replace('msgid "Open"', '#, fuzzy\nmsgid "Open"')
            ),
            "fuzzy or obsolete: 'Open'",
        ),
        (lambda app: app.path.write_text(app.path.read_text("utf-8") + "\n\n"), "not in its written form"),
    ],
)
def test_each_fault_is_named(app: Catalogue, spoil, fault: str) -> None:
    complete(app)
    spoil(app)

    assert fault in "\n".join(app.faults())


def test_two_apps_must_not_translate_one_text_differently(app: Catalogue, tmp_path: Path) -> None:
    complete(app)
    other = Catalogue("house", tmp_path / "house")
    other.folder.mkdir()
    (other.folder / "a.py").write_text("from django.utils.translation import gettext\nx = gettext('Open')")
    other.update()
    assert list(disagreements([app, other])) == []

    translate(other, Open="公开")

    assert [fault.partition(";")[0] for fault in disagreements([app, other])] == [
        "'Open' is '打开' in shop and '公开' in house"
    ]


def test_an_unknown_app_is_refused() -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("messages", "nowhere")
