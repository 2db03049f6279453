"""Sentences for what a form got wrong, by field and code of `Invalid`."""

from __future__ import annotations

from flask_babel import lazy_gettext

from app.kernel.errors import Invalid

_SENTENCES = {
    ("title", "too_long"): lazy_gettext("The title is too long: at most %(limit)s characters."),
    ("text", "too_long"): lazy_gettext(
        "The text has %(length)s characters; at most %(limit)s fit. Shorten it or split it."
    ),
    ("text", "empty"): lazy_gettext("Write something, or add a picture or a file."),
    ("tags", "too_many_tags"): lazy_gettext("At most %(limit)s tags."),
    ("tags", "tag_too_long"): lazy_gettext(
        "The tag “%(name)s” is too long: at most %(limit)s characters."
    ),
    ("tags", "unknown_tag"): lazy_gettext(
        "There is no tag “%(names)s” yet, and only staff make new ones. Choose from the list."
    ),
    ("series", "missing"): lazy_gettext("One of the columns is gone. Choose again."),
    ("attachments", "attachment_gone"): lazy_gettext(
        "One of the files is gone or belongs to something else. Remove it and add it again."
    ),
    ("attachments", "too_many_images"): lazy_gettext("At most %(limit)s pictures."),
    ("attachments", "too_many_files"): lazy_gettext("At most %(limit)s files."),
    ("publish_at", "past"): lazy_gettext("This time is over. Choose a later one, or publish now."),
    ("publish_at", "too_far"): lazy_gettext("At most %(days)s days ahead."),
    ("publish_at", "unreadable"): lazy_gettext("Choose a day and a time."),
}


def sentence(error: Invalid) -> str:
    """Return what to tell somebody about a refused form."""
    words = _SENTENCES.get((error.field, error.code))
    if words is None:
        words = lazy_gettext("Something here is not right. Check it and try again.")
    told: str = str(words) % error.values
    return told


def errors_of(error: Invalid) -> dict[str, str]:
    """Return the error as forms take them: field name to sentence."""
    return {error.field: sentence(error)}
