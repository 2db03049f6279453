"""Rows of the discussion, one file per part of it."""

from app.discussion.models.comments import Comment
from app.discussion.models.questions import Answer, Question, QuestionLogEntry
from app.discussion.models.reactions import Bookmark, Like, ReadMark
from app.discussion.models.topics import (
    Draft,
    Revision,
    Series,
    SeriesTopic,
    Tag,
    Topic,
    TopicTag,
)

__all__ = [
    "Answer",
    "Bookmark",
    "Comment",
    "Draft",
    "Like",
    "Question",
    "QuestionLogEntry",
    "ReadMark",
    "Revision",
    "Series",
    "SeriesTopic",
    "Tag",
    "Topic",
    "TopicTag",
]
