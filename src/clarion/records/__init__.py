"""Tables and the pure rules about them. A package owns its tables; nothing here makes things happen."""
