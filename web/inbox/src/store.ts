// What is known of the inbox. Items by id, the greater revision wins; nothing here talks to anybody.
import type { Filter, Item } from "./types.ts";

export interface Counts { unread: number; unseen: number }
export interface Entry { head: Item; rest: Item[] }

const isHere = (item: Item): boolean => !item.dismissed && !item.recalled;
const FITS: Record<Filter, (item: Item) => boolean> = {
  all: (item) => isHere(item) && !item.archived && !item.snoozedUntil,
  unread: (item) => isHere(item) && !item.archived && !item.snoozedUntil && !item.read,
  snoozed: (item) => isHere(item) && !item.archived && !!item.snoozedUntil,
  archived: (item) => isHere(item) && item.archived,
};

export class Store {
  counts: Counts = { unread: 0, unseen: 0 };
  /** Everything up to here was told; -1 before the first answer. */
  rev = -1;
  private countsRev = -1;
  private readonly items = new Map<string, Item>();

  get(id: string): Item | undefined {
    return this.items.get(id);
  }

  /** Whether it is new to us. An older revision of what is known changes nothing. */
  put(item: Item): boolean {
    const known = this.items.get(item.id);
    if (!known || item.rev > known.rev) this.items.set(item.id, item);
    return !known;
  }

  /** What a frame told: it moves the place to come back to. */
  told(item: Item): boolean {
    this.rev = Math.max(this.rev, item.rev);
    return this.put(item);
  }

  /** A fresh first page: what it lacks of `filter` and is not newer than it was changed unseen, and is dropped. */
  replace(filter: Filter, page: readonly Item[], asOf: number, isWhole: boolean): void {
    const lowest = isWhole ? 0 : Math.min(...page.map((item) => item.seq));
    const there = new Set(page.map((item) => item.id));
    for (const item of [...this.items.values()]) {
      if (!there.has(item.id) && item.rev <= asOf && item.seq >= lowest && FITS[filter](item)) this.items.delete(item.id);
    }
    for (const item of page) {
      const known = this.items.get(item.id);
      if (!known || item.rev >= known.rev) this.items.set(item.id, item);
    }
    if (this.rev < 0) this.rev = asOf;
  }

  count(counts: Counts, rev: number): void {
    if (rev < this.countsRev) return;
    this.countsRev = rev;
    this.counts = counts;
  }

  /** A new item, which brings no counts with it. */
  countNew(item: Item): void {
    if (item.rev !== this.countsRev + 1 || !FITS.all(item)) return;
    this.count({ unread: this.counts.unread + Number(!item.read), unseen: this.counts.unseen + Number(!item.seen) }, item.rev);
  }

  /** Whether more was told than was counted. */
  get isCountOld(): boolean {
    return this.countsRev < this.rev;
  }

  /** Change an item before the server has answered; gives back how to undo it. Unless it was told otherwise since. */
  guess(id: string, patch: Partial<Item>): () => void {
    const before = this.items.get(id);
    if (!before) return () => {};
    const after = { ...before, ...patch };
    const counts = this.counts;
    this.items.set(id, after);
    const step = (name: "unread" | "unseen", count: (item: Item) => boolean): number =>
      Math.max(0, counts[name] - Number(count(before)) + Number(count(after)));
    this.counts = {
      unread: step("unread", FITS.unread),
      unseen: step("unseen", (item) => FITS.all(item) && !item.seen),
    };
    const guessed = this.counts;
    return () => {
      if (this.items.get(id) === after) this.items.set(id, before);
      if (this.counts === guessed) this.counts = counts;
    };
  }

  get lastSeq(): number {
    return Math.max(0, ...[...this.items.values()].map((item) => item.seq));
  }

  /** Newest first. */
  list(filter: Filter): Item[] {
    return [...this.items.values()].filter(FITS[filter]).sort((a, b) => b.seq - a.seq);
  }

  /** Newest first, items of a group under their newest. What lies below `floor` was heard of, but what is between was
   * not loaded: it is not shown yet, unless its group is. */
  entries(filter: Filter, floor = 0): Entry[] {
    const groups = new Map<string, Entry>();
    const found: Entry[] = [];
    for (const item of this.list(filter)) {
      const known = item.group ? groups.get(item.group) : undefined;
      if (known) {
        known.rest.push(item);
        continue;
      }
      if (item.seq < floor) continue;
      const entry = { head: item, rest: [] };
      if (item.group) groups.set(item.group, entry);
      found.push(entry);
    }
    return found;
  }

  clear(): void {
    this.items.clear();
    this.counts = { unread: 0, unseen: 0 };
    this.rev = this.countsRev = -1;
  }
}
