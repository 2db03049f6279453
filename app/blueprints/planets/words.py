"""What is said about categories, and about what a form of planets or memberships got wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext

from app.kernel.errors import Invalid

CATEGORY_NAMES: dict[str, Any] = {
    "technology": lazy_gettext("Technology"),
    "business": lazy_gettext("Business"),
    "finance": lazy_gettext("Finance"),
    "career": lazy_gettext("Work and career"),
    "learning": lazy_gettext("Learning"),
    "science": lazy_gettext("Science"),
    "reading": lazy_gettext("Reading"),
    "writing": lazy_gettext("Writing"),
    "arts": lazy_gettext("Arts and design"),
    "health": lazy_gettext("Health and sports"),
    "parenting": lazy_gettext("Families"),
    "life": lazy_gettext("Life"),
    "games": lazy_gettext("Games"),
    "other": lazy_gettext("Everything else"),
}

_ANY = ""
_SENTENCES: dict[tuple[str, str], Any] = {
    ("name", "required"): lazy_gettext("A planet needs a name."),
    ("slug", "slug_length"): lazy_gettext("Use %(low)s to %(high)s characters."),
    ("slug", "slug_shape"): lazy_gettext(
        "Use small letters a–z, digits and single hyphens between them."
    ),
    ("slug", "slug_reserved"): lazy_gettext("This word is kept for the site itself. Try another."),
    ("slug", "slug_taken"): lazy_gettext("Another planet has or had this address. Try another."),
    ("slug", "slug_changes"): lazy_gettext(
        "The address was changed %(high)s times in 30 days. Wait a while before the next change."
    ),
    ("join_question", "join_question_needed"): lazy_gettext(
        "Write the question that people answer when they ask to join."
    ),
    ("answer", "required"): lazy_gettext("Please answer the question: staff decide by it."),
    ("source", "required"): lazy_gettext("Write the rules before you publish them."),
    ("reason", "required"): lazy_gettext("Write why. The person concerned can read it."),
    ("rules", "rules_needed"): lazy_gettext("Please accept the rules to join."),
    ("rules", "rules_changed"): lazy_gettext(
        "The rules changed while you were reading. Please read the new version and accept it."
    ),
    ("nickname", "name_taken"): lazy_gettext(
        "Somebody here has your name, or one that looks like it. Choose a nickname for this planet."
    ),
    ("nickname", "nickname_taken"): lazy_gettext(
        "Somebody here has this name, or one that looks like it. Choose another."
    ),
    ("nickname", "hidden_characters"): lazy_gettext("A name cannot hold invisible characters."),
    ("nickname", "too_many_marks"): lazy_gettext("There are too many accents on one letter."),
    ("nickname", "reserved_name"): lazy_gettext("This name is kept for the planet's staff."),
    ("name", "reserved_name"): lazy_gettext("This name is kept for the site and its staff."),
    ("nickname", "no_letters"): lazy_gettext("A name needs a letter, a digit or a picture."),
    ("nickname", "too_long"): lazy_gettext("Too long: at most %(max)s characters."),
    ("email", "bad_address"): lazy_gettext("This does not look like an e-mail address."),
    ("ends_at", "past"): lazy_gettext("This day is over. Choose a later one."),
    ("ends_at", "unreadable"): lazy_gettext("Choose a day, or leave it empty."),
    ("ends_at", "guests_only"): lazy_gettext("Only guests have an end date."),
    ("ends_at", "staff_never_ends"): lazy_gettext("Staff have no end date."),
    ("until", "past"): lazy_gettext("Choose a time in the future."),
    ("role", "not_inside"): lazy_gettext("Only somebody who is inside can be given a role."),
    ("member", "not_inside"): lazy_gettext("Choose somebody who is a member now."),
    ("member", "heir_self"): lazy_gettext("The planet is yours already."),
    ("member", "heir_isolated"): lazy_gettext(
        "This person is isolated. End the isolation first, or choose somebody else."
    ),
    ("member", "heir_account"): lazy_gettext("This account cannot be used now. Choose another."),
    ("confirmation", "mismatch"): lazy_gettext("Type “%(expected)s” to confirm."),
    ("password", "wrong_password"): lazy_gettext("This is not your password."),
    ("name", "plan_name"): lazy_gettext("A plan needs a name."),
    ("compare_amount", "compare_low"): lazy_gettext(
        "The price that is struck through must be higher than the price."
    ),
    ("term", "term_subscription"): lazy_gettext(
        "A subscription renews by months or years. Choose one of them, or sell a pass."
    ),
    ("until_at", "required"): lazy_gettext("Choose the last day."),
    ("until_at", "past"): lazy_gettext("This day is over. Choose a later one."),
    ("until_at", "far"): lazy_gettext("Choose a day within the next ten years."),
    ("mode", "needs_provider"): lazy_gettext(
        "This installation has no payment provider: nothing is charged by itself. Sell a pass."
    ),
    ("amount", "needs_provider"): lazy_gettext(
        "This installation has no payment provider: questions cannot be paid for."
    ),
    ("steps", "step_when"): lazy_gettext(
        "Each step needs a price and either a number of members or a day, not both."
    ),
    ("steps", "step_low"): lazy_gettext("Each step must cost more than the price it begins with."),
    ("steps", "step_order"): lazy_gettext(
        "Steps must rise: more members or a later day, and a higher price."
    ),
    ("steps", "step_count"): lazy_gettext("At most %(high)s steps."),
    ("", "plan_count"): lazy_gettext("A planet has at most %(high)s plans."),
    ("code", "coupon_code"): lazy_gettext(
        "Use 3 to 30 letters, digits, hyphens or Chinese characters."
    ),
    ("code", "coupon_taken"): lazy_gettext("This planet has a coupon with this code already."),
    ("ends_at", "coupon_dates"): lazy_gettext("The last day must come after today and the first."),
    ("shown", "offer_second"): lazy_gettext(
        "The offer %(name)s is shown on this plan in those days. Stop showing it first, or choose other days."
    ),
    ("shown", "offer_over"): lazy_gettext("This coupon has ended: it cannot be shown any more."),
    ("coupon", "offer_over"): lazy_gettext(
        "The offer you were shown is over. These are the prices now."
    ),
    ("coupon", "coupon_unknown"): lazy_gettext("This planet has no such coupon. Check the code."),
    ("coupon", "coupon_early"): lazy_gettext("This coupon is not valid yet."),
    ("coupon", "coupon_over"): lazy_gettext("This coupon has ended."),
    ("coupon", "coupon_used_up"): lazy_gettext("This coupon has been used up."),
    ("coupon", "coupon_used"): lazy_gettext("You have used this coupon already."),
    ("coupon", "coupon_other_plan"): lazy_gettext("This coupon is for another plan."),
    ("coupon", "coupon_passes_only"): lazy_gettext("This coupon is not for subscriptions."),
    ("coupon", "coupon_join_only"): lazy_gettext("This coupon is for new members."),
    ("coupon", "coupon_renewal_only"): lazy_gettext("This coupon is for renewing."),
    ("plan", "coupon_passes_only"): lazy_gettext(
        "This plan is a subscription: say which of its payments become smaller."
    ),
    ("plan", "plan_not_on_sale"): lazy_gettext("This plan is not sold any more."),
    ("plan", "plan_over"): lazy_gettext("This plan has ended."),
    ("plan", "plan_held"): lazy_gettext("You have access for longer than this plan gives."),
    (_ANY, "unreadable"): lazy_gettext("This is no day. Choose one."),
    (_ANY, "money"): lazy_gettext("Write an amount, for example 199 or 19.90."),
    (_ANY, "money_decimals"): lazy_gettext(
        "%(currency)s is written with at most %(decimals)s decimals."
    ),
    (_ANY, "money_low"): lazy_gettext("Payment providers charge at least %(low)s %(currency)s."),
    (_ANY, "money_high"): lazy_gettext("Payment providers charge at most %(high)s %(currency)s."),
    (_ANY, "required"): lazy_gettext("Please fill this in."),
    (_ANY, "too_long"): lazy_gettext("Too long: at most %(high)s characters."),
    (_ANY, "choice"): lazy_gettext("Please choose one from the list."),
    (_ANY, "amount"): lazy_gettext("A whole number from %(low)s to %(high)s."),
}


def sentence(error: Invalid) -> str:
    """Return what to tell somebody about a field."""
    words = _SENTENCES.get((error.field, error.code)) or _SENTENCES.get((_ANY, error.code))
    if words is None:
        return str(gettext("Something here is not right. Check it and try again."))
    return str(words) % error.values


def errors_of(problems: Iterable[Invalid]) -> dict[str, str]:
    """Return problems as forms take them: field -> sentence, the first of each field."""
    errors: dict[str, str] = {}
    for problem in problems:
        errors.setdefault(problem.field, sentence(problem))
    return errors
