// The types of the package, by hand: what it is made of is bundled, so they must not name it. test/types.ts compares.
export interface Action { key: string; label: string; link?: string }

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

export type Status = "connecting" | "live" | "polling" | "waiting" | "offline" | "signed-out" | "stopped";

/** `detail` of the events, by name. */
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

export declare class ClarionInbox extends HTMLElement {
  server: string;
  token: string;
  tokenUrl: string;
  getToken: (() => string | Promise<string>) | undefined;
  mode: "popover" | "inline";
  toasts: boolean;
  badge: "unread" | "unseen";
  theme: "auto" | "light" | "dark";
  channels: string;
  pushWorker: string;
  pollSeconds: number;
  /** Words that go before the built-in ones, by name. */
  words: Record<string, string> | undefined;
  isOpen: boolean;
  open(): void;
  close(): void;
  /** Somebody else signed in, or nobody: what was shown is forgotten. */
  reset(): void;
  readonly unreadCount: number;
}

type EventMap = { [K in keyof ClarionEvents]: CustomEvent<ClarionEvents[K]> };

declare global {
  interface HTMLElementTagNameMap {
    "clarion-inbox": ClarionInbox;
  }
  interface HTMLElementEventMap extends EventMap {}
}
