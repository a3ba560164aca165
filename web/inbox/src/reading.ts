// From JSON of the server to items. Everything that is shown passes here: text stays text, links are http or https.
import type { Action, Item } from "./types.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const isTrue = (value: unknown): boolean => value === true;
const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** The address if a page may be sent there, else an empty text; `javascript:` and the like never. */
export function safeLink(value: unknown): string {
  const given = text(value).trim();
  if (!/^https?:\/\//i.test(given)) return "";
  try {
    return new URL(given).href;
  } catch {
    return "";
  }
}

function actionsOf(value: unknown): Action[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 2).map(record).filter((one) => text(one["key"]) && text(one["label"]))
    .map((one) => ({ key: text(one["key"]), label: text(one["label"]), link: safeLink(one["link"]) }));
}

/** An item from the API (`*_at`) or from a frame (booleans). */
export function itemOf(raw: unknown): Item {
  const one = record(raw);
  const data = record(one["data"]);
  return {
    id: text(one["id"]),
    seq: Number(one["seq"]) || 0,
    rev: Number(one["rev"]) || 0,
    category: text(one["category"]),
    priority: Number(one["priority"]) || 3,
    title: text(one["title"]),
    body: text(one["body"]),
    link: safeLink(data["link"]),
    actions: actionsOf(data["actions"]),
    data,
    createdAt: text(one["created_at"]),
    read: isTrue(one["read"]),
    seen: isTrue(one["seen"]) || !!one["seen_at"],
    dismissed: isTrue(one["dismissed"]) || !!one["dismissed_at"],
    archived: isTrue(one["archived"]) || !!one["archived_at"],
    recalled: isTrue(one["recalled"]) || !!one["recalled_at"],
    snoozedUntil: text(one["snoozed_until"]),
    group: text(one["group"]),
    acted: text(one["acted"]),
  };
}
