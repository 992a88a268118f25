"""What this service hears of others: small tolerant models, and what it does with them."""

from tongban.inbox import Subscription

__all__ = ["CONSUMED"]

CONSUMED: tuple[Subscription, ...] = ()
