"""Money: currencies as the provider counts them, the least one can charge, amounts as people type them.

An amount is an integer of minor units *as Stripe has them* (R21): for some currencies that differs from
the bank's own count, which is why many products have charged a hundred times too much. Formatting for
readers is the door's.

Source: https://docs.stripe.com/currencies, "Special cases" and "Minimum and maximum charge amounts".
Its minimums are those of the currency that the account is paid out in; a charge that is converted must
come to that minimum after conversion, which nobody knows beforehand: there the provider refuses at
the checkout.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from app.kernel.errors import Invalid

# The provider takes eight digits of minor units; nine of rupees, and more of these than a column holds.
MOST = 99_999_999
_MOST_OF = {"INR": 999_999_999} | dict.fromkeys(("COP", "HUF", "IDR", "JPY", "LBP"), 2_000_000_000)

# No minor unit at all: 500 yen are 500.
_ZERO = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
# Three decimals, of which the last must be 0: card networks know only two.
_THREE = frozenset("BHD JOD KWD OMR TND".split())
# Counted with two decimals that must be 00: ISK and UGX have none any more. HUF and TWD may be charged with
# decimals, but are paid out to the creator without: a price with decimals would leave a rest there.
_WHOLE = frozenset("ISK UGX HUF TWD".split())

# The least that can be charged, in whole units. Those that Stripe names:
_LEAST = """
AED:2 AUD:0.5 BGN:1 BRL:0.5 CAD:0.5 CHF:0.5 CZK:15 DKK:2.5 EUR:0.5 GBP:0.3 HKD:4 HUF:175 INR:0.5 JPY:50
MXN:10 MYR:2 NOK:3 NZD:0.5 PLN:2 RON:2 SEK:3 SGD:0.5 THB:10 USD:0.5
"""
# For the others the rule is "what half a US dollar is worth", so these are near it and not below; for
# one whose money fell since then the provider refuses at the checkout.
_NEAR_LEAST = """
AFN:40 ALL:50 AMD:200 ANG:1 AOA:500 ARS:800 AWG:1 AZN:1 BAM:1 BBD:1 BDT:65 BHD:0.2 BIF:1500 BMD:0.5
BND:1 BOB:4 BSD:0.5 BWP:8 BYN:2 BZD:1 CDF:1500 CLP:500 CNY:4 COP:2200 CRC:260 CVE:50 DJF:90 DOP:35
DZD:70 EGP:25 ETB:80 FJD:1.2 FKP:0.4 GEL:1.5 GIP:0.4 GMD:40 GNF:4500 GTQ:4 GYD:110 HNL:14 HTG:70
IDR:8500 ILS:2 ISK:70 JMD:80 JOD:0.4 KES:70 KGS:45 KHR:2100 KMF:220 KRW:800 KWD:0.2 KYD:0.5 KZT:270
LAK:11000 LBP:45000 LKR:160 LRD:100 LSL:10 MAD:5 MDL:9 MGA:2400 MKD:30 MMK:1100 MNT:1800 MOP:5 MUR:24
MVR:8 MWK:900 MZN:33 NAD:10 NGN:800 NIO:19 NPR:72 OMR:0.2 PAB:0.5 PEN:2 PGK:2.2 PHP:30 PKR:145
PYG:4000 QAR:2 RSD:54 RUB:50 RWF:750 SAR:2 SBD:4.5 SCR:8 SHP:0.4 SLE:12 SOS:290 SRD:20 STD:11000 SZL:10
TJS:6 TND:1.6 TOP:1.3 TRY:22 TTD:3.5 TWD:20 TZS:1400 UAH:22 UGX:1900 UYU:22 UZS:6500 VND:13500 VUV:62
WST:1.5 XAF:300 XCD:1.4 XCG:1 XOF:300 XPF:54 YER:130 ZAR:9 ZMW:14
"""
# What stands beside a number and says only that it is money.
_SIGNS = "¥$€£₩₫₹₽฿₱₺₴₪₦₡₲₵₸₮₭元圆円块원"
# Offered first in a form; the rest follow by their codes.
COMMON = ("CNY", "USD", "EUR", "HKD", "TWD", "JPY", "GBP", "SGD")


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency. Amounts are multiples of `step`; `least` and `most` bound a charge."""

    code: str
    decimals: int
    step: int
    least: int
    most: int


def _read_table() -> dict[str, Currency]:
    pairs = sorted(pair.split(":") for pair in (_LEAST + _NEAR_LEAST).split())
    return {code: _currency(code, Decimal(least)) for code, least in pairs}


def _currency(code: str, least: Decimal) -> Currency:
    decimals = 0 if code in _ZERO else 3 if code in _THREE else 2
    step = 10 if code in _THREE else 100 if code in _WHOLE else 1
    most = _MOST_OF.get(code, MOST)
    return Currency(code, decimals, step, int(least.scaleb(decimals)), most)


CURRENCIES: dict[str, Currency] = _read_table()


def get_currency(code: str) -> Currency:
    """Return a currency by its code. Invalid("currency", "choice") for one that is not dealt in."""
    found = CURRENCIES.get(code)
    if found is None:
        raise Invalid("currency", "choice")
    return found


def to_decimal(amount: int, code: str) -> Decimal:
    """Return an amount in whole units, exactly: 19900 of CNY are 199.00, 500 of JPY are 500."""
    return Decimal(amount).scaleb(-get_currency(code).decimals)


def as_typed(amount: int, code: str) -> str:
    """Return an amount as a form shows it: without the currency, and without ".00"."""
    text = f"{to_decimal(amount, code):f}"
    return text[: text.index(".")] if re.fullmatch(r"-?\d+\.0+", text) else text


def round_down(amount: int, code: str) -> int:
    """Return the amount rounded down to what can be charged: shares and discounts are floored (R21)."""
    step = get_currency(code).step
    return amount // step * step


def check_amount(amount: int, code: str, *, field: str) -> None:
    """Return when the provider takes the amount; Invalid(field, …) with the bound when it does not."""
    currency = get_currency(code)
    bounds = {"currency": code}
    if amount < currency.least:
        raise Invalid(field, "money_low", low=as_typed(currency.least, code), **bounds)
    if amount > currency.most:
        raise Invalid(field, "money_high", high=as_typed(currency.most, code), **bounds)
    if amount % currency.step:
        raise Invalid(field, "money_decimals", decimals=shown_decimals(currency), **bounds)


def parse_amount(typed: str, code: str, *, field: str) -> int:
    """Return what somebody typed, in minor units: "19.9", "１９９", "¥199", "1,999.00 元".

    Invalid(field, "required" | "money" | "money_decimals"). The bounds are `check_amount`'s.
    """
    currency = get_currency(code)
    number = _plain_number(typed, code)
    if not number:
        raise Invalid(field, "required")
    if not re.fullmatch(r"\d{1,12}(\.\d+)?", number):
        raise Invalid(field, "money")
    minor = Decimal(number).scaleb(currency.decimals)
    if minor % currency.step:
        raise Invalid(
            field, "money_decimals", decimals=shown_decimals(currency), currency=currency.code
        )
    return int(minor)


def shown_decimals(currency: Currency) -> int:
    """Return with how many decimals amounts of a currency are written: two of KWD, none of ISK."""
    return max(0, currency.decimals - len(str(currency.step)) + 1)


def _plain_number(typed: str, code: str) -> str:
    """Return the digits and the decimal point of what was typed; signs of money are dropped."""
    text = "".join(unicodedata.normalize("NFKC", typed).split())
    text = re.sub(
        rf"^({code}|[A-Z]{{0,3}}[{_SIGNS}])|({code}|[{_SIGNS}])$", "", text, flags=re.IGNORECASE
    )
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        return text.replace(",", "")
    # One comma that cannot separate thousands is a decimal comma.
    return text.replace(",", ".") if re.fullmatch(r"\d+,\d{1,2}", text) else text
