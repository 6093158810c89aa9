from typing import Any

from django.db import migrations, models

#: The sources that came with the first catalogue.
_SOURCES = {
    "漳州市龙文区公开的村居法律顾问补贴标准": (
        "Published allowance for village legal advisers, Longwen District, Zhangzhou"
    ),
    "某省级部门 2025 至 2027 年公开采购（单一来源，仅供参考）": (
        "Public procurement of a provincial department, 2025 to 2027 (one source, for reference only)"
    ),
    "永定区 2020 年值班补贴不低于每日 200 元": (
        "Yongding District, 2020: duty allowance of at least 200 yuan a day"
    ),
    "按日照市 2017 年每人每日 150 元、每月 30 日折算": (
        "Worked out from Rizhao, 2017: 150 yuan a person and day, 30 days a month"
    ),
    "永定区 2020 年案件补贴 600 / 1200 / 1400 元": (
        "Yongding District, 2020: case allowances of 600, 1,200 and 1,400 yuan"
    ),
}


def _translate(apps: Any, _editor: Any) -> None:
    """The English of the sources that nobody has changed, on the pages and in their revisions, from which editors go on.

    Frozen versions hold no price: their digests stay.
    """
    pages = apps.get_model("catalog", "ServicePage").objects.filter(reference_price_source__in=_SOURCES)
    for page in pages:
        page.reference_price_source_en = _SOURCES[page.reference_price_source]
        page.save(update_fields=["reference_price_source_en"])
    revisions = apps.get_model("wagtailcore", "Revision").objects.filter(
        object_id__in=[str(page.pk) for page in pages],
        content__reference_price_source__in=list(_SOURCES),
    )
    for revision in revisions:
        revision.content["reference_price_source_en"] = _SOURCES[revision.content["reference_price_source"]]
        revision.save(update_fields=["content"])


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_second_person_approval"), ("wagtailcore", "0098_apitoken")]

    operations = [
        migrations.AddField(
            model_name="servicepage",
            name="reference_price_source_en",
            field=models.CharField(
                blank=True, max_length=240, verbose_name="where the reference price was seen, in English"
            ),
        ),
        migrations.RunPython(_translate, migrations.RunPython.noop, elidable=True),
    ]
