"""Make the page that Wagtail came with our home page; its children and its site stay as they are."""

from django.db import migrations

TITLE = "每个村都有自己的法律顾问"
TITLE_EN = "Every village has its own legal adviser"
SUMMARY = "政府按目录购买法律服务，律师公开竞标，志愿者就近补位，每一小时服务都有据可查。"
SUMMARY_EN = (
    "Governments buy legal services from a public catalogue, firms compete openly, volunteers fill the gaps, "
    "and every hour of service is on record."
)


def make_home(apps, schema_editor):
    ContentType = apps.get_model("contenttypes", "ContentType")
    Site = apps.get_model("wagtailcore", "Site")
    HomePage = apps.get_model("cms", "HomePage")
    site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
    if site is None or site.root_page.depth != 2 or HomePage.objects.exists():
        return
    home = HomePage(page_ptr=site.root_page)
    home.__dict__.update({key: value for key, value in site.root_page.__dict__.items() if not key.startswith("_")})
    home.page_ptr_id = site.root_page.pk
    home.content_type, _ = ContentType.objects.get_or_create(app_label="cms", model="homepage")
    home.title = home.draft_title = TITLE
    home.title_en, home.summary, home.summary_en = TITLE_EN, SUMMARY, SUMMARY_EN
    home.save()
    Site.objects.filter(pk=site.pk).update(site_name="公共法律服务采购与志愿平台")


def make_plain(apps, schema_editor):
    ContentType = apps.get_model("contenttypes", "ContentType")
    Page = apps.get_model("wagtailcore", "Page")
    HomePage = apps.get_model("cms", "HomePage")
    plain, _ = ContentType.objects.get_or_create(app_label="wagtailcore", model="page")
    for home in HomePage.objects.all():
        Page.objects.filter(pk=home.pk).update(content_type=plain)
        home.delete(keep_parents=True)


class Migration(migrations.Migration):
    dependencies = [
        ("cms", "0001_pages"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_home, make_plain)]
