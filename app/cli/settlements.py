"""`flask settlements`: what the installation owes to planets' owners, paying it, and whether the books
are what lies at the payment provider."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from app.billing.actions.balancing import Comparison, compare, record_payouts
from app.billing.actions.settlements import Settlement, book_what_is_owed, settle
from app.billing.gateway import GatewayError
from app.billing.house import house
from app.billing.money import as_typed, get_currency, parse_amount
from app.billing.queries.ledger import Stretch
from app.billing.queries.settlement import (
    Statement,
    list_owed_owners,
    planet_named,
    read_statements,
    sum_owed,
)
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.memberships.periods import months_later

command = AppGroup(
    "settlements", help="What owners of planets are owed, and whether the books are in balance."
)


@command.command("owed")
def owed_command() -> None:
    """List what is owed to each planet's owner, by currency."""
    _refuse_when_off()
    book_what_is_owed()
    owed = list_owed_owners()
    for each in owed:
        amount = f"{as_typed(each.amount, each.currency)} {each.currency}"
        click.echo(f"{each.slug:<32} {amount:>16}  {each.owner}")
    if not owed:
        click.echo("Nothing is owed to anybody.")


@command.command("statement")
@click.argument("slug")
@click.option("--month", help="YYYY-MM, by UTC; this month when left out.")
def statement_command(slug: str, month: str | None) -> None:
    """Print how what is owed to a planet's owner moved in a month."""
    _refuse_when_off()
    book_what_is_owed()
    planet_id = _planet(slug)
    for statement in read_statements(planet_id, _month(month)):
        for line in _lines(statement):
            click.echo(line)


@command.command("pay")
@click.argument("slug")
@click.argument("amount")
@click.argument("currency")
@click.option("--reason", prompt="What for (the owner reads it in the trail)")
@click.option("--yes", is_flag=True, help="Do not ask again.")
def pay_command(slug: str, amount: str, currency: str, reason: str, yes: bool) -> None:
    """Book that a planet's owner was paid: AMOUNT of CURRENCY, from the installation's own bank."""
    _refuse_when_off()
    book_what_is_owed()
    planet_id, code = _planet(slug), _currency(currency)
    owed = sum_owed(planet_id, code)
    try:
        minor = parse_amount(amount, code, field="amount")
    except Invalid:
        raise click.ClickException(f"{amount!r} is no amount of {code}.") from None
    after = f"{as_typed(owed, code)} {code} is owed, {as_typed(owed - minor, code)} afterwards"
    if not yes:
        click.confirm(f"Book {as_typed(minor, code)} {code} as paid to the owner of {slug}? {after}",
                      abort=True)  # fmt: skip
    try:
        with unit_of_work():
            settle(planet_id, Settlement(minor, code, reason, secrets.token_urlsafe(12)))
    except Invalid as error:
        told = "no more can be paid than is owed" if error.field == "amount" else "give a reason"
        raise click.ClickException(f"Not booked: {told}; {after}.") from None
    click.echo(f"Booked. {after.partition(', ')[2]}")


@command.command("balance")
def balance_command() -> None:
    """Compare our books with what lies at the payment provider; status 1 when they differ."""
    try:
        record_payouts()
        found = compare()
    except GatewayError as error:
        raise click.ClickException(str(error)) from None
    for each in found:
        click.echo(_compared(each))
    if not found:
        click.echo("No provider that is set up here holds money.")
    if any(each.difference for each in found):
        raise SystemExit(1)


def _compared(each: Comparison) -> str:
    def typed(amount: int) -> str:
        return as_typed(amount, each.currency)

    where = f"{each.gateway} {each.account}".strip()
    told = f"{typed(each.found)} lies there, {typed(each.paid_out)} was sent to the bank"
    if not each.difference:
        return f"ok    {where} {each.currency}: {told}"
    more = "more" if each.difference > 0 else "less"
    wrong = f"{typed(abs(each.difference))} {more} than our books say"
    return f"fail  {where} {each.currency}: {told}; {wrong} ({typed(each.expected)})"


def _lines(statement: Statement) -> list[str]:
    def line(name: str, amount: int) -> str:
        return f"{name:<20} {as_typed(amount, statement.currency):>14} {statement.currency}"

    return [
        line("opened", statement.opened),
        *(line(f"  {move.name}", move.amount) for move in statement.moves),
        *(line(f"  paid {each.at:%Y-%m-%d}", -each.amount) for each in statement.settled),
        line("closed", statement.closed),
    ]


def _refuse_when_off() -> None:
    if not house.settles_owners:
        raise click.ClickException(
            "This installation owes its owners nothing: PLANETARIUM_SETTLE_OWNERS is false. "
            "Set it to true where one account takes the money of several owners."
        )


def _planet(slug: str) -> int:
    try:
        return planet_named(slug)
    except NotFound:
        raise click.ClickException(f"There is no planet {slug!r}.") from None


def _currency(typed: str) -> str:
    try:
        return get_currency(typed.upper()).code
    except Invalid:
        raise click.ClickException(f"{typed!r} is no currency that is known here.") from None


def _month(typed: str | None) -> Stretch:
    try:
        first = datetime.strptime(typed or f"{datetime.now(UTC):%Y-%m}", "%Y-%m").replace(
            tzinfo=UTC
        )
    except ValueError:
        raise click.ClickException(f"{typed!r} is no month: write it as 2026-11.") from None
    return Stretch(first, months_later(first, 1))
