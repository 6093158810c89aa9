"""What editors build pages from. Few blocks, each with one look."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageBlock

TEXT_FEATURES = ["h2", "h3", "bold", "italic", "ol", "ul", "link", "document-link", "hr"]


class StepBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("step"), max_length=120)
    text = blocks.RichTextBlock(label=_("how"), features=["bold", "link", "document-link", "ul"], required=False)


class NoteBlock(blocks.StructBlock):
    tone = blocks.ChoiceBlock(
        label=_("kind"),
        choices=[("info", _("information")), ("warning", _("warning")), ("success", _("good news"))],
        default="info",
    )
    text = blocks.RichTextBlock(label=_("text"), features=["bold", "link", "document-link"])

    class Meta:
        template = "cms/blocks/note.html"
        icon = "warning"


class SourceBlock(blocks.StructBlock):
    """An article of law, quoted with its place."""

    instrument = blocks.CharBlock(label=_("instrument"), max_length=200)
    article = blocks.CharBlock(label=_("article"), max_length=60)
    text = blocks.TextBlock(label=_("text"))

    class Meta:
        template = "cms/blocks/source.html"
        icon = "openquote"


class PictureBlock(blocks.StructBlock):
    image = ImageBlock(label=_("picture"))
    caption = blocks.CharBlock(label=_("caption"), max_length=200, required=False)

    class Meta:
        template = "cms/blocks/picture.html"
        icon = "image"


class BodyBlock(blocks.StreamBlock):
    text = blocks.RichTextBlock(label=_("text"), features=TEXT_FEATURES)
    steps = blocks.ListBlock(StepBlock(), label=_("steps"), template="cms/blocks/steps.html", icon="list-ol")
    note = NoteBlock(label=_("message box"))
    source = SourceBlock(label=_("law"))
    picture = PictureBlock(label=_("picture"))

    class Meta:
        required: ClassVar = False
