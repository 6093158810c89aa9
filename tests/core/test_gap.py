"""Two sentences beside each other: a space between them, which Chinese does not write."""

import pytest
from django.template import Context, Template
from django.utils import translation


@pytest.mark.parametrize(("language", "between"), [("en", " "), ("zh-hans", "")])
def test_a_gap_is_a_space_but_in_chinese(language, between):
    with translation.override(language):
        assert Template("{% load ui %}a.{% gap %}b").render(Context()) == f"a.{between}b"
