from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from django.utils.html import strip_tags
from djmoney.forms import MoneyField

from marketplace.core import clock, words
from marketplace.core.units import minutes, points, yuan

BEIJING = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING)


@pytest.fixture(autouse=True)
def _present():
    with clock.rehearse(NOW):
        yield


def show(source: str, language: str = "en", **context) -> str:
    with translation.override(language):
        return Template("{% load ui %}" + source).render(Context(context))


def text(html: str) -> str:
    return strip_tags(html).replace("\xa0", " ").strip()


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (yuan(830000), "¥830,000", "¥830,000"),
        (yuan("830000.50"), "¥830,000.50", "¥830,000.50"),
        (Decimal("-12.00"), "−¥12", "−¥12"),
        (0, "¥0", "¥0"),
        (minutes(150), "2 h 30 min", "2 小时 30 分"),
        (points(1), "1 point", "1 积分"),
        (points(1200), "1,200 points", "1,200 积分"),
        (None, "", ""),
    ],
)
def test_money(value, english, chinese):
    assert text(show("{{ v|money }}", v=value)) == english
    assert text(show("{{ v|money }}", "zh-hans", v=value)) == chinese


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "0 min", "0 分钟"),
        (45, "45 min", "45 分钟"),
        (120, "2 h", "2 小时"),
        (234_720, "3,912 h", "3,912 小时"),
        (-90, "−1 h 30 min", "−1 小时 30 分"),
    ],
)
def test_duration(value, english, chinese):
    assert text(show("{{ v|duration }}", v=value)) == english
    assert text(show("{{ v|duration }}", "zh-hans", v=value)) == chinese


def test_no_line_ends_between_a_number_and_its_unit():
    assert show("{{ v|duration }}", v=150) == "2\xa0h 30\xa0min"
    assert "还剩 6\xa0天 4\xa0小时" in show(
        "{{ v|deadline }}", "zh-hans", v=NOW + timedelta(days=6, hours=4, minutes=50)
    )
    assert show("{{ v|money }}", v=points(15)) == "15\xa0points"


@pytest.mark.parametrize(
    ("instant", "english", "chinese"),
    [
        (datetime(2026, 11, 23, 14, 0, tzinfo=BEIJING), "today 14:00", "今天 14:00"),
        (datetime(2026, 11, 24, 9, 5, tzinfo=BEIJING), "tomorrow 09:05", "明天 09:05"),
        (datetime(2026, 11, 22, 23, 59, tzinfo=BEIJING), "yesterday 23:59", "昨天 23:59"),
        (datetime(2026, 11, 29, 17, 0, tzinfo=BEIJING), "Sun 29 Nov 17:00", "11 月 29 日（周日）17:00"),
        (datetime(2026, 11, 30, 17, 0, tzinfo=BEIJING), "30 Nov 17:00", "11 月 30 日 17:00"),
        (datetime(2027, 1, 3, 17, 0, tzinfo=BEIJING), "3 Jan 2027 17:00", "2027 年 1 月 3 日 17:00"),
        # 17:00 in London is the next day in Beijing
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), "tomorrow 01:00", "明天 01:00"),
    ],
)
def test_when(instant, english, chinese):
    assert text(show("{{ v|when }}", v=instant)) == english
    assert text(show("{{ v|when }}", "zh-hans", v=instant)) == chinese


def test_when_carries_the_exact_instant_and_its_zone():
    html = show("{{ v|when }}", "zh-hans", v=datetime(2026, 11, 29, 9, 0, 7, tzinfo=UTC))
    assert 'datetime="2026-11-29T17:00:07+08:00"' in html
    assert 'title="北京时间 2026-11-29 17:00:07"' in html
    assert 'class="near"' not in html
    assert 'class="near"' in show("{{ v|when }}", v=NOW)


def test_day_names_the_year_only_where_it_differs():
    assert text(show("{{ v|day }}", v=date(2026, 11, 29))) == "29 Nov"
    assert text(show("{{ v|day }}", "zh-hans", v=date(2027, 1, 3))) == "2027 年 1 月 3 日"
    assert text(show("{{ v|day }}", v=datetime(2026, 11, 29, 23, 0, tzinfo=UTC))) == "30 Nov"


@pytest.mark.parametrize(
    ("left", "english", "chinese", "tone"),
    [
        (timedelta(days=6, hours=4, minutes=50), "(6 days 4 hours left)", "（还剩 6 天 4 小时）", ""),
        (timedelta(days=1), "(1 day left)", "（还剩 1 天）", ""),
        (timedelta(hours=23, minutes=59), "(23 hours 59 minutes left)", "（还剩 23 小时 59 分钟）", "soon"),
        (timedelta(seconds=59), "(less than a minute left)", "（还剩不到 1 分钟）", "soon"),
        (timedelta(0), "(time is up)", "（已到期）", "past"),
        (-timedelta(seconds=1), "(time is up)", "（已到期）", "past"),
    ],
)
def test_deadline(left, english, chinese, tone):
    html = show("{{ v|deadline }}", v=NOW + left)
    assert text(html).endswith(english)
    assert f'class="deadline{" " + tone if tone else ""}"' in html
    assert text(show("{{ v|deadline }}", "zh-hans", v=NOW + left)).endswith(chinese)


def test_what_is_still_owed_says_how_late_it_is():
    html = show('{{ v|deadline:"owed" }}', v=NOW - timedelta(days=2, hours=5))
    assert text(html).endswith("(2 days late)")
    assert 'class="deadline late"' in html
    assert text(show('{{ v|deadline:"owed" }}', "zh-hans", v=NOW - timedelta(days=2, hours=5))).endswith(
        "（已逾期 2 天）"
    )
    assert text(show('{{ v|deadline:"owed" }}', v=NOW - timedelta(seconds=1))).endswith("(time is up)")
    assert text(show('{{ v|deadline:"owed" }}', v=NOW + timedelta(days=1))).endswith("(1 day left)")


def test_span_rounds_down_to_two_units():
    with translation.override("en"):
        assert text(words.span_words(timedelta(days=2, minutes=59))) == "2 days"
        assert text(words.left_words(timedelta(hours=1))) == "1 hour left"
        assert text(words.span_words(timedelta(hours=1, minutes=1, seconds=59))) == "1 hour 1 minute"


@pytest.mark.parametrize(
    ("start", "end", "english", "chinese"),
    [
        ((2026, 12, 8, 14), (2026, 12, 8, 17), "Tue 8 Dec 14:00 – 17:00", "12 月 8 日（周二）14:00 – 17:00"),
        (
            (2026, 11, 24, 9),
            (2026, 11, 24, 12),
            "Tue 24 Nov 09:00 – 12:00 (tomorrow)",
            "11 月 24 日（周二）09:00 – 12:00（明天）",
        ),
        (
            (2026, 11, 20, 22),
            (2026, 11, 21, 6),
            "Fri 20 Nov 22:00 – Sat 21 Nov 06:00",
            "11 月 20 日（周五）22:00 – 11 月 21 日（周六）06:00",
        ),
        ((2027, 1, 4, 9), (2027, 1, 4, 12), "Mon 4 Jan 2027 09:00 – 12:00", "2027 年 1 月 4 日（周一）09:00 – 12:00"),
    ],
)
def test_hours_have_their_weekday_however_far_they_are(start, end, english, chinese):
    first, last = datetime(*start, tzinfo=BEIJING), datetime(*end, tzinfo=BEIJING)
    assert text(show("{{ a|hours:b }}", a=first, b=last)) == english
    assert text(show("{{ a|hours:b }}", "zh-hans", a=first, b=last)) == chinese


@pytest.mark.parametrize("name", ["money", "when", "day", "deadline", "duration", "number", "percent"])
def test_nothing_gives_nothing(name):
    assert show("{{ v|" + name + " }}", v=None) == ""


def test_numbers():
    assert show("{{ v|number }} {{ r|percent }}", v=3912, r=0.976) == "3,912 97.6%"
    # 163 villages of 620,572 are few, not none.
    assert show("{{ r|percent }} {{ z|percent }}", r=163 / 620572, z=0) == "&lt;0.1% 0.0%"


class Thing:
    STATE_TONES = {"open": "go"}
    state = "open"
    title = "<村>"
    title_en = ""

    def get_state_display(self):
        return "Open <b>"


def test_state_tag_as_tag_and_filter():
    html = '<span class="tag go">Open &lt;b&gt;</span>'
    assert show("{% state_tag v %}", v=Thing()) == html
    assert show("{{ v|state_tag }}", v=Thing()) == html


def test_localized_falls_back_to_chinese_and_escapes():
    assert show('{{ v|localized:"title" }}', v=Thing()) == "&lt;村&gt;"
    thing = Thing()
    thing.title_en = "Village"
    assert show('{{ v|localized:"title" }}', v=thing) == "Village"
    assert show('{{ v|localized:"title" }}', "zh-hans", v=thing) == "&lt;村&gt;"


def test_fact_is_silent_without_a_value_and_shows_zero():
    assert show('{% fact "Left" v %}', v=None) == ""
    assert show('{% fact "Left" v %}', v=0) == "<dt>Left</dt><dd>0</dd>"


def test_breadcrumbs_end_here():
    html = show('{% breadcrumbs "Notices" "/procurement/" v %}', v="No <7>")
    assert '<a href="/procurement/">Notices</a>' in html
    assert '<span aria-current="page">No &lt;7&gt;</span>' in html


def test_tiles_count_what_they_show():
    html = show('{% tiles v "all" %}', v=[("", "adviser", 3), ("n", "nobody", 2)])
    assert html.count('title="adviser"') == 3
    assert html.count('<i class="n" title="nobody">') == 2
    assert 'aria-label="all"' in html


def test_pager_keeps_the_rest_of_the_address():
    request = RequestFactory().get("/x/?q=村&page=2")
    page = Paginator(range(60), 25).page(2)
    html = show("{% pager page %}", page=page, request=request)
    assert "26–50 of 60 entries" in html
    assert "?q=%E6%9D%91&amp;page=3" in html
    assert '<span aria-current="page">2</span>' in html


def test_pager_of_an_empty_list_is_silent():
    assert show("{% pager page %}", page=Paginator([], 25).page(1)).strip() == ""


def test_request_key_is_new_for_a_form_and_kept_for_its_return():
    factory = RequestFactory()
    first = show("{% request_key %}", request=factory.get("/"))
    assert first != show("{% request_key %}", request=factory.get("/"))
    again = show("{% request_key %}", request=factory.post("/", {"request_key": 'k"1'}))
    assert again == '<input type="hidden" name="request_key" value="k&quot;1">'


def test_nav_link_knows_where_the_reader_is():
    request = RequestFactory().get("/procurement/7/")
    assert 'aria-current="page"' in show('{% nav_link "/procurement/" "Notices" %}', request=request)
    assert "aria-current" not in show('{% nav_link "/catalogue/" "Catalogue" %}', request=request)
    assert "aria-current" not in show('{% nav_link "/" "Home" %}', request=request)
    assert "aria-current" in show('{% nav_link "/coverage/" "Coverage" also="/procurement/" %}', request=request)


def test_nav_url_falls_back_while_a_room_is_missing():
    assert show('{% nav_url "nowhere:index" "/nowhere/" %}') == "/nowhere/"
    assert show('{% nav_url "cms:search" "/x/" %}') == "/search/"


def test_say_boxes_its_content():
    html = show('{% say "warning" %}<p>{{ v }}</p>{% endsay %}', v="<x>")
    assert html.startswith('<div class="msg warning">')
    assert "<p>&lt;x&gt;</p>" in html


class Form(forms.Form):
    title = forms.CharField(label="Title <1>", help_text="As shown.")
    price = MoneyField(label="Price", required=False, currency_choices=[("CNY", "CNY")])
    closes = forms.DateTimeField(label="Closes", required=False)
    start = forms.DateField(label="Start", required=False)
    who = forms.ChoiceField(label="Who", widget=forms.RadioSelect, choices=[("a", "All"), ("s", "Small")])
    langs = forms.MultipleChoiceField(
        label="Languages", required=False, widget=forms.CheckboxSelectMultiple, choices=[("hmu", "Hmong")]
    )
    sure = forms.BooleanField(label="Sure", required=False)
    token = forms.CharField(widget=forms.HiddenInput, initial="t")


def test_render_form_ties_labels_help_and_native_inputs():
    html = show(
        "{% render_form form %}",
        form=Form(initial={"closes": NOW, "start": date(2027, 1, 1), "price": yuan("83.50")}),
    )
    assert '<label for="id_title">Title &lt;1&gt;' in html
    assert 'aria-describedby="id_title_helptext"' in html
    assert 'id="id_title_helptext">As shown.' in html
    assert 'type="datetime-local" name="closes" value="2026-11-23T10:00"' in html
    assert 'type="date" name="start" value="2027-01-01"' in html
    assert 'name="price_0" value="83.50"' in html
    assert '<input type="hidden" name="price_1" value="CNY">' in html
    assert "<legend>Who" in html
    assert '<label class="choice" for="id_who_0">' in html
    assert '<label class="choice" for="id_sure">' in html
    assert html.count('name="token"') == 1
    assert 'class="summary"' not in html


def test_a_label_that_asks_is_followed_by_no_colon_in_the_summary():
    class Asking(forms.Form):
        why = forms.CharField(label="Why?")
        title = forms.CharField(label="Title")

    html = show("{% render_form form %}", form=Asking({}))
    summary = html.partition("</ul>")[0]
    assert ">Why? " in summary
    assert "Why?:" not in summary
    assert "Why?：" not in summary
    assert ">Title：" in summary or ">Title: " in summary


def test_render_form_sums_up_errors_with_links():
    data = {"title": "", "price_0": "many", "price_1": "CNY", "closes": "2026-11-29T17:00", "who": "", "token": "t"}
    form = Form(data)
    html = show("{% render_form form %}", form=form)
    assert "3 things need your attention" in html
    assert '<a href="#id_title">Title &lt;1&gt;: Please fill this in.</a>' in html
    assert '<a href="#id_price_0">' in html
    assert '<a href="#id_who_0">' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_error"' in html
    assert 'value="many"' in html
    assert form.cleaned_data["closes"] == datetime(2026, 11, 29, 17, 0, tzinfo=BEIJING)


def test_render_form_can_show_a_part_of_its_fields():
    html = show('{% render_form form "title start" %}', form=Form())
    assert 'name="title"' in html
    assert 'name="start"' in html
    assert 'name="who"' not in html


def test_render_form_takes_a_formset():
    formset = forms.formset_factory(Form, extra=2)(prefix="rows")
    html = show("{% render_form formset %}", formset=formset)
    assert 'name="rows-TOTAL_FORMS" value="2"' in html
    assert 'name="rows-1-title"' in html


class _Choosing(forms.Form):
    kind = forms.ChoiceField(choices=[("", "---------"), ("a", "A")])
    other = forms.ChoiceField(choices=[("", "All"), ("a", "A")], required=False)
    free = forms.ChoiceField(choices=[("", "---------"), ("a", "A")], required=False)


@pytest.mark.parametrize(("name", "words"), [("kind", "Please choose"), ("other", "All"), ("free", "No choice")])
def test_nothing_chosen_is_said_in_words(name, words):
    page = show("{% render_field field %}", field=_Choosing()[name])
    assert f">{words}</option>" in page
    assert "---" not in page


@pytest.mark.parametrize(
    ("first", "last", "english"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), ("1 Jan", "31 Mar")),
        (date(2025, 12, 19), date(2025, 12, 31), ("19 Dec 2025", "31 Dec 2025")),
        (date(2025, 12, 19), date(2026, 12, 18), ("19 Dec 2025", "18 Dec 2026")),
        (date(2026, 12, 19), date(2027, 12, 18), ("19 Dec 2026", "18 Dec 2027")),
    ],
)
def test_a_period_over_two_years_names_both(first: date, last: date, english: tuple[str, str]) -> None:
    with translation.override("en"):
        assert words.period_words(first, last) == english


class _Named(forms.Form):
    title = forms.CharField(label="Title")
    note = forms.CharField(label="Note", required=False)

    @property
    def legend(self):
        return self.initial.get("title", "One more")


def test_a_formset_names_its_forms_and_explains_the_star_once():
    formset = forms.formset_factory(_Named, extra=1)(initial=[{"title": "Price"}])
    page = show("{% render_form form %}", form=formset)
    assert "<legend>Price</legend>" in page
    assert "<legend>One more</legend>" in page
    assert page.count("Fields marked *") == 1
