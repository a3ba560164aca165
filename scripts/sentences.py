"""A sentence for each permission; those for reasons are in clarion.contract.sentences. generate_docs.py refuses to run
when a member has none."""

from clarion.records.access.permissions import Permission

PERMISSIONS: dict[Permission, str] = {
    Permission.SEND: "Send to oneself; see what one sent or received, and cancel what one sent.",
    Permission.SEND_OTHERS: "Send to other people.",
    Permission.BULK: "Reach many people in one call; no operation asks for it yet.",
    Permission.TEMPLATES: "Read, write and validate templates.",
    Permission.ANALYTICS: "See everybody's notifications and their histories.",
    Permission.BYPASS: "Pass the recipient's preferences over (`options.bypass_preferences`).",
    Permission.STAFF: "Everything: it includes all other permissions, and people, categories, providers, dead letters.",
}
