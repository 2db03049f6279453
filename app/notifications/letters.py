"""Letters that bring a link or a word about an account, in the receiver's language. Subjects say
nothing private."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from app.notifications import links
from app.notifications.kinds import role_name
from app.notifications.office import the_office
from app.notifications.speech import speak
from app.notifications.strangers import without_links


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: lines, one button with its link, small print. Plain text throughout."""

    subject: str
    lines: tuple[str, ...]
    button: str = ""
    link: str = ""
    after: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the letter as it is stored until it is sent."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Letter:
        """Return the stored letter."""
        return cls(**{**stored, "lines": tuple(stored["lines"]), "after": tuple(stored["after"])})


def open_account(language: str, *, name: str, secret: str) -> Letter:
    """The link that proves a newcomer's mailbox."""
    _ = speak(language)
    site = the_office().site_name
    return Letter(
        subject=_("Open your account at %(site)s", site=site),
        lines=(
            _("Hello %(name)s,", name=without_links(name)),
            _("Somebody, hopefully you, signed up at %(site)s with this address.", site=site),
        ),
        button=_("Open my account"),
        link=links.absolute(links.CONFIRM, secret=secret),
        after=(
            _("The link works once, and for three days."),
            _("If it was not you, ignore this e-mail: without the link no account is opened."),
        ),
    )


def account_exists(language: str, *, name: str) -> Letter:
    """Somebody signed up with an address that has an account: a word to its holder."""
    _ = speak(language)
    site = the_office().site_name
    return Letter(
        subject=_("You already have an account at %(site)s", site=site),
        lines=(
            _("Hello %(name)s,", name=name),
            _(
                "Somebody, probably you, tried to sign up at %(site)s with this address. It already "
                "has an account: simply sign in.",
                site=site,
            ),
        ),
        button=_("Sign in"),
        link=links.absolute(links.SIGN_IN),
        after=(
            _(
                "If you forgot the password, ask for a new one: %(link)s",
                link=links.absolute(links.FORGOTTEN),
            ),
            _("If it was not you, ignore this e-mail: nobody was told that you have an account."),
        ),
    )


def confirm_address(language: str, *, name: str, secret: str) -> Letter:
    """The link that proves a person's own address."""
    _ = speak(language)
    return Letter(
        subject=_("Confirm your address at %(site)s", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=without_links(name)),
            _("Please confirm that this address is yours."),
        ),
        button=_("Confirm my address"),
        link=links.absolute(links.ADDRESS, secret=secret),
        after=(_("The link works once, and for three days."),),
    )


def new_address(language: str, *, name: str, secret: str) -> Letter:
    """The link that makes a new address the person's own."""
    _ = speak(language)
    return Letter(
        subject=_("Confirm your new address at %(site)s", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=without_links(name)),
            _("Please confirm that you want to use this address for your account from now on."),
        ),
        button=_("Confirm my address"),
        link=links.absolute(links.ADDRESS, secret=secret),
        after=(
            _("The link works once, and for one day."),
            _("If it was not you, ignore this e-mail: nothing will change."),
        ),
    )


def address_in_use(language: str, *, name: str) -> Letter:
    """Somebody wanted to take an address that has an account: a word to its holder."""
    _ = speak(language)
    return Letter(
        subject=_("About your address at %(site)s", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=name),
            _(
                "Somebody wanted to use this address for another account. It belongs to yours, so "
                "nothing has changed, and nobody was told."
            ),
        ),
        button=_("Sign in"),
        link=links.absolute(links.SIGN_IN),
    )


def address_wanted(language: str, *, name: str, masked: str) -> Letter:
    """A word to the old address while the new one waits to be proven."""
    _ = speak(language)
    return Letter(
        subject=_("A new address for your account at %(site)s", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=name),
            _(
                "Your account is about to get a new address, %(address)s. It changes once the link "
                "that we sent there is opened.",
                address=masked,
            ),
        ),
        button=_("Change my password"),
        link=links.absolute(links.SECURITY),
        after=(_("If it was not you, change your password now: that stops it."),),
    )


def address_changed(language: str, *, name: str, masked: str) -> Letter:
    """A word to the old address after the new one took its place."""
    _ = speak(language)
    return Letter(
        subject=_("Your account at %(site)s has a new address", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=name),
            _(
                "Your account now uses the address %(address)s. We will not write to this one any more.",
                address=masked,
            ),
        ),
        after=(
            _(
                "If it was not you, contact the administrators of %(link)s at once.",
                link=links.absolute(links.HOME),
            ),
        ),
    )


def new_password(language: str, *, name: str, secret: str) -> Letter:
    """The link for a new password."""
    _ = speak(language)
    return Letter(
        subject=_("A new password for %(site)s", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=name),
            _("Somebody, hopefully you, asked for a new password."),
        ),
        button=_("Choose a new password"),
        link=links.absolute(links.RESET, secret=secret),
        after=(
            _("The link works once, and for one hour."),
            _("If it was not you, ignore this e-mail: your password stays as it is."),
        ),
    )


def password_changed(language: str, *, name: str) -> Letter:
    """A word after a password was changed."""
    _ = speak(language)
    return Letter(
        subject=_("Your password at %(site)s was changed", site=the_office().site_name),
        lines=(
            _("Hello %(name)s,", name=name),
            _("Your password was just changed, and all other devices were signed out."),
        ),
        button=_("Choose a new password"),
        link=links.absolute(links.FORGOTTEN),
        after=(_("If it was you, there is nothing to do. If not, choose a new one now."),),
    )


def invitation(
    language: str, *, inviter: str, planet: str, role: str, note: str, secret: str
) -> Letter:
    """The link of an invitation. `note` is what the inviter wrote, "" for nothing."""
    _ = speak(language)
    site = the_office().site_name
    lines = [
        _("Hello,"),
        _(
            "%(who)s invites you to %(planet)s at %(site)s. Your role there: %(role)s.",
            who=without_links(inviter),
            planet=without_links(planet),
            site=site,
            role=role_name(_, role),
        ),
    ]
    if note:
        lines.append(
            _(
                "%(who)s writes: %(note)s",
                who=without_links(inviter),
                note=without_links(note),
            )
        )
    return Letter(
        subject=_("An invitation at %(site)s", site=site),
        lines=tuple(lines),
        button=_("See the invitation"),
        link=links.absolute(links.INVITATION, secret=secret),
        after=(
            _("The link works for this address, once, and for fourteen days."),
            _("If you do not know why you get this, ignore it: nothing will happen."),
        ),
    )


def access_offer(language: str, *, planet: str, slug: str) -> Letter:
    """Complimentary access waits for whoever owns the address; the link alone gives nothing."""
    _ = speak(language)
    site = the_office().site_name
    return Letter(
        subject=_("Something for you at %(site)s", site=site),
        lines=(
            _("Hello,"),
            _(
                "%(planet)s at %(site)s offers you a membership for nothing.",
                planet=without_links(planet),
                site=site,
            ),
        ),
        button=_("Have a look"),
        link=links.absolute(links.REDEEM, slug=slug),
        after=(
            _("Sign in with this address, or open an account with it, to take it up."),
            _("If you do not know why you get this, ignore it: nothing will happen."),
        ),
    )
