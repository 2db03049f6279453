"""Names: one form, nothing hidden, and one skeleton for what looks the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.names import KEY_LENGTH, clean_name, name_key
from app.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  林  悦 ", "林 悦"),
        ("Ｌｉｎ　Ｙｕｅ", "Ｌｉｎ Ｙｕｅ"),
        ("林悦（北京）", "林悦（北京）"),
        ("①号", "①号"),
        ("e\u0301lan", "élan"),
        ("👩\u200d💻 小雨", "👩\u200d💻 小雨"),
        ("🏳\ufe0f\u200d🌈旗", "🏳\ufe0f\u200d🌈旗"),
        ("👍🏽\u200d👍", "👍🏽\u200d👍"),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("Dr. Chen", "Dr. Chen"),
        ("ﬁn", "ﬁn"),
        ("🚀 小雨", "🚀 小雨"),
        ("José", "José"),
    ],
)
def test_a_name_gets_its_one_form(typed: str, clean: str) -> None:
    assert clean_name(typed) == clean


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("\u3000", "empty"),
        ("林\u200b悦", "hidden_characters"),
        ("林\u200d悦", "hidden_characters"),
        ("Li\u200cn", "hidden_characters"),
        ("👩\u200d", "hidden_characters"),
        ("م\u200c", "hidden_characters"),
        ("林\u202e悦", "hidden_characters"),
        ("林\u2066悦", "hidden_characters"),
        ("林\x00悦", "hidden_characters"),
        ("林\n悦", "hidden_characters"),
        ("\ufeff林悦", "hidden_characters"),
        ("\u3164", "hidden_characters"),
        ("\u2800\u2800", "hidden_characters"),
        ("\ue000", "hidden_characters"),
        ("...", "no_letters"),
        ("——", "no_letters"),
        ("林" * 31, "too_long"),
        ("a" + "\u0301" * 9, "too_many_marks"),
    ],
)
def test_a_name_that_hides_or_shouts_is_refused(typed: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_name(typed, field="nickname")
    assert (refused.value.field, refused.value.code) == ("nickname", code)


def test_thirty_visible_characters_fit() -> None:
    assert clean_name("悦" * 30) == "悦" * 30


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "Аnnа"),
        ("Anna", "ＡＮＮＡ"),
        ("林悦（北京）", "林悦(北京)"),
        ("①号", "1号"),
        ("می\u200cخواهم", "میخواهم"),
        ("paypal", "раураl"),
        ("Lin Yue", "linyue"),
        ("Lin", "1in"),
        ("IRIS", "iris"),
        ("Bob0", "BobO"),
        ("rn", "m"),
        ("José", "Jose"),
        ("林悦", "林 悦"),
        ("林悦", "林·悦"),
        ("口天", "囗天"),
        ("王一", "王ー"),
        ("Ⅷ", "VIII"),
        ("straße", "STRASSE"),
    ],
)
def test_names_that_look_the_same_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("林悦", "林越"), ("Anna", "Hanna"), ("สมชาย", "สมชยา"), ("小雨", "小雪")]
)
def test_names_that_differ_keep_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_refused_or_storable(typed: str) -> None:
    try:
        name = clean_name(typed)
    except Invalid:
        return
    assert name and len(name) <= 60
    assert clean_name(name) == name
    assert 0 < len(name_key(name)) <= KEY_LENGTH
    assert name_key(name) == name_key(name.upper()) or name.upper() != name.upper().casefold()
