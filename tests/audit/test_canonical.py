"""The standard library's JSON within our limits is RFC 8785, as a package of its own writes it."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from marketplace.audit.verify_export import MAX_INT, canonical

text = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(max_codepoint=127))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_it_equals_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [1.5, 1.0, MAX_INT + 1, -MAX_INT - 1, {"名": 1}, {1: 2}, b"x", {"a": [{"b": 0.1}]}, object()]
)
def test_what_readers_could_read_differently_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


def test_a_worked_example():
    event = {"reason": "与登记一致\n", "id": 7, "data": {"to": "verified", "from": None, "final": True}}
    assert canonical(event) == (
        '{"data":{"final":true,"from":null,"to":"verified"},"id":7,"reason":"与登记一致\\n"}'.encode()
    )
