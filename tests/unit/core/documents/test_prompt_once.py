from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.documents.prompt_once import with_prompt
from nof0_core.documents.wire import encode

said = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant"]), "content": st.text()}
    )
)


@given(said, st.text())
def test_a_row_is_byte_for_byte_what_it_is_with_the_prompt_written_twice(messages, name):
    prompt = "\n\n".join(one["content"] for one in messages if one["role"] == "user")
    row = {"model_id": name, "messages": messages, "user_prompt": None, "cot_trace": "x"}
    assert with_prompt(encode(row)) == encode({**row, "user_prompt": prompt})


@pytest.mark.parametrize("row", [{"user_prompt": "a", "messages": [1]}, {"messages": []}])
def test_a_row_that_has_its_prompt_or_has_none_is_left_as_it_is(row):
    text = json.dumps(row).encode()
    assert with_prompt(text) == text


@pytest.mark.parametrize(
    "row", [b"[]", b'{"user_prompt":null}', b'{"user_prompt":null,"messages":5}']
)
def test_what_is_no_conversation_is_an_error(row):
    with pytest.raises(ValueError, match=r"."):
        with_prompt(row)
