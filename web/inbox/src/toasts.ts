// The toasts: at most three, gone by themselves unless somebody is on them.
import type { Item } from "./types.ts";

const STAY = 7000;
const MOST = 3;

export class Toasts {
  items: Item[] = [];
  private readonly timers = new Map<string, number>();
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  show(item: Item): void {
    this.items = [...this.items.filter((one) => one.id !== item.id), item].slice(-MOST);
    this.resume(item.id);
    this.changed();
  }

  /** Somebody reads it. */
  hold(id: string): void {
    clearTimeout(this.timers.get(id));
  }

  resume(id: string): void {
    this.hold(id);
    this.timers.set(id, window.setTimeout(() => this.drop(id), STAY));
  }

  drop(id: string): void {
    this.hold(id);
    this.timers.delete(id);
    if (!this.items.some((item) => item.id === id)) return;
    this.items = this.items.filter((item) => item.id !== id);
    this.changed();
  }

  clear(): void {
    [...this.timers.keys()].forEach((id) => this.drop(id));
  }
}
