"""Sentences for what a form got wrong, by field and code of `Invalid`."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from app.blueprints.media import upload_words
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
    ("title", "empty"): lazy_gettext("Give it a name."),
    ("intro", "too_long"): lazy_gettext(
        "The introduction is too long: at most %(limit)s characters."
    ),
    ("name", "empty"): lazy_gettext("Give it a name."),
    ("name", "taken"): lazy_gettext("There is a tag “%(name)s” already. You can merge the two."),
    ("name", "too_many"): lazy_gettext("At most %(limit)s tags. Merge or delete some first."),
    ("into", "unknown_tag"): lazy_gettext("There is no tag “%(name)s”."),
    ("into", "same_tag"): lazy_gettext("Choose another tag to merge into."),
    ("pinned", "too_many"): lazy_gettext("At most %(limit)s topics are pinned. Unpin one first."),
    ("", "too_many_series"): lazy_gettext("At most %(limit)s columns."),
    ("", "too_many_drafts"): lazy_gettext(
        "You keep %(limit)s drafts already. Publish or delete some first."
    ),
    ("series", "missing"): lazy_gettext("One of the columns is gone. Choose again."),
    ("parent", "gone"): lazy_gettext(
        "The comment you reply to is gone. Your words are still here: send them as a comment."
    ),
    ("anonymous", "not_allowed"): lazy_gettext("This planet takes no anonymous questions."),
    ("private", "not_allowed"): lazy_gettext("This planet takes no private questions."),
    ("addressee", "not_available"): lazy_gettext("Choose somebody who takes questions."),
    ("to", "not_available"): lazy_gettext("Choose somebody else who takes questions."),
    ("reason", "empty"): lazy_gettext("Give a reason in a few words."),
    ("reason", "too_long"): lazy_gettext("At most %(limit)s characters."),
    ("note", "too_long"): lazy_gettext("At most %(limit)s characters."),
    ("", "quota"): lazy_gettext(
        "Your free questions of these seven days are used up (%(limit)s). Keep this one as a draft."
    ),
    ("", "costs"): lazy_gettext(
        "Your free questions to this person are used up. Send it once more to pay for it."
    ),
    ("", "only_roots_stick"): lazy_gettext("A reply cannot be put on top."),
    ("publish_at", "past"): lazy_gettext("This time is over. Choose a later one, or publish now."),
    ("publish_at", "too_far"): lazy_gettext("At most %(days)s days ahead."),
    ("publish_at", "unreadable"): lazy_gettext("Choose a day and a time."),
}


def sentence(error: Invalid) -> str:
    """Return what to tell somebody about a refused form."""
    if error.field in ("file", "attachments"):
        return upload_words(error)
    words = _SENTENCES.get((error.field, error.code))
    if words is None:
        return str(gettext("Something here is not right. Check it and try again."))
    return str(words) % error.values


def errors_of(error: Invalid) -> dict[str, str]:
    """Return the error as forms take them: field name to sentence, "" for what has no field."""
    field = "" if error.field in ("file", "attachments") else error.field
    return {field: sentence(error)}
