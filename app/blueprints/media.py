"""The door of media: upload into a planet's composer, and serve through the policy."""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from flask_babel import gettext
from werkzeug.wsgi import wrap_file

from app.blueprints.entrance import current_viewer, declares, enter_planet, require, storage
from app.discussion.queries.facts import find_owner_facts, text_is_readable
from app.discussion.queries.uploads import drafted_attachments
from app.kernel.errors import Invalid, NotFound, Unavailable
from app.media import actions
from app.media.checking import note_met
from app.media.models import Attachment
from app.media.queries import AttachmentView, get_attachment
from app.memberships.queries import visit_planet
from app.policy import Action, TopicFacts, can

bp = Blueprint("media", __name__)
_PICTURES = ("avatar", "cover")


@bp.post("/p/<slug>/uploads")
@declares(Action.UPLOAD)
def upload(slug: str) -> Response | tuple[Response, int]:
    """Take one image or file (field `file`, `kind` image or file); JSON for the composer."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.UPLOAD))
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return jsonify(error=gettext("Choose a file first.")), 422
    actions.make_room(actor, storage=storage(), keep=drafted_attachments)
    incoming = actions.Upload(filename=sent.filename, stream=sent.stream)
    try:
        if request.form.get("kind") == "file":
            row = actions.store_file(
                actor, storage=storage(), upload=incoming, max_mib=planet.file_max_mib
            )
            stored = actions.Stored(row)
        else:
            stored = actions.store_image(actor, storage=storage(), upload=incoming)
    except Invalid as error:
        return jsonify(error=upload_words(error)), 422
    answer = jsonify(upload_json(stored.row) | {"note": note_words(stored.note)})
    answer.status_code = 201
    return answer


@bp.post("/p/<slug>/uploads/<public_id>/discard")
@declares(Action.ACCOUNT_USE)
def discard(slug: str, public_id: str) -> tuple[str, int]:
    """Drop an upload of one's own that no text holds yet."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.ACCOUNT_USE))
    actions.discard(actor, storage=storage(), public_id=public_id)
    return "", 204


@bp.get("/media/<public_id>")
@declares(Action.TOPIC_TEXT_READ)
def show(public_id: str) -> Response:
    """Serve an attachment to whoever may read what it belongs to; everybody else gets 404."""
    found = _readable(public_id)
    return _serve(found, found.storage_key, found.content_type)


@bp.get("/media/<public_id>/thumb")
@declares(Action.TOPIC_TEXT_READ)
def thumbnail(public_id: str) -> Response:
    """Serve an image's thumbnail, or the picture itself where it is small already."""
    found = _readable(public_id)
    if found.thumbnail_key:
        return _serve(found, found.thumbnail_key, "image/webp")
    return _serve(found, found.storage_key, found.content_type)


def upload_json(row: Attachment | AttachmentView) -> dict[str, Any]:
    """Return what the composer's script needs to show an upload."""
    is_image = row.purpose == "image"
    return {
        "id": row.public_id,
        "kind": row.purpose,
        "name": row.filename,
        "url": url_for("media.show", public_id=row.public_id),
        "thumb_url": url_for("media.thumbnail", public_id=row.public_id) if is_image else "",
        "size": row.size,
        "width": row.width,
        "height": row.height,
    }


def upload_words(error: Invalid) -> str:
    """Return the sentence for a refused upload: what is wrong and what to do."""
    limit = error.values.get("limit", 0)
    words = {
        "too_large": gettext("The file is larger than %(limit)s MiB.", limit=limit),
        "empty_file": gettext("The file is empty."),
        "not_an_image": gettext(
            "This is not an image we can read. Send a JPEG, PNG, WebP, GIF, HEIC or AVIF."
        ),
        "too_many_scans": gettext(
            "This JPEG is made of more than %(limit)s passes. Save it anew and send that.",
            limit=limit,
        ),
        "too_much_work": gettext(
            "This image takes too long to read. Save it anew or smaller and send that."
        ),
        "busy": gettext("The server is busy with other pictures. Try again in a minute."),
        "quota_full": gettext(
            "You have used the %(limit)s MiB that this site keeps for each person. Delete pictures or "
            "files you no longer need, or ask its keeper for more.",
            limit=limit,
        ),
        "too_many_pixels": gettext(
            "The image has more than %(limit)s megapixels. Make it smaller first.", limit=limit
        ),
        "too_many_waiting": gettext(
            "Too many uploads are waiting in your drafts. Publish or discard some first."
        ),
        "only_images": gettext("Only pictures can be added here."),
        "too_many_images": gettext("At most %(limit)s images fit into one post.", limit=limit),
        "too_many_files": gettext("At most %(limit)s files fit into one post.", limit=limit),
        "attachment_gone": gettext("An upload is no longer there. Please add it again."),
    }
    return str(words.get(error.code, gettext("The upload did not work. Please try again.")))


def note_words(note: str) -> str:
    """Return what to say about a picture that was taken; "" when there is nothing to say."""
    if note != "stands_still":
        return ""
    words: str = gettext(
        "This animation is too long or too large to move here: its first picture was kept. Send it as "
        "a file if it should stay whole."
    )
    return words


def _readable(public_id: str) -> AttachmentView:
    """Return the attachment when its owner may be read by the viewer; NotFound otherwise."""
    found = get_attachment(public_id)
    if found.purpose in _PICTURES:
        return found
    viewer = current_viewer()
    if found.owner_id is None:
        if viewer is not None and viewer.user_id == found.uploader_id:
            return found
        raise NotFound(public_id)
    facts = find_owner_facts(found.owner_type, found.owner_id)
    if facts is None:
        raise NotFound(public_id)
    topic = facts if isinstance(facts, TopicFacts) else facts.topic
    _planet, actor = visit_planet(topic.planet_id, viewer)
    if not text_is_readable(actor, facts):
        raise NotFound(public_id)
    return found


def _serve(found: AttachmentView, key: str, content_type: str) -> Response:
    """Stream with ranges. Files are downloads; nothing sent from here may run in our origin."""
    try:
        stream = storage().open(key)
    except (NotFound, Unavailable) as error:
        note_met(found.public_id, "missing" if isinstance(error, NotFound) else "unreadable")
        raise
    size = stream.seek(0, 2)
    stream.seek(0)
    response = current_app.response_class(
        wrap_file(request.environ, stream), mimetype=content_type, direct_passthrough=True
    )
    response.content_length = size
    response.set_etag(f"{found.public_id}-{key[-2:]}")
    public = found.purpose in _PICTURES
    # Faces are seen by everybody, and a file's own name may say whose it is.
    names = {} if public else _names(found.filename)
    shown = "attachment" if found.purpose == "file" else "inline"
    response.headers.set("Content-Disposition", shown, **names)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=604800" if public else "private, no-store"
    response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    return response


def _names(filename: str) -> dict[str, str]:
    """Return the parameters that name a download: headers are Latin-1, names are Chinese."""
    if filename.isascii():
        return {"filename": filename}
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode("ascii")
    # RFC 8187: whoever does not know the second takes the first.
    return {"filename": plain, "filename*": f"UTF-8''{quote(filename, safe='')}"}
