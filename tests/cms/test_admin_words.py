"""Words that the editors' administration shares with the site keep the meaning that they have there."""

import pytest
from django.utils import translation

from cms.models import HomePage


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
