"""Fetching many checkouts from a provider that lists them: by the page while that pays, then by id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.billing.gateway import CheckoutFact, GatewayError

# A page is worth so many single questions, of which so many are asked at once.
WORTH_LISTING, THREADS = 10, 4
BATCH = 100

Answers = dict[str, CheckoutFact | GatewayError]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page of the list says of the checkouts that were sought; `last` is its last, "" when no
    page comes after it."""

    answers: Answers
    last: str


def fetch_listed(
    refs: Collection[str],
    read_page: Callable[[str, Collection[str]], Page],
    fetch: Callable[[str], CheckoutFact],
) -> Iterator[Answers]:
    """Yield answers about each checkout, some at a time.

    `read_page` takes the last reference of the page before ("" for none) and what is sought. It is asked
    as long as a page holds enough of that; the rest is fetched one by one, a few at once.
    """
    rest = set(refs)
    if len(rest) >= WORTH_LISTING:
        for answers in _listed(refs, read_page):
            rest -= answers.keys()
            yield answers
    left = sorted(rest)
    with ThreadPoolExecutor(THREADS) as threads:
        for start in range(0, len(left), BATCH):
            some = left[start : start + BATCH]
            told = threads.map(lambda ref: _answer(ref, fetch), some)
            yield dict(zip(some, told, strict=True))


def _listed(
    refs: Collection[str], read_page: Callable[[str, Collection[str]], Page]
) -> Iterator[Answers]:
    sought, last = set(refs), ""
    while sought:
        try:
            page = read_page(last, sought)
        except GatewayError:
            # A key that may not list, or a trouble of the moment: each is asked for by itself.
            return
        yield page.answers
        sought -= page.answers.keys()
        last = page.last
        if not last or len(page.answers) < WORTH_LISTING:
            return


def _answer(ref: str, fetch: Callable[[str], CheckoutFact]) -> CheckoutFact | GatewayError:
    try:
        return fetch(ref)
    except GatewayError as error:
        return error
