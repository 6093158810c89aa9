"""What the site's editors told its readers in the past weeks: written by one, approved by another, as on any day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.urls import reverse

from marketplace.procurement.models import Tender

from .cast import Cast
from .stage import Stage


@dataclass(frozen=True, slots=True)
class Story:
    """A piece of news: days from the day of the play, address, and (title, summary, text in pieces) in both languages.

    ``NOTICE`` in a text stands for the address of the tender it is about.
    """

    day: int
    slug: str
    chinese: tuple[str, ...]
    english: tuple[str, ...]


STORIES = (
    Story(
        -33,
        "hmong-lectures",
        (
            "苗语普法讲座开始采购",
            "雷山县司法局采购四十场苗语普法讲座，六十岁以上的村民可以用自己的话听法。",
            "<p>讲座进村进校，内容由村里点单：土地、婚姻、务工、养老。公告期内，供应商可以提问、提交响应文件。</p>",
            '<p>公告、日期和条文依据，见<a href="NOTICE">采购公告</a>。</p>',
        ),
        (
            "Tender opens for law lectures in Hmong",
            "Leishan's justice bureau is buying forty lectures in Hmong, so that villagers over sixty can hear about the law in their own language.",
            "<p>The lectures go to villages and schools, on what the villages ask for: land, marriage, work away from home, old age. ",
            "Suppliers may ask questions and submit responses while the notice is open.</p>",
            '<p>The dates, and the articles of law behind them, are in the <a href="NOTICE">notice</a>.</p>',
        ),
    ),
    Story(
        -15,
        "hmong-lectures-again",
        (
            "苗语普法讲座将重新采购",
            "首次采购只有一家供应商响应，依法不能成交。讲座不会取消，调整场次时长和预算后重新采购。",
            '<p>首次采购的结果和依据，见<a href="NOTICE">项目页面</a>。新的公告发布后，会列在<a href="/procurement/">采购公告</a>里。</p>',
        ),
        (
            "Hmong-language law lectures to be tendered again",
            "Only one supplier took part in the first procedure, so by law no award could be made. The lectures are not dropped: their length and budget will be changed and they will be tendered again.",
            '<p>How the first procedure ended, and why, is set out <a href="NOTICE">on its page</a>. Once published, the new notice will be listed under <a href="/procurement/">Notices</a>.</p>',
        ),
    ),
    Story(
        -14,
        "advisers-next-year",
        (
            "下一年度村（社区）法律顾问公告发布",
            "雷山县一百六十六个村（社区）的法律顾问，分三个标段采购。本年度的顾问服务到合同期满，不会断档。",
            "<p>入户调查时，大多数受访村希望继续有固定的顾问，并增加远程答复和赶集日咨询。这些要求已写进采购需求。</p>",
            "<h2>对村民有什么影响</h2>",
            "<p>现在的顾问照常到村。新合同签订后，村的页面会写明下一位顾问是谁、为什么是他。</p>",
            '<p>本村的顾问是谁：<a href="/coverage/">一村一顾问</a>。公告全文：<a href="NOTICE">采购公告</a>。</p>',
        ),
        (
            "The notice for next year's village advisers is out",
            "Advisers for all 166 villages and communities of the county, in three lots. This year's advisers serve to the end of their contracts, so there will be no gap.",
            "<p>Asked at home, most villages wished to keep an adviser of their own, with remote answers and advice on market days. ",
            "Both are written into the notice as requirements.</p>",
            "<h2>What changes for villagers</h2>",
            "<p>Nothing for the moment: the present advisers go on visiting. Once the new contracts are signed, the page of each village says who comes next, and why.</p>",
            '<p>Who advises my village: <a href="/coverage/">Coverage</a>. In full: <a href="NOTICE">the procurement notice</a>.</p>',
        ),
    ),
    Story(
        -5,
        "coming-calls",
        (
            "近期志愿服务开始报名",
            "赶集日咨询、家事调解、普法课、老人法律体检：缺人的地方都列出来了，会苗语的人最缺。",
            "<p>没有律师证也能帮忙：读一封信、做一会儿翻译、维持一下秩序。名额满了可以候补，空出来按先后递补。</p>",
            '<p>离您近的服务：<a href="/volunteering/">志愿服务</a>。第一次来，先看<a href="/guide/volunteer/">怎么当志愿者</a>。</p>',
        ),
        (
            "Sign-up is open for the coming weeks' volunteer services",
            "Advice on market days, family mediation, a law lesson, a legal check-up for older people: all places that need somebody are listed. Speakers of Hmong are wanted most.",
            "<p>No licence is needed to read a letter to somebody, to interpret for a while or to keep order in a queue. When a shift is full you can join the waiting list; ",
            "places that come free are offered in order.</p>",
            '<p>What is near you: <a href="/volunteering/">Volunteering</a>. New here? Read <a href="/guide/volunteer/">how to become a volunteer</a>.</p>',
        ),
    ),
)


class News:
    """Plays the editors. Their pages are another room's: they are known by name here, as to anybody who edits."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast

    def play(self, tenders: Mapping[str, Tender]) -> None:
        """``tenders``: what a story of that address is about."""
        section = apps.get_model("cms", "NewsIndexPage").objects.get()
        model = apps.get_model("cms", "NewsPage")
        for story in STORIES:
            title, summary, *text = story.chinese
            title_en, summary_en, *text_en = story.english
            about = tenders.get(story.slug)
            notice = reverse("procurement:tender", args=[about.pk]) if about else ""
            page = section.add_child(
                instance=model(
                    slug=story.slug,
                    date=self.stage.day(story.day),
                    title=title,
                    summary=summary,
                    body=_text(text, notice),
                    title_en=title_en,
                    summary_en=summary_en,
                    body_en=_text(text_en, notice),
                    live=False,
                    owner=self.cast.editor,
                )
            )
            page.save_revision(user=self.cast.editor)
            page.get_workflow().start(page, self.cast.editor)
            page.current_workflow_task_state.approve(user=self.cast.reviewer)


def _text(pieces: list[str], notice: str) -> str:
    return json.dumps([{"type": "text", "value": "".join(pieces).replace("NOTICE", notice)}])
