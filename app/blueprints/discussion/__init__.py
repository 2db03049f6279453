"""The doors of the discussion: feed, topics, composer, columns, tags, questions, comments, reactions."""

from app.blueprints.discussion import (
    comments,
    composer,
    editor,
    feed,
    reactions,
    series,
    tags,
    topics,
)

DOORS = (
    comments.bp,
    composer.bp,
    editor.bp,
    feed.bp,
    reactions.bp,
    series.bp,
    tags.bp,
    topics.bp,
)
