"""Sends one of each call through rudder-sdk-python, and one event that cannot be stored: HOST KEY PREFIX."""

import json
import sys

from rudderstack.analytics.client import Client

host, key, prefix = sys.argv[1:4]
errors = []
client = Client(
    key,
    host=host,
    on_error=lambda error, items: errors.append(str(error)),
    max_retries=4,
)
user = f"{prefix}-user"
anonymous = f"{prefix}-anonymous"
client.track(anonymous_id=anonymous, event="Product Viewed", properties={"sku": "rye"})
client.identify(user, {"name": "Ada Baker", "email": f"{prefix}@example.com"}, anonymous_id=anonymous)
client.track(user, "Spoilt", {"note": f"{prefix}-\x00"})
client.track(user, "Order Completed", {"order_id": f"{prefix}-1", "total": 31.5})
client.page(user, category="Shop", name="Bread")
client.screen(user, category="Shop", name="Basket")
client.group(user, f"{prefix}-group", {"name": "Regulars"})
client.alias(f"{prefix}-earlier", user)
client.flush()
client.shutdown()
print(json.dumps(errors))
