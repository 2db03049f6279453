"""Reading people, sessions and links."""

from app.accounts.queries.links import LinkView, SignUpView, find_link, find_sign_up
from app.accounts.queries.proofs import prove_by_email, prove_by_id
from app.accounts.queries.recipients import (
    Recipient,
    Wish,
    address_link_holds,
    find_address_wish,
    find_recipient,
    find_recipient_by_email,
    find_sign_up_wish,
    sign_up_holds,
)
from app.accounts.queries.trail import SiteEntry, list_site_trail
from app.accounts.queries.viewers import (
    SessionView,
    Settings,
    Viewer,
    find_viewer,
    find_viewer_by_id,
    get_settings,
    list_sessions,
)

__all__ = [
    "LinkView",
    "Recipient",
    "SessionView",
    "Settings",
    "SignUpView",
    "SiteEntry",
    "Viewer",
    "Wish",
    "address_link_holds",
    "find_address_wish",
    "find_link",
    "find_recipient",
    "find_recipient_by_email",
    "find_sign_up",
    "find_sign_up_wish",
    "find_viewer",
    "find_viewer_by_id",
    "get_settings",
    "list_sessions",
    "list_site_trail",
    "prove_by_email",
    "prove_by_id",
    "sign_up_holds",
]
