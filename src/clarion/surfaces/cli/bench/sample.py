"""The notification the experiments send: the demo's order confirmation and its sample; an email of some 4 kB."""

TEMPLATE = "order.placed"
SAMPLE: dict[str, object] = {
    "customer_name": "John Doe",
    "order_number": "ORD-12345",
    "order_date": "December 1, 2023",
    "delivery_date": "December 5, 2023",
    "order_total": 99.99,
    "currency": "USD",
    "order_url": "https://example.com/orders/ORD-12345",
    "items": [
        {"name": "Ceramic mug", "quantity": 2, "price": 24.5},
        {"name": "Linen throw", "quantity": 1, "price": 50.99},
    ],
}
