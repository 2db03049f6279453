"""What the acts of the trail are called."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext, lazy_pgettext

# What each act is called. An act without words here is shown under its own key.
ACTS: dict[str, Any] = {
    "planet.create": lazy_gettext("founded the planet"),
    "planet.basics": lazy_gettext("changed what the planet says of itself"),
    "planet.slug": lazy_gettext("changed the address"),
    "planet.settings": lazy_gettext("changed settings"),
    "planet.looks": lazy_gettext("changed a picture"),
    "planet.rules": lazy_gettext("published new rules"),
    "planet.hand_over": lazy_gettext("handed the planet over to"),
    "member.role": lazy_gettext("changed the role of"),
    "member.end": lazy_gettext("changed the end date of"),
    "member.approve": lazy_gettext("let in"),
    "member.decline": lazy_gettext("declined the request of"),
    "member.leave": lazy_pgettext("act", "left"),
    "member.mute": lazy_pgettext("act", "muted"),
    "member.unmute": lazy_gettext("unmuted"),
    "member.isolate": lazy_pgettext("act", "isolated"),
    "member.release": lazy_gettext("ended the isolation of"),
    "member.remove": lazy_pgettext("act", "removed"),
    "member.readmit": lazy_gettext("readmitted"),
    "invitation.create": lazy_gettext("invited somebody"),
    "invitation.resend": lazy_gettext("sent an invitation again"),
    "invitation.copy": lazy_gettext("copied the link of an invitation"),
    "invitation.revoke": lazy_gettext("revoked an invitation"),
    "invitation.accept": lazy_gettext("took up an invitation"),
    "codes.make": lazy_gettext("made redemption codes:"),
    "codes.download": lazy_gettext("downloaded redemption codes:"),
    "codes.revoke": lazy_gettext("revoked redemption codes:"),
    "codes.revoke_one": lazy_gettext("revoked a redemption code:"),
    "code.redeem": lazy_gettext("redeemed a code:"),
    "comp.give": lazy_gettext("gave complimentary access to"),
    "comp.offer": lazy_gettext("offered complimentary access by e-mail address"),
    "comp.offer_revoke": lazy_gettext("took back an offer of complimentary access"),
    "comp.take": lazy_gettext("took up complimentary access"),
    "comp.revoke": lazy_gettext("revoked the complimentary access of"),
    "question_price.set": lazy_gettext("set the price of questions to"),
    "topic.edit": lazy_gettext("edited somebody's topic"),
    "topic.delete": lazy_gettext("deleted somebody's topic"),
    "topic.pinned": lazy_gettext("pinned a topic"),
    "topic.not_pinned": lazy_gettext("unpinned a topic"),
    "topic.digest": lazy_gettext("put a topic into the digest"),
    "topic.not_digest": lazy_gettext("took a topic out of the digest"),
    "topic.sample": lazy_gettext("opened a topic to everyone"),
    "topic.not_sample": lazy_gettext("closed a topic to visitors again"),
    "topic.closed": lazy_gettext("closed the comments of a topic"),
    "topic.not_closed": lazy_gettext("opened the comments of a topic again"),
    "comment.delete": lazy_gettext("deleted somebody's comment"),
    "question.reveal": lazy_gettext("looked up who asked an anonymous question"),
    "series.create": lazy_gettext("made a column:"),
    "series.change": lazy_gettext("changed a column:"),
    "series.delete": lazy_gettext("deleted a column:"),
    "tag.rename": lazy_gettext("renamed a tag:"),
    "tag.merge": lazy_gettext("merged a tag:"),
    "tag.delete": lazy_gettext("deleted a tag:"),
}
# The tabs of the trail, and which acts each shows.
KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "people": (lazy_gettext("People"), ("member", "invitation")),
    "content": (
        lazy_gettext("Content"),
        ("topic", "comment", "question", "answer", "series", "tag"),
    ),
    "access": (lazy_gettext("Access and money"), ("codes", "code", "comp", "question_price")),
    "planet": (lazy_gettext("The planet"), ("planet",)),
}
