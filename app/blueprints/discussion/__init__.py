"""The doors of the discussion: feed, topics, composer, columns, tags, questions, comments, reactions."""

from app.blueprints.discussion import composer, editor, feed, series, tags, topics

DOORS = (
    composer.bp,
    editor.bp,
    feed.bp,
    series.bp,
    tags.bp,
    topics.bp,
)
