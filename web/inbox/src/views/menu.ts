// The menu of an item: what is in it, where it stands, and how keys move in it.
import { html, type TemplateResult } from "lit";
import { box, clock, mail, trash, undo } from "../icons.ts";
import type { Model } from "../model.ts";
import type { Item } from "../types.ts";
import type { Words } from "../words.ts";

export type Choice = "read" | "unread" | "restore" | "wake" | "hour" | "tomorrow" | "monday" | "archive" | "dismiss";

const ICONS: Record<Choice, TemplateResult> = { read: mail, unread: mail, restore: undo, wake: undo, hour: clock, tomorrow: clock, monday: clock, archive: box, dismiss: trash };

const LABELS: Record<Choice, keyof Words> = {
  read: "markRead", unread: "markUnread", restore: "restore", wake: "wake", hour: "snoozeHour", tomorrow: "snoozeTomorrow",
  monday: "snoozeWeek", archive: "archive", dismiss: "dismiss",
};

function choicesOf(item: Item): Choice[] {
  if (item.archived) return ["restore", "dismiss"];
  const first: Choice[] = item.snoozedUntil ? ["wake"] : [item.read ? "unread" : "read"];
  return [...first, "hour", "tomorrow", "monday", "archive", "dismiss"];
}

export function menuView(item: Item, words: Words, choose: (choice: Choice) => void): TemplateResult {
  return html`${choicesOf(item).map((choice) => html`<button role="menuitem" tabindex="-1" @click=${() => choose(choice)}>${ICONS[choice]}<span>${words[LABELS[choice]]}</span></button>`)}`;
}

export function perform(model: Model, item: Item, choice: Choice): Promise<boolean> {
  if (choice === "hour" || choice === "tomorrow" || choice === "monday") return model.snooze(item, choice);
  return model[choice](item);
}

/** Moves the focus among `buttons`; whether the key was one of its own. */
export function moveAmong(buttons: HTMLElement[], key: string, at: Element | null): boolean {
  const index = buttons.indexOf(at as HTMLElement);
  const next = { ArrowDown: index + 1, ArrowUp: index - 1 + (index < 0 ? 1 : 0), Home: 0, End: buttons.length - 1 }[key];
  if (next === undefined || !buttons.length) return false;
  buttons[(next + buttons.length) % buttons.length]?.focus();
  return true;
}

/** Puts `box` below `anchor`, or above where there is no room, within the window. Raises nothing. */
export function place(box: HTMLElement, anchor: HTMLElement, name: string, gap: number, isRightToLeft: boolean): void {
  const { top, bottom, left, right } = anchor.getBoundingClientRect();
  const [width, height] = [box.offsetWidth, box.offsetHeight];
  const wanted = isRightToLeft ? left : right - width;
  const x = Math.max(8, Math.min(wanted, innerWidth - width - 8));
  const below = bottom + gap;
  const y = below + height <= innerHeight - 8 ? below : Math.max(8, top - gap - height >= 8 ? top - gap - height : innerHeight - height - 8);
  box.style.setProperty(`--_${name}left`, `${x}px`);
  box.style.setProperty(`--_${name}top`, `${y}px`);
}
