"""The doors of the discussion: feed, topics, composer, columns, tags, questions, comments, reactions."""

from app.blueprints.discussion import (
    answers,
    comments,
    composer,
    draft_pages,  # noqa: F401 - its routes stand on the door of the composer
    editor,
    feed,
    question_hiding,  # noqa: F401 - its routes stand on the door of questions
    questions,
    reactions,
    series,
    tags,
    topics,
)

DOORS = (
    answers.bp,
    comments.bp,
    composer.bp,
    editor.bp,
    feed.bp,
    questions.bp,
    reactions.bp,
    series.bp,
    tags.bp,
    topics.bp,
)
