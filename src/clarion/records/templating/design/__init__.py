"""The email design system: one base layout, its partials, and what makes a template of them when it is saved.

The engine knows no inheritance on purpose; everything of that kind is resolved here, as text, before it compiles.
"""

from clarion.records.templating.design.preparing import Prepared, prepare, prepare_mapped

__all__ = ["Prepared", "prepare", "prepare_mapped"]
