// The inbox as the page works with it: what is loaded, what the person does, what the server tells. No pixels here.
import { Api, type Marked, type Page } from "./api.ts";
import { Live, pauseAfter, type Frame } from "./live.ts";
import { itemOf } from "./reading.ts";
import { Store } from "./store.ts";
import { morning } from "./times.ts";
import { Tokens, type TokenSource } from "./tokens.ts";
import { SUPERSEDED, Trouble, type Action, type Filter, type Item, type Status } from "./types.ts";

export const PAGE = 20;
const MOST = 200;
const RECOUNT_AFTER = 1000;
const FILTERS: Filter[] = ["all", "unread", "snoozed", "archived"];

export interface Paging { next: number | null | undefined; isLoading: boolean; failed: boolean; load?: Promise<void> }
export type Snooze = "hour" | "tomorrow" | "monday";
/** What the element hears. */
export interface Listener {
  changed(): void;
  arrived(item: Item, isLive: boolean): void;
  gone(id: string): void;
  status(status: Status): void;
  trouble(trouble: Trouble): void;
  tokenNeeded(): void;
  /** A token of another person was given than the one before. */
  another(): void;
}
export interface Settings extends TokenSource { server: string; pollSeconds: number }

export class Model {
  readonly store = new Store();
  readonly api: Api;
  readonly live: Live;
  paging!: Record<Filter, Paging>;
  private readonly tokens: Tokens;
  private readonly settings: () => Settings;
  private readonly listener: Listener;
  private timezone = "";
  private recounting = 0;
  private unreadable = 0;
  private isSeeing = false;
  private unseeing = 0;
  private seenAgain = 0;

  constructor(settings: () => Settings, listener: Listener) {
    this.settings = settings;
    this.listener = listener;
    this.tokens = new Tokens(settings, () => listener.another());
    this.api = new Api(() => this.server(), this.tokens);
    const address = (): string => `${this.server().replace(/^http/i, "ws")}/ws/notifications/`;
    this.live = new Live(this.api, address, {
      rev: () => this.store.rev,
      begin: () => this.reload("all"),
      hear: (frame) => this.hear(frame),
      poll: () => this.poll(),
      status: (status) => listener.status(status),
      trouble: (trouble) => this.fail(trouble),
      expired: () => this.expired(),
    }, () => Math.max(2, this.settings().pollSeconds) * 1000);
    this.forget();
  }

  start(): void {
    this.live.start();
  }

  stop(): void {
    clearTimeout(this.recounting);
    clearTimeout(this.seenAgain);
    this.seenAgain = 0;
    this.live.stop();
  }

  /** Another token of, maybe, another person: nothing of before stays. */
  restart(isSamePerson: boolean): void {
    if (!isSamePerson) this.end();
    this.tokens.forget();
    this.live.start();
  }

  /** Nobody is signed in any more. */
  end(): void {
    this.stop();
    this.api.leave();
    this.tokens.leave();
    this.store.clear();
    this.forget();
    this.listener.changed();
  }

  private forget(): void {
    this.timezone = "";
    this.unreadable = this.unseeing = 0;
    this.paging = Object.fromEntries(FILTERS.map((filter) => [filter, { next: undefined, isLoading: false, failed: false }])) as Record<Filter, Paging>;
  }

  private server(): string {
    return new URL(this.settings().server || "/", document.baseURI).href.replace(/\/+$/, "");
  }

  /** The first page anew; as many as are there already. */
  async reload(filter: Filter): Promise<void> {
    // A page on its way may be older than what is asked for now.
    while (this.paging[filter].isLoading) await this.paging[filter].load?.catch(() => undefined);
    const size = Math.min(MOST, Math.max(PAGE, this.store.list(filter).length));
    await this.paged(filter, async () => {
      const page = await this.api.list(filter, null, size);
      this.store.replace(filter, page.items, page.rev, page.next === null);
      return page;
    });
  }

  async loadMore(filter: Filter): Promise<void> {
    const { next } = this.paging[filter];
    if (next === null) return;
    await this.paged(filter, async () => {
      const page = await this.api.list(filter, next ?? null, PAGE);
      page.items.forEach((item) => this.store.put(item));
      return page;
    }).catch(() => undefined);
  }

  /** All of a group, of which only some may be loaded. */
  async loadGroup(filter: Filter, group: string): Promise<void> {
    await this.paged(filter, async () => {
      const page = await this.api.list(filter, null, MOST, group);
      page.items.forEach((item) => this.store.put(item));
      return { ...page, next: this.paging[filter].next ?? null };
    }).catch(() => undefined);
  }

  private async paged(filter: Filter, load: () => Promise<Page>): Promise<void> {
    const paging = this.paging[filter];
    if (paging.isLoading) return;
    paging.isLoading = true;
    paging.load = this.loaded(paging, load);
    await paging.load;
  }

  private async loaded(paging: Paging, load: () => Promise<Page>): Promise<void> {
    this.listener.changed();
    try {
      const page = await load();
      paging.next = page.next;
      paging.failed = false;
      this.store.count({ unread: page.unread, unseen: page.unseen }, page.rev);
    } catch (error) {
      paging.failed = true;
      throw error;
    } finally {
      paging.isLoading = false;
      this.listener.changed();
    }
  }

  private hear(frame: Frame): void {
    if (frame.type === "notification") this.arrived(itemOf(frame.data));
    else if (frame.type === "unread") this.store.count({ unread: frame.data.count, unseen: frame.data.unseen }, frame.data.rev);
    else if (frame.type === "update" && frame.data.all) void this.reloadAll(frame.data.rev);
    else if (frame.type === "update") frame.data.items.map(itemOf).forEach((item: Item) => this.told(item, false));
    else return;
    this.recountSoon();
    this.listener.changed();
  }

  private arrived(item: Item): void {
    this.store.countNew(item);
    this.told(item, true);
  }

  /** Counts follow a change at once; where they got lost on the way, they are asked for. */
  private recountSoon(): void {
    clearTimeout(this.recounting);
    if (!this.store.isCountOld) return;
    this.recounting = window.setTimeout(() => {
      void this.api.list("all", null, 1).then((page) => {
        this.store.count({ unread: page.unread, unseen: page.unseen }, page.rev);
        this.listener.changed();
      }, () => undefined);
    }, RECOUNT_AFTER);
  }

  /** A change of so many items that they were not named. The place to come back to moves when they were read. */
  private async reloadAll(rev: number): Promise<void> {
    try {
      for (const filter of FILTERS) if (this.paging[filter].next !== undefined || this.paging[filter].isLoading) await this.reload(filter);
      this.unreadable = 0;
      this.store.rev = Math.max(this.store.rev, rev);
    } catch (error) {
      if (!isOver(error)) this.live.later(this.unreadable++);
    }
  }

  private told(item: Item, isArrival: boolean): void {
    const isNew = this.store.told(item) && isArrival;
    if (item.recalled || item.dismissed || item.archived || item.read) this.listener.gone(item.id);
    else if (isNew) this.listener.arrived(item, this.live.status === "live" || this.live.status === "polling");
  }

  private async poll(): Promise<void> {
    if (this.store.rev < 0) return this.reload("all");
    const last = this.store.lastSeq;
    for (;;) {
      const page = await this.api.changed(this.store.rev, MOST);
      page.items.forEach((item) => this.told(item, item.seq > last));
      if (page.items.length >= MOST) continue;
      this.store.rev = Math.max(this.store.rev, page.rev);
      this.store.count({ unread: page.unread, unseen: page.unseen }, page.rev);
      this.listener.changed();
      return;
    }
  }

  /** The server closed the socket because of the token. */
  private expired(): void {
    this.tokens.refuse(this.api.ticketedBy);
  }

  private fail(trouble: Trouble): void {
    if (isOver(trouble)) return;
    if (trouble.code === "unauthenticated") this.listener.tokenNeeded();
    this.listener.trouble(trouble);
  }

  /** Shown at once, undone if the server refuses. Whether it was done. */
  private async done(id: string, patch: Partial<Item>, call: () => Promise<Marked>): Promise<boolean> {
    const undo = this.store.guess(id, patch);
    this.listener.changed();
    try {
      this.counted(await call());
      return true;
    } catch (error) {
      undo();
      this.fail(error as Trouble);
      return false;
    } finally {
      this.listener.changed();
    }
  }

  private counted(marked: Marked): void {
    this.store.count({ unread: marked.unread, unseen: marked.unseen }, marked.rev);
  }

  read = (item: Item): Promise<boolean> => this.done(item.id, { read: true, seen: true }, () => this.api.mark(item.id, "read"));
  unread = (item: Item): Promise<boolean> => this.done(item.id, { read: false }, () => this.api.mark(item.id, "unread"));
  dismiss = (item: Item): Promise<boolean> => this.done(item.id, { dismissed: true, read: true, seen: true }, () => this.api.mark(item.id, "dismiss"));
  archive = (item: Item): Promise<boolean> => this.done(item.id, { archived: true, read: true, seen: true }, () => this.api.mark(item.id, "archive"));
  restore = (item: Item): Promise<boolean> => this.done(item.id, { archived: false }, () => this.api.mark(item.id, "restore"));
  wake = (item: Item): Promise<boolean> => this.done(item.id, { snoozedUntil: "", read: false }, () => this.api.mark(item.id, "snooze", undefined, "DELETE"));
  act = (item: Item, action: Action): Promise<boolean> =>
    this.done(item.id, { acted: action.key, read: true, seen: true }, () => this.api.mark(item.id, `actions/${encodeURIComponent(action.key)}`));

  async snooze(item: Item, until: Snooze): Promise<boolean> {
    const guess = { snoozedUntil: new Date(Date.now() + 3_600_000).toISOString(), seen: true };
    return this.done(item.id, guess, async () => {
      if (until === "hour") return this.api.mark(item.id, "snooze", { minutes: 60 });
      this.timezone ||= (await this.api.preferences()).timezone;
      return this.api.mark(item.id, "snooze", { local_until: morning(until, this.timezone, new Date()) });
    });
  }

  async readAll(): Promise<void> {
    try {
      this.counted(await this.api.markAll("read-all"));
      await this.reload("all");
    } catch (error) {
      this.fail(error as Trouble);
    }
    this.listener.changed();
  }

  /** The list was shown. One call at a time; one that came to nothing is made again after a pause. */
  async seen(): Promise<void> {
    if (this.store.counts.unseen === 0 || this.isSeeing || this.seenAgain) return;
    this.isSeeing = true;
    const marked = await this.api.markAll("seen-all").catch(() => undefined);
    this.isSeeing = false;
    this.unseeing = marked ? 0 : this.unseeing + 1;
    if (marked) this.counted(marked);
    if (this.store.counts.unseen) this.seenAgain = window.setTimeout(() => {
      this.seenAgain = 0;
      this.listener.changed();
    }, pauseAfter(this.unseeing, Math.random()));
    this.listener.changed();
  }
}

const isOver = (error: unknown): boolean => error instanceof Trouble && error.code === SUPERSEDED;
