"""The settings in plain words: what each means for the people of the planet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

from app.planets.settings import GROUPS


@dataclass(frozen=True, slots=True)
class Words:
    """A setting's label, one sentence of what it means, and for choices (label, help) per value."""

    label: Any
    help: Any = ""
    options: dict[str, tuple[Any, Any]] | None = None


GROUP_WORDS: dict[str, tuple[Any, Any]] = {
    "joining": (
        lazy_gettext("Joining"),
        lazy_gettext("How people find the planet and become members."),
    ),
    "prices": (
        lazy_gettext("Membership and prices"),
        lazy_gettext("What renewing costs, and how long money can be had back."),
    ),
    "posting": (
        lazy_gettext("Posting"),
        lazy_gettext("Who publishes, who comments, and how much fits."),
    ),
    "questions": (
        lazy_gettext("Questions"),
        lazy_gettext("What members may ask, and what they can expect."),
    ),
    "privacy": (
        lazy_gettext("Privacy"),
        lazy_gettext("What members learn about each other."),
    ),
    "protection": (
        lazy_gettext("Protection"),
        lazy_gettext("What happens to what was written here."),
    ),
}

WORDS: dict[str, Words] = {
    "joining": Words(
        lazy_gettext("Who can join"),
        options={
            "open": (
                lazy_gettext("Everybody, at once"),
                lazy_gettext("Whoever presses “Join” is a member."),
            ),
            "approval": (
                lazy_gettext("Whoever staff let in"),
                lazy_gettext("People answer your question; staff read the answer and decide."),
            ),
            "invitation": (
                lazy_gettext("Invited people only"),
                lazy_gettext("Nobody can ask; staff send invitations by e-mail."),
            ),
        },
    ),
    "join_question": Words(
        lazy_gettext("Question for people who ask to join"),
        lazy_gettext("Asked when staff decide. Only staff read the answers."),
    ),
    "listed": Words(
        lazy_gettext("Show the planet on the discover page"),
        lazy_gettext("Everybody can find it there. Off: only who has the link finds it."),
    ),
    "grace_days": Words(
        lazy_gettext("Days of grace after a membership ends"),
        lazy_gettext("For so many days a member whose time is over still takes part as before."),
    ),
    "refund_hours": Words(
        lazy_gettext("Hours in which buyers take their money back themselves"),
        lazy_gettext("From the payment on, without asking you. 0: refunds are yours to decide."),
    ),
    "renewal_days": Words(
        lazy_gettext("Days after the end with the price for coming back soon"),
        lazy_gettext("After them the price for coming back late holds."),
    ),
    "renew_early_percent": Words(
        lazy_gettext("Renewing before the end, in percent of the price"),
        lazy_gettext(
            "A thank-you to those who stay. Rounded down; subscriptions stay as they are."
        ),
    ),
    "renew_grace_percent": Words(
        lazy_gettext("Renewing soon after the end, in percent of the price"),
    ),
    "renew_late_percent": Words(
        lazy_gettext("Coming back later, in percent of the price"),
        lazy_gettext("100 asks the same of those who return as of those who are new."),
    ),
    "timezone": Words(
        lazy_gettext("Time zone in which months of membership are counted"),
        lazy_gettext(
            "A month bought on 1 March ends on 1 April here. A change counts for what is bought "
            "afterwards; nobody’s end moves."
        ),
    ),
    "who_may_post": Words(
        lazy_gettext("Who may publish topics"),
        options={
            "partners": (lazy_gettext("The owner and partners"), ""),
            "staff": (lazy_gettext("The owner, partners and admins"), ""),
            "guests": (
                lazy_gettext("The owner, partners, admins and guests"),
                lazy_gettext("Members read, ask and comment. This is how most planets work."),
            ),
            "members": (lazy_gettext("Everybody inside"), ""),
        },
    ),
    "who_may_comment": Words(
        lazy_gettext("Who may comment"),
        options={
            "members": (lazy_gettext("Everybody inside"), ""),
            "staff": (
                lazy_gettext("Staff only"),
                lazy_gettext("Members can still follow up on their own questions."),
            ),
            "nobody": (
                lazy_gettext("Nobody"),
                lazy_gettext("Comments written before stay readable."),
            ),
        },
    ),
    "topic_max_chars": Words(
        lazy_gettext("Characters in a topic, at most"),
        lazy_gettext("Longer texts are better split into a column."),
    ),
    "comment_max_chars": Words(
        lazy_gettext("Characters in a comment, at most"),
        lazy_gettext("Short comments keep a conversation readable."),
    ),
    "comment_edit_minutes": Words(
        lazy_gettext("Minutes to correct a comment without a trace"),
        lazy_gettext("Later changes are possible, but the earlier versions stay readable."),
    ),
    "file_max_mib": Words(
        lazy_gettext("Size of a file in MiB, at most"),
        lazy_gettext("Applies to each file that is added to a topic or an answer."),
    ),
    "questions_enabled": Words(
        lazy_gettext("Members may ask questions"),
        lazy_gettext("Questions go to the owner, a partner or a guest. Off: nobody can ask."),
    ),
    "anonymous_questions": Words(
        lazy_gettext("Questions may be anonymous"),
        lazy_gettext(
            "Nobody sees who asked, staff included. The owner can reveal it with a reason that is "
            "written down."
        ),
    ),
    "private_questions": Words(
        lazy_gettext("Questions may be private"),
        lazy_gettext("Only the asker, the addressee and staff read question and answer."),
    ),
    "question_queue_open": Words(
        lazy_gettext("Members see questions before they are answered"),
        lazy_gettext("Off: a question appears when it has its answer. Private ones never do."),
    ),
    "question_max_chars": Words(
        lazy_gettext("Characters in a question, at most"),
        lazy_gettext("A limit makes people say what they want to know."),
    ),
    "question_quota_per_week": Words(
        lazy_gettext("Questions a person may ask in a week"),
        lazy_gettext("Keeps the addressees' time free for everybody. 0 stops new questions."),
    ),
    "answer_due_hours": Words(
        lazy_gettext("Hours until a question counts as overdue"),
        lazy_gettext("The addressee sees the time left; the owner is told once when it is over."),
    ),
    "directory_open": Words(
        lazy_gettext("Members may see the list of members"),
        lazy_gettext(
            "Off: members meet only the authors of what they read, and nobody can collect names."
        ),
    ),
    "expired_access": Words(
        lazy_gettext("What members keep when their time is over"),
        options={
            "keep": (
                lazy_gettext("What was published while they were members"),
                lazy_gettext("They can go on reading it, but take no part."),
            ),
            "lock": (
                lazy_gettext("Nothing"),
                lazy_gettext("The planet is closed to them until they renew."),
            ),
        },
    ),
    "watermark": Words(
        lazy_gettext("Mark pages with the reader's number"),
        lazy_gettext(
            "A faint mark behind texts and pictures tells from whose screen a picture was taken."
        ),
    ),
}

if set(WORDS) != {column for group in GROUPS.values() for column in group}:
    raise RuntimeError("a setting without words, or words without a setting")
