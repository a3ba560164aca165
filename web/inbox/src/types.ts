// What the server says and what the host page hears. Shapes only.

export interface Action { key: string; label: string; link?: string }

/** An inbox item, as the API and the socket both give it. */
export interface Item {
  id: string;
  seq: number;
  rev: number;
  category: string;
  priority: number;
  title: string;
  body: string;
  link: string;
  actions: Action[];
  data: Record<string, unknown>;
  createdAt: string;
  read: boolean;
  seen: boolean;
  dismissed: boolean;
  archived: boolean;
  recalled: boolean;
  snoozedUntil: string;
  group: string;
  acted: string;
}

export type Filter = "all" | "unread" | "snoozed" | "archived";
export type Status = "connecting" | "live" | "polling" | "waiting" | "offline" | "signed-out" | "stopped";

/** `detail` of the events of the element, by name. */
export interface ClarionEvents {
  "clarion-notification": { item: Item };
  "clarion-count": { unread: number; unseen: number };
  "clarion-open": { item: Item; link: string };
  "clarion-read": { item: Item };
  "clarion-dismiss": { item: Item };
  "clarion-archive": { item: Item };
  "clarion-snooze": { item: Item; until: string };
  "clarion-action": { item: Item; key: string; link: string };
  "clarion-status": { status: Status };
  "clarion-push": { on: boolean };
  "clarion-token-needed": Record<string, never>;
  "clarion-error": { code: string; message: string };
}

/** `code` of a call that was begun for somebody else than who is here now: nobody is told of it. */
export const SUPERSEDED = "superseded";

/** A refusal or a failure. `code` is the server's, or `network`, `unauthenticated`. */
export class Trouble extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
