import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from wagtail.models import Page, Site

from cms import content_files
from cms.models import GuideIndexPage, GuidePage, HomePage, LawKnowledgePage, NewsIndexPage, NewsPage
from cms.search import page_hits

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages():
    call_command("load_pages", verbosity=0)


def test_the_site_begins_with_our_home_page(client_for):
    site = Site.objects.get(is_default_site=True)
    assert isinstance(site.root_page.specific, HomePage)
    chinese = client_for().get("/").content.decode()
    assert "<h1>每个村都有自己的法律顾问</h1>" in chinese
    assert 'lang="zh-Hans"' in chinese
    english = client_for(language="en").get("/").content.decode()
    assert "<h1>Every village has its own legal adviser</h1>" in english
    assert 'lang="en"' in english


def test_loading_twice_adds_nothing_and_keeps_what_editors_wrote(pages):
    count = Page.objects.count()
    guide = GuidePage.objects.get(slug="bid")
    guide.title = "改过的标题"
    guide.save_revision().publish()
    call_command("load_pages", verbosity=0)
    assert Page.objects.count() == count
    assert GuidePage.objects.get(slug="bid").title == "改过的标题"


def test_every_page_file_holds_the_same_blocks_in_both_languages():
    for name in ("guide", "law", "news"):
        index, files = content_files.section(name)
        for file in (index, *files):
            assert file.english.title != file.chinese.title
            assert file.english.summary
            assert [b["type"] for b in file.english.body] == [b["type"] for b in file.chinese.body], file.slug
            for chinese, english in zip(file.chinese.body, file.english.body, strict=True):
                if chinese["type"] == "steps":
                    assert len(chinese["value"]) == len(english["value"]) >= 3, file.slug


def test_a_file_without_english_is_refused(tmp_path):
    path = tmp_path / "x.md"
    path.write_text("# 标题\n\n摘要", encoding="utf-8")
    with pytest.raises(ValueError, match="two languages"):
        content_files.read(path)


def test_a_guide_reads_in_both_languages(pages, client_for):
    chinese = client_for().get("/guide/bid/").content.decode()
    assert "<b>保存回执</b>" in chinese
    assert "写给律师和律所" in chinese
    english = client_for(language="en").get("/guide/bid/").content.decode()
    assert "<b>Keep the receipt</b>" in english
    assert "保存回执" not in english


def test_each_page_sends_its_readers_to_whoever_can_answer(pages, client_for):
    """A villager asks an adviser, a bureau or firm asks the bureau; the contact page does not send in a circle."""
    client = client_for(language="en")
    law = client.get("/law/old-debt/").content.decode()
    assert "ask the adviser of your village" in law
    assert "This is general information" in law
    bid = client.get("/guide/bid/").content.decode()
    assert "Ask the justice bureau of your county." in bid
    assert "ask the adviser of your village" not in bid
    buy = client.get("/guide/buy/").content.decode()
    assert "ask the finance department at your level" in buy
    assert "Ask the justice bureau of your county." not in buy
    assert bid.index("/guide/find-your-adviser/") < bid.index("/guide/accessibility/"), "villagers' guides come first"
    contact = client.get("/guide/contact/").content.decode()
    assert "Still have a question?" not in contact
    assert "/account/organisations/" in contact


def test_english_readers_are_told_when_there_is_only_chinese(pages, client_for):
    page = LawKnowledgePage.objects.get(slug="old-debt")
    page.body_en = []
    page.save_revision().publish()
    html = client_for(language="en").get("/law/old-debt/").content.decode()
    assert "This page is available in Chinese only." in html
    assert "诉讼时效期间为三年" in html


def test_sections_group_their_pages(pages, client_for):
    html = client_for(language="en").get("/guide/").content.decode()
    assert html.index("<h2>Villagers</h2>") < html.index("<h2>Justice bureaus</h2>") < html.index("<h2>Everybody</h2>")


def test_news_are_listed_newest_first_with_a_fixed_number_of_queries(pages, client_for):
    index = NewsIndexPage.objects.get()

    def add(day):
        index.add_child(instance=NewsPage(title=f"动态{day}", title_en=f"News {day}", date=f"2026-11-{day:02}"))

    def queries():
        with CaptureQueriesContext(connection) as captured:
            html = client_for().get("/news/").content.decode()
        return len(captured), html

    add(3)
    queries()  # fills caches of sites and content types
    one, _html = queries()
    add(5)
    add(4)
    three, html = queries()
    assert one == three
    assert html.index("动态5") < html.index("动态4") < html.index("动态3")


def test_an_empty_news_section_says_so(pages, client_for):
    assert "还没有动态" in client_for().get("/news/").content.decode()


def found(query: str, limit: int = 10) -> list[str]:
    return [str(hit.title) for hit in page_hits(query, None, limit)]


def test_the_search_box_finds_published_pages_in_either_language(pages):
    guide = "投标：从看公告到拿到回执"
    assert found("回执") == found("receipt") == found("投标 回执") == [guide]
    assert found("欠 回执") == []
    assert len(found("e")) > 3
    assert len(found("e", 3)) == 3
    with translation.override("en"):
        assert found("回执") == ["Bidding: from the notice to your receipt"]
    GuidePage.objects.get(slug="bid").unpublish()
    assert found("回执") == []


def test_guides_belong_to_their_section_only():
    assert GuidePage.can_create_at(GuideIndexPage())
    assert not GuidePage.can_create_at(HomePage.objects.get())
