"""How fast one person, and one address, may do what: every route that writes chooses its pace here.

A test compares the table with the routes: a new one has to choose. Numbers are for a quick human with room to
spare; a machine meets them within a minute. Staff of the planet have many times as much, or no limit,
because whoever runs a planet clears a hundred requests in one go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MINUTE, FIVE, TEN = timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `person` times a `window` for one person and `network` times for one address, which offices
    and carriers share among many. `staff`: the same for staff of the planet, 0 for no limit."""

    name: str
    person: int
    window: timedelta
    staff: int = 0
    network: int = 0

    @property
    def per_network(self) -> int:
        """The limit of one address, ten people's unless said otherwise."""
        return self.network or self.person * 10


WORDS = Pace("words", 30, FIVE)
"""Topics, questions, answers, comments, and what changes them."""
TAPS = Pace("taps", 90, MINUTE)
"""Likes, bookmarks, pins, marks of reading."""
PREVIEWS = Pace("previews", 30, MINUTE, staff=60, network=120)
"""What renders a text and keeps nothing."""
DRAFTS = Pace("drafts", 60, MINUTE, staff=120)
"""What a composer keeps by itself, every few seconds."""
UPLOADS = Pace("uploads", 60, TEN, staff=300)
FACES = Pace("faces", 20, TEN, staff=40)
"""Avatars and covers, which nobody changes often."""
SEARCHES = Pace("searches", 90, MINUTE, staff=180)
"""Pages of hits. What is offered while somebody types is held in memory (search/pace)."""
FORMS = Pace("forms", 60, TEN)
"""Everything else that a form sends."""
MONEY = Pace("money", 30, TEN)
"""What asks a payment provider, or tries a code."""
COUNTED_ELSEWHERE = None
"""Strangers' tries at passwords and letters (accounts/limits), and what a provider sends (billing). Signing
out is never refused."""

_BY_PACE: dict[Pace | None, str] = {
    COUNTED_ELSEWHERE: """
        accounts.ask_reset accounts.check_sign_in accounts.open_account accounts.prove_address
        accounts.repeat_letter accounts.send_confirmation accounts.send_sign_up accounts.set_password
        accounts.sign_out billing.hear_stripe""",
    WORDS: """
        answers.save answers.send comments.save comments.write composer.publish editor.save questions.send
        questions.accept questions.confirm_decline questions.confirm_hand_on questions.confirm_reveal
        questions.confirm_withdraw questions.decide_hide answers.unaccept comments.confirm_delete
        topics.delete""",
    TAPS: """
        comments.stick comments.unstick feed.read_all media.discard memberships.pin
        notifications.mark_all_read reactions.bookmark reactions.drop reactions.like
        reactions.like_comment reactions.save_note topics.mark""",
    PREVIEWS: "composer.preview search.alike",
    DRAFTS: "composer.save questions.save composer.delete_draft",
    UPLOADS: "media.upload",
    FACES: "accounts.change_avatar planets.save_picture",
    SEARCHES: "search.everywhere search.here search.related",
    MONEY: """
        billing.buy_gift billing.checkout billing.demo_act billing.send_code billing.send_transfer
        billing.subscription billing.take_comp billing.transfer_note billing.try_out""",
    FORMS: """
        accounts.change_address accounts.change_password accounts.close_for_good accounts.end_other_sessions
        accounts.end_session accounts.language accounts.save_preferences accounts.save_profile
        billing.change_subscriber billing.decide_transfer billing.download_codes
        billing.end_subscriber billing.extend_subscriber billing.give_comps billing.make_codes
        billing.hold_back_coupon billing.make_coupon billing.make_plan billing.move_plan
        billing.offer_coupon billing.pause billing.pay_share
        billing.refund billing.refund_and_remove billing.refund_subscriber billing.resend_receipt
        billing.resume billing.retire_plan billing.retry_webhook billing.revoke_codes billing.revoke_given
        billing.revoke_offered billing.revoke_one_code billing.save_plan billing.sell_plan
        billing.set_question_price billing.share_income billing.stop_coupon billing.stop_waiting
        billing.unshare_income billing.wait memberships.accept memberships.accept_rules
        memberships.blank
        memberships.change_nickname memberships.come_back memberships.decide memberships.invite
        memberships.isolate memberships.link memberships.mute memberships.readmit memberships.release
        memberships.remove memberships.resend memberships.revoke memberships.send_hand_over
        memberships.send_join memberships.send_leave memberships.set_end memberships.set_role
        memberships.take_questions memberships.unmute memberships.withdraw notifications.stop_mail
        planets.found planets.publish_rules planets.save_address planets.save_basics
        planets.save_settings search.drop search.forget search.forget_all search.save search.save_here
        search.tell series.change series.create series.delete series.order series.order_topics
        series.place tags.change tags.create tags.order""",
}
ROUTES: dict[str, Pace | None] = {
    endpoint: pace for pace, endpoints in _BY_PACE.items() for endpoint in endpoints.split()
}
"""The pace of each route that writes or that is dear to read, by endpoint."""


def pace_of(endpoint: str, method: str) -> Pace | None:
    """Return the pace of a request; None when it is not counted here. What writes and has not chosen
    goes at the pace of forms."""
    if method == "POST":
        return ROUTES.get(endpoint, FORMS)
    pace = ROUTES.get(endpoint)
    return pace if pace is not None and pace.name == SEARCHES.name else None
