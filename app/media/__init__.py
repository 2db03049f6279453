"""Media: uploaded images and files, and where their bytes lie.

Invariants: a type is decided by content, never by name; images are re-encoded, in a bounded child
process of their own, and carry no metadata; an attachment is readable by whoever may read its owner
(topic, answer, comment), by its uploader while it has none, and by everyone when it is an avatar or a
cover.
"""
