from __future__ import annotations

import pytest

from app.search.likeness import Likeness


@pytest.mark.parametrize(
    ("draft", "archived", "alike"),
    [
        ("请问怎么申请退款？", "老师好，申请退款之后多久到账？", True),
        ("请问怎么申请退款？", "请问怎么才能坚持写作？", False),
        ("老师好，明天天气怎么样", "老师好，读书的时间怎么安排，我觉得时间太少", False),
        ("複利", "复利的力量", True),
        ("How do I get a refund?", "Refunds: how long do they take", True),
        ("How do I get a refund?", "How do I write every day?", False),
        ("怎么？", "怎么？", False),
        ("", "退款", False),
    ],
)
def test_politeness_alone_is_no_likeness(draft: str, archived: str, alike: bool) -> None:
    assert Likeness(draft).holds(archived) == alike
