"""The mail that `clarion bench render` renders: 4 kB, designed, with a table of items; and what is put into it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

_CELL = "padding:12px 0;border-bottom:1px solid #e8eaed;font:15px/22px Helvetica,Arial,sans-serif;color:#202124"
_HEAD = "padding:8px 0;font:bold 12px/16px Helvetica,Arial,sans-serif;color:#5f6368;text-align:left"

HTML = f"""\
<!doctype html>
<html lang="{{{{ locale }}}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{{{{ app_name }}}}</title>
<style>@media (max-width:600px){{.box{{width:100%!important;padding:16px!important}}}}
@media (prefers-color-scheme:dark){{body,.page{{background:#202124!important}}.box{{background:#303134!important}}
.text{{color:#e8eaed!important}}}}</style></head>
<body style="margin:0;background:#f1f3f4"><table role="presentation" class="page" width="100%" cellpadding="0"
 cellspacing="0" style="background:#f1f3f4"><tr><td align="center" style="padding:24px">
<table role="presentation" class="box" width="600" cellpadding="0" cellspacing="0"
 style="background:#ffffff;border-radius:8px;padding:32px">
<tr><td style="border-top:4px solid #4caf50;padding:24px 0 8px"><img src="{{{{ app_url }}}}/static/logo.png" width="120"
 height="32" alt="{{{{ app_name }}}}"></td></tr>
<tr><td class="text" style="font:bold 24px/32px Helvetica,Arial,sans-serif;color:#202124">
{{{{ greeting }}}}{{% if user.first_name %}}, {{{{ user.first_name }}}}{{% endif %}}!</td></tr>
<tr><td class="text" style="{_CELL}">We have your order <b>{{{{ order.number }}}}</b> of
{{{{ order.placed_at|date('long') }}}}: {{{{ order.lines|length }}}}
{{{{ order.lines|length|plural(one='item', other='items') }}}}, and will write again when it leaves the house.</td></tr>
<tr><td><table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<tr><th style="{_HEAD}">Item</th><th style="{_HEAD}">Qty</th><th style="{_HEAD};text-align:right">Price</th></tr>
{{% for line in order.lines %}}<tr>
<td class="text" style="{_CELL}">{{{{ line.name }}}}{{% if line.note %}}<br><i>{{{{ line.note }}}}</i>{{% endif %}}</td>
<td class="text" style="{_CELL}">{{{{ line.quantity }}}}</td>
<td class="text" style="{_CELL};text-align:right">{{{{ (line.price * line.quantity)|currency(order.currency) }}}}</td>
</tr>{{% endfor %}}
<tr><td colspan="2" class="text" style="{_CELL};font-weight:bold">Total</td>
<td class="text" style="{_CELL};text-align:right;font-weight:bold">
{{{{ order.total|currency(order.currency) }}}}</td></tr>
</table></td></tr>
<tr><td class="text" style="{_CELL}"><b>Delivery address</b><br>{{{{ user.first_name }}}} {{{{ user.last_name }}}}<br>
{{% for part in order.address %}}{{{{ part }}}}{{% if not loop.last %}}<br>{{% endif %}}{{% endfor %}}</td></tr>
{{% if order.gift %}}<tr><td class="text" style="{_CELL}">Wrapped as a gift: {{{{ order.gift }}}}</td></tr>{{% endif %}}
<tr><td align="center" style="padding:24px 0"><a href="{{{{ app_url }}}}/orders/{{{{ order.number|urlencode }}}}"
 style="background:#4caf50;border-radius:4px;color:#ffffff;display:inline-block;font:bold 16px/48px Helvetica,Arial,\
sans-serif;padding:0 32px;text-decoration:none">See your order</a></td></tr>
<tr><td class="text" style="font:12px/18px Helvetica,Arial,sans-serif;color:#5f6368">{{{{ app_name }}}} ·
<a style="color:#1a73e8" href="{{{{ app_url }}}}/help">Help</a> · <a style="color:#1a73e8"
 href="{{{{ app_url }}}}/privacy">Privacy</a> · <a style="color:#1a73e8"
 href="{{{{ app_url }}}}/preferences">Notification settings</a></td></tr>
</table></td></tr></table></body></html>
"""
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "subject": "{{ app_name }}: order {{ order.number }}",
        "preheader": "{{ order.total|currency(order.currency) }}, {{ order.lines|length }} in all",
        "html": HTML,
        "text": "{{ greeting }}, {{ user.first_name }}!\n"
        "{% for line in order.lines %}- {{ line.quantity }} x {{ line.name }}\n{% endfor %}"
        "{{ order.total|currency(order.currency) }}\n{{ app_url }}/orders/{{ order.number|urlencode }}\n",
    }
)
NAMES = ("Kettle", "Teapot & cups", 'Tea "Earl Grey"', "Biscuits", "Tray")


def context(number: int) -> dict[str, object]:
    """What the mail says to one of many: another name, another order, other prices."""
    lines = [
        {
            "name": name,
            "quantity": at % 3 + 1,
            "price": (number * 7919 + at * 104_729) % 100_000 / 100,
            "note": "gift" if at == 1 else "",
        }
        for at, name in enumerate(NAMES)
    ]
    return {
        "app_name": "Clarion",
        "app_url": "https://shop.example",
        "locale": "en",
        "timezone": "Europe/Berlin",
        "now": datetime(2026, 1, 3, 12, tzinfo=UTC),
        "greeting": "Good morning",
        "user": {"first_name": f"Ann{number}", "last_name": "O'Neill"},
        "order": {
            "number": f"A-{number}",
            "placed_at": "2026-01-03T09:30:00Z",
            "currency": "EUR",
            "lines": lines,
            "address": ["Hauptstraße 1", "10115 Berlin", "Germany"],
            "gift": "red & gold" if number % 2 else "",
            "total": (number * 15_485_863) % 1_000_000 / 100,
        },
    }
