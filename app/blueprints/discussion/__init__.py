"""The doors of the discussion: feed, topics, composer, columns, tags, questions, comments, reactions."""

from app.blueprints.discussion import composer, feed, topics

DOORS = (
    composer.bp,
    feed.bp,
    topics.bp,
)
