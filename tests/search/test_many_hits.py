"""What is done in another way where much is found gives the same as where little is."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.search import analysis
from app.search.whoosh_engine import matching


@given(st.sets(st.integers(0, 400)), st.sets(st.integers(0, 400)))
def test_what_stands_in_both_rows(one: set[int], other: set[int]) -> None:
    rows = (np.array(sorted(row), np.int64) for row in (one, other))
    assert matching._common(*rows).tolist() == sorted(one & other)


def test_a_term_stands_once_in_a_place() -> None:
    # Two rows in order are merged, so nothing may be said twice.
    pieces = ("e-mail", "Wi-Fi", "a-a", "C++20", "userName", "runRuns", "退款", "1,299", "A股", " ")
    rng = random.Random(2)
    for _ in range(2_000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 6)))
        for key, places in analysis.passage(text, "", text).places.items():
            assert places == sorted(set(places)), (text, key, Counter(places))
