"""Words that the editors' administration shares with the site keep the meaning that they have there."""

from pathlib import Path

import polib
import pytest
import wagtail
from django.apps import apps
from django.utils import translation

from cms import administration_words as words
from cms.models import HomePage
from marketplace.core.catalogues import python_messages


def _of_wagtail(language: str) -> dict[tuple[str, str], polib.POEntry]:
    folders = [Path(app.path) for app in apps.get_app_configs() if app.name.split(".")[0] == "wagtail"]
    files = [folder / "locale" / language / "LC_MESSAGES" / "django.po" for folder in folders]
    return {
        (entry.msgid, entry.msgid_plural): entry
        for file in files
        if file.exists()
        for entry in polib.pofile(str(file))
        if entry.translated() or language == "en"
    }


def test_what_we_say_for_wagtail_it_says_in_english_and_not_yet_in_chinese() -> None:
    source = Path(words.__file__).read_text(encoding="utf-8")
    listed = {(message.singular, message.plural) for message in python_messages(source, "words")}
    otherwise = {(word, "") for word in words.OTHERWISE}
    assert listed == {(w, "") for w in words.UNTRANSLATED} | otherwise | {m for m in listed if m[1]}
    assert len(listed) == sum(map(len, (words.UNTRANSLATED, words.UNTRANSLATED_PLURALS, words.OTHERWISE)))
    english, chinese = _of_wagtail("en"), _of_wagtail("zh_Hans")
    assert listed - english.keys() == set(), f"Wagtail {wagtail.__version__} no longer says these"
    assert listed & chinese.keys() == otherwise, f"Wagtail {wagtail.__version__} says the others in Chinese itself"


def test_the_tick_that_takes_the_whole_site_down_is_chinese() -> None:
    tick = "This page has one subpage. Unpublish this too"
    with translation.override("zh-hans"):
        assert (
            translation.ngettext(tick, "This page has %(live_descendant_count)s subpages. Unpublish these too", 29)
            == "此页面下还有 %(live_descendant_count)s 个已发布的页面，一并取消发布"
        )
        # Ours, where Wagtail has another.
        assert translation.gettext("Promote") == "网址与搜索"


@pytest.mark.parametrize(
    ("word", "chinese"),
    [
        ("Pages", "页面"),
        ("Documents", "文档"),
        ("Home", "首页"),
        ("Published", "已发布"),
        ("Submitted", "已提交"),
        ("Document", "文档"),
        ("document", "文档"),
        ("Cancelled", "已取消"),
        ("active", "有效"),
        ("comment", "评论"),
        ("description", "描述"),
        ("Yes", "是"),
        ("No", "否"),
    ],
)
def test_the_site_does_not_change_a_word_of_the_administration(word: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert translation.gettext(word) == chinese


@pytest.mark.django_db
def test_who_edits_in_english_finds_pages_by_their_english_titles() -> None:
    page = HomePage(title="每个村都有法律顾问", title_en="Every village has an adviser")
    bare = HomePage(title="每个村都有法律顾问")
    with translation.override("en"):
        assert page.get_admin_display_title() == "Every village has an adviser"
        assert bare.get_admin_display_title() == "每个村都有法律顾问"
    with translation.override("zh-hans"):
        assert page.get_admin_display_title() == "每个村都有法律顾问"
        # The draft's title, where it is not that of the live page.
        page.draft_title = "村村有顾问"
        assert page.get_admin_display_title() == "村村有顾问"
