"""Rows of billing, one file per part of it."""

from app.billing.models.catalogue import Coupon, CouponUse, Plan, PlanVersion, PriceStep, SeatWish
from app.billing.models.codes import CodeBatch, CodeUse, CompOffer, RedemptionCode
from app.billing.models.insight import FunnelStep, Reminder
from app.billing.models.ledger import IncomeShare, LedgerEntry, LedgerTransaction
from app.billing.models.orders import Order, OrderChange, Payment, Refund, Subscription
from app.billing.models.provider import (
    Customer,
    DemoCheckout,
    Installation,
    ProviderCursor,
    ProviderPayout,
    Transfer,
    WebhookEvent,
)
from app.billing.models.questions import PaidQuestion, QuestionPrice

__all__ = [
    "CodeBatch",
    "CodeUse",
    "CompOffer",
    "Coupon",
    "CouponUse",
    "Customer",
    "DemoCheckout",
    "FunnelStep",
    "IncomeShare",
    "Installation",
    "LedgerEntry",
    "LedgerTransaction",
    "Order",
    "OrderChange",
    "PaidQuestion",
    "Payment",
    "Plan",
    "PlanVersion",
    "PriceStep",
    "ProviderCursor",
    "ProviderPayout",
    "QuestionPrice",
    "RedemptionCode",
    "Refund",
    "Reminder",
    "SeatWish",
    "Subscription",
    "Transfer",
    "WebhookEvent",
]
