"""The template engine: compile, check and render what customers wrote, within limits. Pure; no tables, no Django."""
