"""The factory: the one place where settings, database, doors and handlers meet."""

from __future__ import annotations

import hashlib
import importlib
import logging
from datetime import timedelta
from functools import partial
from pathlib import Path

import jinja2
from flask import Flask
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from app import cli
from app.accounts.actions import purge_stale
from app.accounts.failures import purge_failures
from app.accounts.reserved import reserved
from app.billing import handlers as billing_handlers
from app.billing import models as billing_rows
from app.billing.actions.codes import forget_seeds
from app.billing.actions.customers import forget_customers
from app.billing.actions.funnel import purge_steps
from app.billing.actions.installation import find_mismatch
from app.billing.actions.reconcile import reconcile, sync_open_orders
from app.billing.actions.reminders import remind
from app.billing.actions.seat_wishes import tell_all_waiting
from app.billing.actions.webhooks import purge_bodies, retry_failed
from app.billing.demo_gateway import DemoGateway
from app.billing.gateway import gateways
from app.billing.house import house
from app.billing.transfer_gateway import TransferGateway
from app.blueprints import (
    accounts,
    assets,
    billing,
    bodies,
    cookies,
    discussion,
    entrance,
    errors,
    frame,
    haste,
    home,
    insights,
    kept,
    media,
    memberships,
    money,
    navigation,
    notifications,
    operations,
    origins,
    pacing,
    packing,
    page,
    planets,
    request_log,
    search,
    security,
    styleguide,
    templating,
    warming,
)
from app.config import Settings, load_settings, read_settings
from app.discussion import handlers as discussion_handlers
from app.discussion import models as discussion_rows
from app.discussion.jobs import settle_paid_questions, tell_overdue
from app.discussion.queries.uploads import drafted_attachments
from app.discussion.rebuilding import repair_texts
from app.farewell import keep_closed
from app.insights import keep_tallies
from app.kernel import audit, limits, logs, privacy, schema
from app.kernel.db import db, let_nobody_wait
from app.media import models as media_rows
from app.media.actions import purge_orphans
from app.media.checking import keep_watch
from app.media.quota import quotas
from app.media.storage import DiskStorage
from app.media.sweeping import sweep_left_over
from app.memberships import models as membership_rows
from app.memberships import settling
from app.notifications import handlers as notification_handlers
from app.notifications import mailer
from app.notifications import models as notification_rows
from app.notifications.office import Office, open_office
from app.notifications.post import purge_mails
from app.outbox import models as outbox_rows
from app.outbox.actions import purge_done
from app.outbox.events import subscriptions
from app.outbox.jobs import purge_rate_counters, timetable
from app.planets.rebuilding import repair_pages
from app.planets.zones import live_in
from app.search import handlers as search_handlers
from app.search import models as search_rows
from app.search.engines import open_engine
from app.search.indexer import Indexer, purge_followed
from app.search.misses import purge_misses
from app.search.telling import tell_new_hits
from app.search.writing import Lock, lock

ROOT = Path(__file__).resolve().parent.parent
DOORS = (
    accounts.bp,
    assets.bp,
    billing.bp,
    media.bp,
    notifications.bp,
    operations.bp,
    *discussion.DOORS,
    home.bp,
    insights.bp,
    memberships.bp,
    planets.bp,
    search.bp,
)
# How long PostgreSQL may take to answer at all, and its network to carry a word, in (milli)seconds.
_REACH = {"connect_timeout": 3, "tcp_user_timeout": 10_000, "keepalives_idle": 30}
# Imported for their rows: metadata must know every table before migrations and queries do.
ROWS = (
    audit,
    limits,
    billing_rows,
    discussion_rows,
    media_rows,
    membership_rows,
    notification_rows,
    outbox_rows,
    search_rows,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application, for commands too. `settings` default to the environment; ConfigError when
    they are bad. Web and worker ask for more (`load_settings`)."""
    settings = settings or read_settings()
    app = Flask(
        "planetarium",
        root_path=str(ROOT / "app"),
        template_folder=str(ROOT / "templates"),
        static_folder=None,
    )
    app.jinja_environment = templating.PageEnvironment
    _configure(app, settings)
    _logs(app, settings)
    _database(app, settings)
    _sessions(app)
    _frame(app, settings)
    origins.install(app)
    pacing.install(app)
    for door in DOORS:
        app.register_blueprint(door)
    if settings.env != "production":
        app.register_blueprint(styleguide.bp)
    cli.install(app)
    _mail(app, settings)
    _billing(app, settings)
    _payments(settings)
    _search(app, settings)
    _subscribe(app)
    _timetable(app)
    return app


def create_web() -> Flask:
    """Build the application as the web server does. Ends the process when a setting is missing, or the
    database was made for another kind of money, is an unfinished move or of a later version; one that is
    out of reach or has no tables yet is told by /readyz."""
    app = create_app(load_settings())
    with app.app_context():
        let_nobody_wait()
        try:
            mismatch = schema.find_unfinished() or schema.find_newer(str(ROOT / "migrations"))
            mismatch = mismatch or find_mismatch(gateways.environment)
        except SQLAlchemyError:
            mismatch = None
        db.session.remove()
    if mismatch is not None:
        raise SystemExit(f"Planetarium cannot start: {mismatch}")
    app.config["WARM_UP"] = partial(warming.warm, app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value() or "development-only",
        TESTING=settings.env == "testing",
        MAX_CONTENT_LENGTH=settings.max_body_mib * 1024 * 1024,
        # Long Chinese texts are 3 bytes a character; the default of 500,000 bytes cuts them.
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=1000,
        SESSION_COOKIE_NAME="planetarium",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(days=60),
        # The door of accounts renews it now and then; signing it for each answer is dear.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        # `origins` asks the browser where a form is from; many send no Referer.
        WTF_CSRF_SSL_STRICT=False,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "app" / "translations"),
        BABEL_DEFAULT_LOCALE=settings.default_language,
        BABEL_DEFAULT_TIMEZONE="UTC",
    )
    if settings.env == "development":
        app.config["TEMPLATES_AUTO_RELOAD"] = True
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["planetarium.settings"] = settings
    app.extensions["planetarium.storage"] = DiskStorage(settings.data_dir / "media")
    quotas.member_mib = settings.upload_quota_mib
    quotas.staff_mib = settings.upload_quota_staff_mib
    app.extensions["planetarium.site"] = entrance.Site(
        name=settings.site_name,
        base_url=settings.base_url,
        data_dir=str(settings.data_dir),
        default_language=settings.default_language,
        default_timezone=settings.default_timezone,
        everyone_may_create=settings.who_may_create == "everyone",
        sign_up_open=settings.sign_up_open,
        development=settings.env == "development",
    )


def _logs(app: Flask, settings: Settings) -> None:
    level = logging.WARNING if settings.env == "testing" else logging.INFO
    logs.configure(settings.log_format, level=level, context=request_log.surroundings)
    request_log.install(app)
    haste.install(app)
    bodies.install(app)


def _database(app: Flask, settings: Settings) -> None:
    privacy.keep_to_ourselves()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    private = privacy.places_of(settings.data_dir, settings.index_dir, settings.database_uri)
    if closed := privacy.close(private):
        logs.get_logger("files").warning("files lay open to other users; closed", count=closed)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_uri
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        # Errors are logged and stored with letters: their texts must not carry what people wrote.
        "hide_parameters": True,
        # A thread holds two at most, to read and to write, so threads bound their number. A limit
        # below that lets threads wait for each other for ever.
        "pool_size": 10,
        "max_overflow": -1,
    }
    if settings.database_uri.startswith("postgresql"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"] = _REACH
        # Loaded where it is used: it brings the driver along.
        importlib.import_module("app.kernel.answering").watch()
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)


def _sessions(app: Flask) -> None:
    manager = entrance.Logins(app)
    manager.session_protection = None
    manager.user_loader(entrance.load_login)
    # Stripe signs what it posts; there is no form to carry a token.
    CSRFProtect(app).exempt("app.blueprints.billing.webhooks.hear_stripe")
    cookies.install(app)


def _frame(app: Flask, settings: Settings) -> None:
    page.install(app)
    navigation.install(app)
    kept.install(app, development=settings.env == "development")
    frame.install(app, development=settings.env == "development")
    money.install(app)
    app.jinja_env.globals["settles_owners"] = settings.settle_owners
    app.jinja_env.globals["demo_payments"] = settings.payments == "demo"
    assets.install(app, ROOT / "static")
    errors.install(app)
    fingerprint = _fingerprint(ROOT / "static")
    prefix = f"/static/{fingerprint}/"
    app.extensions["planetarium.static_prefix"] = prefix
    if settings.packs_pages:
        app.wsgi_app = packing.Packed(  # type: ignore[method-assign]
            app.wsgi_app, cookie=str(app.config["SESSION_COOKIE_NAME"])
        )
    root = ROOT / "static"
    if settings.env == "production":
        root = packing.pack_files(root, settings.data_dir / "static" / fingerprint)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(root),
        prefix=prefix,
        autorefresh=settings.env == "development",
        immutable_file_test=lambda _path, _url: True,
    )
    # Around static files too.
    security.install(app, checkout_hosts=settings.checkout_hosts, https=settings.secure_cookies)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=0, x_host=0
        )
    app.wsgi_app = origins.Front(app.wsgi_app, settings.base_url)  # type: ignore[method-assign]


def _fingerprint(folder: Path) -> str:
    """Return a hash of all static files: one prefix for all keeps relative imports working."""
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(file.relative_to(folder)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _mail(app: Flask, settings: Settings) -> None:
    """Tell the room of notices who writes, and the mail library how mails leave."""
    open_office(
        Office(
            site_name=settings.site_name,
            base_url=settings.base_url,
            default_language=settings.default_language,
            default_timezone=settings.default_timezone,
            translations=ROOT / "app" / "translations",
            templates=ROOT / "templates" / "mail",
            signing_key=str(app.secret_key),
        )
    )
    server = mailer.MailServer(
        backend=settings.mail_backend,
        folder=settings.data_dir / "mail",
        sender=settings.mail_from,
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
    )
    mailer.install(app, server)


def _billing(app: Flask, settings: Settings) -> None:
    """Tell the rooms what they may know of the installation."""
    live_in(settings.default_timezone)
    house.platform_fee_percent = settings.platform_fee_percent
    house.signing_key = str(app.secret_key)
    reserved.set(settings.reserved_names, site_name=settings.site_name)
    house.settles_owners = settings.settle_owners


def _payments(settings: Settings) -> None:
    """Set the payment providers up that this environment may use."""
    gateways.by_name.clear()
    gateways.environment = settings.payments
    gateways.default = {"none": "transfer", "demo": "demo"}.get(settings.payments, "stripe")
    settling.deal_in(settings.payments)
    gateways.by_name["transfer"] = TransferGateway(settings.payments)
    key = settings.stripe_secret_key.get_secret_value().strip()
    if settings.payments == "demo":
        page = f"{settings.base_url}/demo-checkout/{{ref}}"
        gateways.by_name["demo"] = DemoGateway(page)
    elif settings.takes_cards and key:
        # Loaded where money moves: Stripe's library takes 15 MB of each process.
        stripe_gateway = importlib.import_module("app.billing.stripe_gateway")
        gateways.by_name["stripe"] = stripe_gateway.StripeGateway(
            key,
            tuple(secret.get_secret_value() for secret in settings.stripe_webhook_secrets),
            environment=settings.payments,
            webhook_url=settings.webhook_url,
            automatic_tax=settings.stripe_tax,
            calls_at_once=max(1, settings.web_threads // 2),
        )


def _search(app: Flask, settings: Settings) -> None:
    """Choose the engine, and give the worker its indexer."""
    in_database = settings.indexes_in_postgres
    engine = open_engine(folder=None if in_database else settings.index_dir)

    def new_lock(name: str) -> Lock:
        return lock(name, folder=settings.data_dir, in_database=in_database)

    app.extensions["planetarium.search"] = engine
    app.extensions["planetarium.search_locks"] = new_lock
    app.extensions["planetarium.lanes"] = (
        Indexer(engine, new_lock("writer"), new_lock("rebuild")),
    )


def _subscribe(_app: Flask) -> None:
    """Connect the outbox's events to their handlers."""
    notification_handlers.subscribe(subscriptions)
    billing_handlers.subscribe(subscriptions)
    discussion_handlers.subscribe(subscriptions)
    search_handlers.subscribe(subscriptions)


def _timetable(app: Flask) -> None:
    """Tell the worker what to do every so often."""
    storage = app.extensions["planetarium.storage"]
    timetable.add_dated(
        "purge_uploads",
        every=timedelta(hours=6),
        run=lambda: purge_orphans(storage, keep=drafted_attachments()),
    )
    timetable.add("sweep_uploads", every=timedelta(hours=24), run=lambda: sweep_left_over(storage))
    timetable.add("watch_uploads", every=timedelta(minutes=1), run=lambda: keep_watch(storage))
    folder = app.extensions["planetarium.settings"].data_dir
    timetable.add("keep_closed", every=timedelta(minutes=5), run=lambda: keep_closed(folder))
    timetable.add("tell_waiting", every=timedelta(minutes=5), run=tell_all_waiting)
    timetable.add_dated("tell_overdue", every=timedelta(minutes=5), run=tell_overdue)
    timetable.add_dated("settle_paid", every=timedelta(minutes=5), run=settle_paid_questions)
    timetable.add("repair_texts", every=timedelta(minutes=30), run=repair_texts)
    timetable.add("repair_pages", every=timedelta(minutes=30), run=repair_pages)
    timetable.add_dated("remind", every=timedelta(hours=1), run=remind)
    timetable.add("sync_orders", every=timedelta(minutes=2), run=sync_open_orders)
    timetable.add("reconcile", every=timedelta(hours=12), run=reconcile)
    timetable.add("retry_webhooks", every=timedelta(hours=1), run=retry_failed)
    timetable.add_dated("purge_webhook_bodies", every=timedelta(hours=24), run=purge_bodies)
    timetable.add("forget_customers", every=timedelta(hours=24), run=forget_customers)
    timetable.add_dated("forget_code_seeds", every=timedelta(minutes=30), run=forget_seeds)
    timetable.add_dated("purge_rate_counters", every=timedelta(hours=6), run=purge_rate_counters)
    timetable.add_dated("purge_outbox", every=timedelta(hours=6), run=purge_done)
    timetable.add_dated("purge_mails", every=timedelta(hours=6), run=purge_mails)
    timetable.add_dated("purge_funnel", every=timedelta(hours=24), run=purge_steps)
    timetable.add("keep_tallies", every=timedelta(minutes=1), run=keep_tallies)
    timetable.add(
        "tell_searches",
        every=timedelta(minutes=15),
        run=lambda: tell_new_hits(app.extensions["planetarium.search"]),
    )
    timetable.add_dated(
        "purge_search_changes",
        every=timedelta(hours=6),
        run=lambda: purge_followed(app.extensions["planetarium.search"]),
    )
    timetable.add_dated("purge_misses", every=timedelta(hours=24), run=purge_misses)
    timetable.add_dated("purge_accounts", every=timedelta(hours=6), run=purge_stale)
    timetable.add_dated("purge_failed_sign_ins", every=timedelta(hours=24), run=purge_failures)
