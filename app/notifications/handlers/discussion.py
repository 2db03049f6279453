"""Notices of questions, answers and replies. Nobody is told of his own acts, nobody of what isolated
people write (he may not see it), and no notice names an anonymous asker."""

from __future__ import annotations

from typing import Any

from app.discussion import events
from app.discussion.queries.noticed import (
    NoticedComment,
    NoticedTopic,
    find_noticed_comments,
    find_noticed_topics,
)
from app.kernel import clock
from app.memberships.queries import list_owner_ids
from app.notifications.kinds import Kind
from app.notifications.notices import About, forget_person, tell


def question_asked(payload: dict[str, Any]) -> None:
    """The addressee is told, if it is still his."""
    topic = _find(payload)
    addressee_id = payload["addressee_id"]
    if topic is None or topic.facts.writer_id == addressee_id:
        return
    _tell(addressee_id, Kind.QUESTION_ASKED, topic, who=_asker(topic), occasion=f":{addressee_id}")


def question_handed_on(payload: dict[str, Any]) -> None:
    """The new addressee is told, and the asker with whom his question is now."""
    topic = _find(payload)
    if topic is None or topic.facts.writer_id is None:
        return
    to_id = payload["to_user_id"]
    if to_id != topic.facts.writer_id:
        _tell(to_id, Kind.QUESTION_RECEIVED, topic, who=None, occasion=f":{to_id}")
    if topic.facts.addressee_id == to_id:
        _tell(topic.facts.writer_id, Kind.QUESTION_MOVED, topic, who=to_id, occasion=f":{to_id}")


def question_answered(payload: dict[str, Any]) -> None:
    """The asker is told who answered."""
    topic = _find(payload)
    if topic is None or topic.answer is None or topic.facts.writer_id is None:
        return
    answerer_id = topic.answer.writer_id
    if answerer_id != topic.facts.writer_id:
        _tell(topic.facts.writer_id, Kind.QUESTION_ANSWERED, topic, who=answerer_id)


def question_declined(payload: dict[str, Any]) -> None:
    """The asker is told; the reason stands with the question."""
    topic = _find(payload)
    if topic is None or not topic.facts.declined or topic.facts.writer_id is None:
        return
    _tell(topic.facts.writer_id, Kind.QUESTION_DECLINED, topic, who=None)


def question_overdue(payload: dict[str, Any]) -> None:
    """The owners are told with whom a question waits, unless it was settled in between."""
    topic = _find(payload)
    if topic is None or topic.facts.answered or topic.facts.declined or topic.facts.withdrawn:
        return
    for owner_id in list_owner_ids(topic.facts.planet_id):
        _tell(owner_id, Kind.QUESTION_OVERDUE, topic, who=topic.facts.addressee_id)


def question_unnamed(payload: dict[str, Any]) -> None:
    """Notices that named the asker of this question name nobody."""
    topic = _find(payload)
    if topic is not None and topic.facts.writer_id is not None:
        forget_person(topic_id=topic.id, person_id=topic.facts.writer_id)


def hiding_asked(payload: dict[str, Any]) -> None:
    """The addressee and the owners are told: they decide."""
    topic = _find(payload)
    if topic is None:
        return
    for user_id in {topic.facts.addressee_id, *list_owner_ids(topic.facts.planet_id)}:
        if user_id is not None and user_id != topic.facts.writer_id:
            _tell(user_id, Kind.HIDING_ASKED, topic, who=None, occasion=_now())


def hiding_decided(payload: dict[str, Any]) -> None:
    """The asker is told; the reason stands in the question's log."""
    topic = _find(payload)
    if topic is not None and topic.facts.writer_id is not None:
        _tell(topic.facts.writer_id, Kind.HIDING_DECIDED, topic, who=None, occasion=_now())


def _now() -> str:
    """It may be asked and decided more than once."""
    return f":{clock.now():%Y%m%d%H%M%S}"


def comment_written(payload: dict[str, Any]) -> None:
    """Whoever is replied to is told, and whoever's topic, question or answer it stands under."""
    comment = find_noticed_comments([payload["comment_id"]]).get(payload["comment_id"])
    topic = _find(payload)
    if comment is None or topic is None:
        return
    about = About(
        planet_id=topic.facts.planet_id,
        person_id=None
        if comment.as_asker and _is_hidden(topic, comment)
        else comment.facts.writer_id,
        topic_id=topic.id,
        comment_id=comment.id,
    )
    for user_id, kind in _listeners(topic, comment).items():
        tell(user_id, kind, about=about, dedupe_key=f"comment:{comment.id}")


def _listeners(topic: NoticedTopic, comment: NoticedComment) -> dict[int, Kind]:
    """Who is told of a comment, each once and for the nearest reason."""
    facts = topic.facts
    reasons: list[tuple[int | None, Kind]] = [(comment.parent_writer_id, Kind.COMMENT_REPLY)]
    own = Kind.COMMENT_ON_QUESTION if facts.kind == "question" else Kind.COMMENT_ON_TOPIC
    reasons.append((facts.writer_id, own))
    if topic.answer is not None:
        reasons.append((topic.answer.writer_id, Kind.COMMENT_ON_ANSWER))
    found: dict[int, Kind] = {}
    for user_id, kind in reasons:
        if user_id is not None and user_id != comment.facts.writer_id:
            found.setdefault(user_id, kind)
    return found


def _is_hidden(topic: NoticedTopic, comment: NoticedComment) -> bool:
    """Whether naming the comment's writer would name the anonymous asker."""
    return topic.facts.anonymous and comment.facts.writer_id == topic.facts.writer_id


def _asker(topic: NoticedTopic) -> int | None:
    return None if topic.facts.anonymous else topic.facts.writer_id


def _find(payload: dict[str, Any]) -> NoticedTopic | None:
    topic_id: int = payload["topic_id"]
    return find_noticed_topics([topic_id]).get(topic_id)


def _tell(
    user_id: int, kind: Kind, topic: NoticedTopic, *, who: int | None, occasion: str = ""
) -> None:
    about = About(planet_id=topic.facts.planet_id, person_id=who, topic_id=topic.id)
    tell(user_id, kind, about=about, dedupe_key=f"{kind}:{topic.id}{occasion}")


HANDLERS = {
    events.QuestionAsked: question_asked,
    events.QuestionHandedOn: question_handed_on,
    events.QuestionAnswered: question_answered,
    events.QuestionDeclined: question_declined,
    events.QuestionOverdue: question_overdue,
    events.QuestionUnnamed: question_unnamed,
    events.QuestionHidingAsked: hiding_asked,
    events.QuestionHidingDecided: hiding_decided,
    events.CommentWritten: comment_written,
}
