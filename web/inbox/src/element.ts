// The element: attributes in, events out, what is open and where the focus is. The inbox itself is in model.ts.
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { back, bell, checks, chevron, close, gear } from "./icons.ts";
import { Model, type Settings } from "./model.ts";
import { pushState, turnOff, turnOn, type PushState } from "./push.ts";
import type { Category, Preferences } from "./api.ts";
import { style } from "./style.ts";
import { Toasts } from "./toasts.ts";
import { subjectOf } from "./tokens.ts";
import { SUPERSEDED, Trouble, type Action, type ClarionEvents, type Filter, type Item, type Status } from "./types.ts";
import { itemView, type Doing } from "./views/item.ts";
import { menuView, moveAmong, perform, place, type Choice } from "./views/menu.ts";
import { settingsView } from "./views/settings.ts";
import { fill, isRightToLeft, usable, wordsOf, type Words } from "./words.ts";

const TABS: Filter[] = ["all", "unread", "snoozed", "archived"];
const EMPTY: Record<Filter, keyof Words> = { all: "emptyAll", unread: "emptyUnread", snoozed: "emptySnoozed", archived: "emptyArchived" };
const MOST_ON_BADGE = 99;

export class ClarionInbox extends LitElement implements Settings {
  static override styles = style;
  static override properties = {
    server: {}, token: {}, tokenUrl: { attribute: "token-url" }, getToken: { attribute: false }, mode: { reflect: true },
    toasts: { type: Boolean }, badge: {}, theme: { reflect: true }, channels: {}, pushWorker: { attribute: "push-worker" },
    pollSeconds: { type: Number, attribute: "poll-seconds" }, words: { attribute: false }, lang: { reflect: true },
    isOpen: { type: Boolean, attribute: "open", reflect: true },
  };
  /** Where Clarion is; without it, where the page is. */
  declare server: string;
  declare token: string;
  declare tokenUrl: string;
  declare getToken: (() => string | Promise<string>) | undefined;
  declare mode: "popover" | "inline";
  declare toasts: boolean;
  declare badge: "unread" | "unseen";
  declare theme: "auto" | "light" | "dark";
  declare channels: string;
  declare pushWorker: string;
  declare pollSeconds: number;
  /** Words that go before the built-in ones. */
  declare words: Partial<Words> | undefined;
  declare isOpen: boolean;

  private readonly model: Model;
  private readonly bread = new Toasts(() => this.requestUpdate());
  private readonly darkness = matchMedia("(prefers-color-scheme: dark)");
  private filter: Filter = "all";
  private isSettings = false;
  private current = "";
  private readonly opened = new Set<string>();
  private menuItem: Item | undefined;
  private menuButton: HTMLElement | undefined;
  private status: Status = "stopped";
  private said = "";
  private problem = "";
  private preferences: Preferences | undefined;
  private categories: Category[] = [];
  private settingsFailed = false;
  private push: PushState = "unsupported";
  private isPushBusy = false;
  private counted = "";
  private isStarted = false;
  private clockTimer = 0;
  private watcher: IntersectionObserver | undefined;

  constructor() {
    super();
    this.server = this.token = this.tokenUrl = "";
    this.mode = "popover";
    this.toasts = this.isOpen = false;
    this.badge = "unread";
    this.theme = "auto";
    this.channels = "email,sms,push,in_app";
    this.pushWorker = "";
    this.pollSeconds = 20;
    this.model = new Model(() => this, {
      changed: () => this.requestUpdate(),
      arrived: (item, isLive) => this.arrived(item, isLive),
      gone: (id) => this.bread.drop(id),
      status: (status) => this.changedStatus(status),
      trouble: (trouble) => this.trouble(trouble),
      tokenNeeded: () => this.tell("clarion-token-needed", {}),
      another: () => this.begin(false),
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.darkness.addEventListener("change", this.paint);
    addEventListener("pointerdown", this.pointed, true);
    addEventListener("resize", this.moved);
    this.clockTimer = window.setInterval(() => this.requestUpdate(), 30_000);
    // The page may set properties right after it has made the element.
    queueMicrotask(() => this.begin());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.darkness.removeEventListener("change", this.paint);
    removeEventListener("pointerdown", this.pointed, true);
    removeEventListener("resize", this.moved);
    clearInterval(this.clockTimer);
    this.watcher?.disconnect();
    this.watcher = undefined;
    this.bread.clear();
    this.isStarted = false;
    this.model.stop();
  }

  // -- for the page ---------------------------------------------------------------------------------------------------

  open(): void {
    this.isOpen = true;
  }

  close(): void {
    if (this.isOpen) this.shut(true);
  }

  /** Somebody else logged in, or nobody: what was shown is forgotten. */
  reset(): void {
    this.begin(false);
  }

  get unreadCount(): number {
    return this.model.store.counts.unread;
  }

  // -- life -----------------------------------------------------------------------------------------------------------

  private begin(isSamePerson = true): void {
    if (!isSamePerson) this.blank();
    if (!this.isConnected) return isSamePerson ? undefined : this.model.end();
    this.isStarted = !!(this.token || this.getToken || this.tokenUrl);
    if (!this.isStarted) return isSamePerson ? undefined : this.model.end();
    this.model.restart(isSamePerson);
  }

  /** Nothing of the one before stays in sight, and no button does something for them. */
  private blank(): void {
    this.bread.clear();
    this.shutMenu(false);
    this.isSettings = this.settingsFailed = false;
    this.preferences = undefined;
    this.categories = [];
    this.push = "unsupported";
    this.opened.clear();
    this.current = this.said = this.problem = "";
    this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const isOther = changed.has("server") || changed.has("token") || changed.has("tokenUrl") || changed.has("getToken");
    if (this.hasUpdated && isOther) queueMicrotask(() => this.begin(!changed.has("server") && subjectOf(changed.get("token")) === subjectOf(this.token)));
    if (changed.has("theme")) this.paint();
  }

  private readonly paint = (): void => {
    this.toggleAttribute("data-dark", this.theme === "dark" || (this.theme !== "light" && this.darkness.matches));
  };

  protected override updated(changed: PropertyValues): void {
    const panel = this.find(".panel");
    if (this.mode !== "inline" && panel) {
      const isShown = panel.matches(":popover-open");
      if (this.isOpen && !isShown) this.unfold(panel);
      else if (!this.isOpen && isShown) panel.hidePopover();
    }
    if (changed.has("isOpen") && this.isOpen) this.entered();
    this.watch();
    const { unread, unseen } = this.model.store.counts;
    const now = `${unread} ${unseen}`;
    if (now !== this.counted && this.model.store.rev >= 0) {
      this.counted = now;
      this.tell("clarion-count", { unread, unseen });
    }
    if (unseen && this.isLookedAt()) void this.model.seen();
  }

  private isLookedAt(): boolean {
    return (this.isOpen || this.mode === "inline") && !this.isSettings && document.visibilityState === "visible" && this.isStarted;
  }

  private unfold(panel: HTMLElement): void {
    panel.showPopover();
    this.moved();
    this.focusList();
  }

  private readonly moved = (): void => {
    const panel = this.find(".panel");
    const button = this.find(".bell");
    if (this.isOpen && panel && button) place(panel, button, "", 8, this.isRtl);
  };

  private readonly pointed = (event: Event): void => {
    const path = event.composedPath();
    if (this.menuItem && !path.includes(this.find(".menu")!)) this.shutMenu(false);
    if (this.isOpen && this.mode !== "inline" && !path.includes(this)) this.shut(false);
  };

  private shut(withFocus: boolean): void {
    this.isOpen = false;
    this.shutMenu(false);
    if (withFocus) this.find(".bell")?.focus();
  }

  private entered(): void {
    this.problem = "";
    this.bread.clear();
    if (this.model.paging[this.filter].next === undefined && this.isStarted) void this.model.loadMore(this.filter);
  }

  /** The end of the list comes into sight: the next page. */
  private watch(): void {
    const foot = this.find(".foot[data-more]");
    this.watcher ??= new IntersectionObserver((seen) => {
      const paging = this.model.paging[this.filter];
      if (seen.some((one) => one.isIntersecting) && !paging.failed) void this.model.loadMore(this.filter);
    }, { rootMargin: "200px" });
    this.watcher.disconnect();
    if (foot) this.watcher.observe(foot);
  }

  private find(selector: string): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(selector);
  }

  // -- what comes -----------------------------------------------------------------------------------------------------

  private arrived(item: Item, isLive: boolean): void {
    this.tell("clarion-notification", { item });
    if (!isLive) return;
    this.say(fill(this.text.arrived, { title: item.title }));
    if (this.toasts && !this.isLookedAt() && document.visibilityState === "visible") this.bread.show(item);
  }

  private changedStatus(status: Status): void {
    this.status = status;
    this.requestUpdate();
    if (status !== "stopped") this.tell("clarion-status", { status });
  }

  private trouble(trouble: Trouble): void {
    if (trouble.code !== "unauthenticated") this.problem = trouble.code === "acted_already" ? this.text.actedAlready : this.text.notDone;
    this.tell("clarion-error", { code: trouble.code, message: trouble.message });
    this.requestUpdate();
  }

  /** To those who listen; the same again is said again. */
  private say(text: string): void {
    this.said = text === this.said ? `${text}\u00a0` : text;
    this.requestUpdate();
  }

  private tell<K extends keyof ClarionEvents>(name: K, detail: ClarionEvents[K]): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  // -- what the person does -------------------------------------------------------------------------------------------

  private openItem(item: Item, event: Event): void {
    const path = event.composedPath() as Element[];
    const article = event.currentTarget as Element;
    const within = path.slice(0, path.indexOf(article));
    if (within.some((node) => node.nodeName === "BUTTON")) return;
    this.visit(item, event, within.some((node) => node.nodeName === "A"));
  }

  /** Read it and go where it leads. A link that is to open in a tab of its own is the browser's to open. */
  private visit(item: Item, event: Event, isLink: boolean): void {
    const isApart = event instanceof MouseEvent && (event.metaKey || event.ctrlKey || event.shiftKey);
    const done = item.read ? undefined : this.markRead(item);
    if (!this.tell("clarion-open", { item, link: item.link })) return event.preventDefault();
    if (!item.link || isApart) return;
    if (isLink) event.preventDefault();
    if (getSelection()?.toString()) return;
    // Its being read is told first, but nobody waits for it long.
    const late = new Promise((resolve) => setTimeout(resolve, 500));
    void Promise.race([done, late]).then(() => location.assign(item.link));
  }

  private async markRead(item: Item): Promise<void> {
    if (await this.model.read(item)) this.tell("clarion-read", { item });
  }

  private async act(item: Item, action: Action): Promise<void> {
    this.problem = "";
    if (!this.tell("clarion-action", { item, key: action.key, link: action.link ?? "" })) return;
    if ((await this.model.act(item, action)) && action.link) location.assign(action.link);
  }

  private async choose(choice: Choice): Promise<void> {
    const item = this.menuItem;
    this.shutMenu(false);
    if (!item) return;
    this.problem = "";
    const ids = this.order();
    const neighbour = ids[ids.indexOf(item.id) + 1] ?? ids[ids.indexOf(item.id) - 1] ?? "";
    const done = perform(this.model, item, choice);
    await this.updateComplete;
    if (!this.order().includes(item.id)) this.current = neighbour;
    await this.updateComplete;
    this.focusList();
    if (!(await done)) return;
    const now = this.model.store.get(item.id) ?? item;
    if (choice === "read") this.tell("clarion-read", { item: now });
    if (choice === "archive") this.tell("clarion-archive", { item: now });
    if (choice === "dismiss") this.tell("clarion-dismiss", { item: now });
    if (choice === "hour" || choice === "tomorrow" || choice === "monday") this.tell("clarion-snooze", { item: now, until: now.snoozedUntil });
    this.say(fill(this.text.done, { title: item.title }));
  }

  private async openMenu(item: Item, button: HTMLElement): Promise<void> {
    if (this.menuItem === item) return this.shutMenu(true);
    this.menuItem = item;
    this.menuButton = button;
    this.requestUpdate();
    await this.updateComplete;
    const menu = this.find(".menu");
    if (!menu) return;
    menu.showPopover();
    place(menu, button, "menu-", 2, this.isRtl);
    menu.querySelector<HTMLElement>("button")?.focus();
  }

  private shutMenu(withFocus: boolean): void {
    if (!this.menuItem) return;
    this.menuItem = undefined;
    if (withFocus) this.menuButton?.focus();
    this.requestUpdate();
  }

  private show(filter: Filter): void {
    this.filter = filter;
    this.current = "";
    this.requestUpdate();
    if (this.model.paging[filter].next === undefined) void this.model.loadMore(filter);
  }

  private async toSettings(): Promise<void> {
    this.isSettings = !this.isSettings;
    this.requestUpdate();
    await this.updateComplete;
    this.find(this.isSettings ? ".back" : ".gear")?.focus();
    if (this.isSettings) await this.loadSettings();
  }

  private async loadSettings(): Promise<void> {
    this.settingsFailed = false;
    const { api } = this.model;
    try {
      [this.preferences, this.categories] = await Promise.all([api.preferences(), api.categories()]);
      this.push = await pushState(api, this.pushWorker);
    } catch (error) {
      if (isOver(error)) return;
      this.settingsFailed = true;
      this.tellError(error);
    }
    this.requestUpdate();
  }

  private async prefer(change: unknown): Promise<void> {
    this.problem = "";
    try {
      this.preferences = await this.model.api.prefer(change);
    } catch (error) {
      if (isOver(error)) return;
      this.problem = this.text.notDone;
      this.tellError(error);
    }
    this.requestUpdate();
  }

  private async turnPush(on: boolean): Promise<void> {
    this.isPushBusy = true;
    this.problem = "";
    this.requestUpdate();
    try {
      this.push = await (on ? turnOn : turnOff)(this.model.api, this.pushWorker);
      this.tell("clarion-push", { on: this.push === "on" });
    } catch (error) {
      if (!isOver(error)) {
        this.problem = this.text.notDone;
        this.tellError(error);
      }
    }
    this.isPushBusy = false;
    this.requestUpdate();
  }

  private tellError(error: unknown): void {
    const trouble = error instanceof Trouble ? error : new Trouble("failed", error instanceof Error ? error.message : "");
    this.tell("clarion-error", { code: trouble.code, message: trouble.message });
  }

  // -- keys and focus -------------------------------------------------------------------------------------------------

  private order(): string[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>(".item")].map((item) => item.dataset["id"] ?? "");
  }

  private focusList(): void {
    const items = [...this.renderRoot.querySelectorAll<HTMLElement>(".item")];
    (items.find((item) => item.dataset["id"] === this.current) ?? items[0] ?? this.find(".panel"))?.focus();
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    const at = this.shadowRoot?.activeElement ?? null;
    if (event.key === "Escape" && this.menuItem) this.shutMenu(true);
    else if (event.key === "Escape" && this.isSettings) void this.toSettings();
    else if (event.key === "Escape" && this.mode !== "inline") this.shut(true);
    else if (event.altKey || event.ctrlKey || event.metaKey || !this.keyed(event.key, at)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  private keyed(key: string, at: Element | null): boolean {
    if (this.menuItem) {
      if (key === "Tab") this.shutMenu(true);
      return key === "Tab" || moveAmong([...this.renderRoot.querySelectorAll<HTMLElement>(".menu button")], key, at);
    }
    if (at?.getAttribute("role") === "tab") return this.keyedTab(key);
    const row = at?.closest<HTMLElement>(".item");
    if (!row) return false;
    const article = at === row;
    if (article && key === "Enter") row.click();
    else if (article && (key === "Delete" || key === "Backspace")) this.quick(row, "dismiss");
    else if (article && key === "e") this.quick(row, "archive");
    else if (article && key === "u") this.quick(row, this.model.store.get(this.current)?.read ? "unread" : "read");
    else if (article && (key === "s" || key === "ContextMenu")) row.querySelector<HTMLElement>(".side button")?.click();
    else {
      const rows = [...this.renderRoot.querySelectorAll<HTMLElement>(".item")];
      const next = { ArrowDown: 1, PageDown: 1, ArrowUp: -1, PageUp: -1 }[key];
      const target = key === "Home" ? rows[0] : key === "End" ? rows.at(-1) : next ? rows[rows.indexOf(row) + next] : undefined;
      target?.focus();
      return target !== undefined || next !== undefined;
    }
    return true;
  }

  private quick(row: HTMLElement, choice: Choice): void {
    this.menuItem = this.model.store.get(row.dataset["id"] ?? "");
    void this.choose(choice);
  }

  private keyedTab(key: string): boolean {
    const forward = this.isRtl ? "ArrowLeft" : "ArrowRight";
    const step = key === forward ? 1 : key === "ArrowLeft" || key === "ArrowRight" ? -1 : 0;
    if (!step) return false;
    this.show(TABS[(TABS.indexOf(this.filter) + step + TABS.length) % TABS.length]!);
    void this.updateComplete.then(() => this.find('[role="tab"][aria-selected="true"]')?.focus());
    return true;
  }

  // -- how it looks ---------------------------------------------------------------------------------------------------

  private get locale(): string {
    return usable(this.lang || this.closest<HTMLElement>("[lang]")?.lang || navigator.language || "en");
  }

  private get text(): Words {
    return { ...wordsOf(this.locale), ...this.words };
  }

  private get isRtl(): boolean {
    const given = this.closest<HTMLElement>("[dir]")?.dir;
    return given === "rtl" || (given !== "ltr" && isRightToLeft(this.locale));
  }

  protected override render(): TemplateResult {
    const isInline = this.mode === "inline";
    return html`<div dir=${this.isRtl ? "rtl" : "ltr"} lang=${this.locale}>
      ${isInline ? nothing : this.bellView()}
      <section class="panel" part="panel" role=${isInline ? "region" : "dialog"} aria-label=${this.text.title} tabindex="-1"
        popover=${isInline ? nothing : "manual"} @keydown=${this.pressed}>
        ${this.isSettings ? this.settingsPanel() : this.listPanel()}
        ${this.menuItem ? html`<div class="menu" part="menu" role="menu" popover="manual" aria-label=${fill(this.text.options, { title: this.menuItem.title })}>
          ${menuView(this.menuItem, this.text, (choice) => void this.choose(choice))}</div>` : nothing}
      </section>
      ${this.bread.items.length ? this.toastsView() : nothing}
      <div class="hush" role="status" aria-live="polite" aria-atomic="true">${this.said}</div>
    </div>`;
  }

  private bellView(): TemplateResult {
    const { unread, unseen } = this.model.store.counts;
    const shown = this.badge === "unseen" ? unseen : unread;
    return html`<button class="bell" part="bell" aria-haspopup="dialog" aria-expanded=${String(this.isOpen)}
      aria-label=${fill(this.text.bell, { n: unread })} @click=${() => (this.isOpen ? this.shut(true) : this.open())}>
      <slot name="bell">${bell}</slot>
      ${shown ? html`<span class="badge ${unseen ? "" : "quiet"}" part="badge" aria-hidden="true">${shown > MOST_ON_BADGE ? `${MOST_ON_BADGE}+` : shown}</span>` : nothing}
    </button>`;
  }

  private closeButton(): TemplateResult | typeof nothing {
    return this.mode === "inline" ? nothing : html`<button class="icon" aria-label=${this.text.close} @click=${() => this.shut(true)}>${close}</button>`;
  }

  private noteView(): TemplateResult | typeof nothing {
    const words = this.text;
    if (this.problem) return html`<p class="note bad" part="note" role="alert">${this.problem}</p>`;
    if (this.status === "offline") return html`<p class="note" part="note" role="status">${words.offline}</p>`;
    if (this.status === "signed-out") return html`<p class="note bad" part="note" role="alert">${words.signedOut}<button @click=${() => this.model.restart(true)}>${words.retry}</button></p>`;
    if (this.status === "waiting") return html`<p class="note" part="note" role="status">${words.waiting}<button @click=${() => this.model.live.again()}>${words.retry}</button></p>`;
    return nothing;
  }

  private settingsPanel(): TemplateResult {
    const words = this.text;
    return html`<header part="header"><button class="icon back flip" aria-label=${words.back} @click=${() => void this.toSettings()}>${back}</button>
        <h2>${words.settings}</h2>${this.closeButton()}</header>${this.noteView()}
      <div class="scroll">${settingsView({
        words, preferences: this.preferences, categories: this.categories, failed: this.settingsFailed, push: this.push, isBusy: this.isPushBusy,
        channels: this.channels.split(",").map((key) => key.trim()).filter(Boolean),
        set: (change) => void this.prefer(change), push_: (on) => void this.turnPush(on), retry: () => void this.loadSettings(),
      })}</div>`;
  }

  private listPanel(): TemplateResult {
    const words = this.text;
    return html`<header part="header"><h2>${words.title}</h2>
        <button class="icon" aria-label=${words.readAll} title=${words.readAll} ?disabled=${!this.model.store.counts.unread} @click=${() => void this.model.readAll()}>${checks}</button>
        <button class="icon gear" aria-label=${words.settings} title=${words.settings} @click=${() => void this.toSettings()}>${gear}</button>${this.closeButton()}</header>
      <div class="tabs" role="tablist" part="tabs">
        ${TABS.map((filter) => html`<button role="tab" id="tab-${filter}" aria-controls="list" aria-selected=${String(filter === this.filter)}
          tabindex=${filter === this.filter ? 0 : -1} @click=${() => this.show(filter)}>${words[filter]}</button>`)}
      </div>${this.noteView()}
      <div class="scroll" role="tabpanel" id="list" aria-labelledby="tab-${this.filter}" @scroll=${() => this.shutMenu(false)}>${this.listView()}</div>`;
  }

  private listView(): TemplateResult {
    const paging = this.model.paging[this.filter];
    const entries = this.model.store.entries(this.filter, paging.next ?? 0);
    const shown = entries.flatMap(({ head, rest }) => [
      { item: head, isUnder: false, rest },
      ...(this.opened.has(head.group) ? rest.map((item) => ({ item, isUnder: true, rest: [] as Item[] })) : []),
    ]);
    if (!shown.some(({ item }) => item.id === this.current)) this.current = shown[0]?.item.id ?? "";
    const size = paging.next === null ? shown.length : -1;
    const doing = this.doing();
    const rows = repeat(shown, ({ item }) => item.id, ({ item, isUnder, rest }, index) => html`${itemView({ item, isUnder, isCurrent: item.id === this.current, position: index + 1, size, more: rest.length ? this.groupView(item, rest) : nothing }, doing)}`);
    return html`${shown.length ? html`<div role="feed" aria-label=${this.text[this.filter]} aria-busy=${String(paging.isLoading)}>${rows}</div>` : nothing}
      ${this.footView(shown.length === 0)}`;
  }

  private groupView(head: Item, rest: Item[]): TemplateResult {
    const isOpened = this.opened.has(head.group);
    const toggle = (): void => {
      if (isOpened) this.opened.delete(head.group);
      else this.opened.add(head.group);
      if (!isOpened) void this.model.loadGroup(this.filter, head.group);
      this.requestUpdate();
    };
    return html`<button class="group" part="group" tabindex=${head.id === this.current ? 0 : -1} aria-expanded=${String(isOpened)} @click=${toggle}>${chevron}${isOpened ? this.text.groupLess : fill(this.text.groupMore, { n: rest.length })}</button>`;
  }

  private footView(isEmpty: boolean): TemplateResult | typeof nothing {
    const words = this.text;
    const paging = this.model.paging[this.filter];
    if (paging.failed) return html`<div class=${isEmpty ? "empty" : "foot"} role="alert"><span>${words.failed}</span><button class="wide" @click=${() => void this.model.loadMore(this.filter)}>${words.retry}</button></div>`;
    if (paging.next === null) return isEmpty ? html`<div class="empty" part="empty">${bell}<strong>${words[EMPTY[this.filter]]}</strong>${this.filter === "all" ? html`<span>${words.emptyAllMore}</span>` : nothing}</div>` : nothing;
    if (paging.isLoading || isEmpty) return html`<div class="foot" role="status">${this.status === "signed-out" ? "" : words.loading}</div>`;
    return html`<div class="foot" data-more><button class="wide" @click=${() => void this.model.loadMore(this.filter)}>${words.more}</button></div>`;
  }

  private toastsView(): TemplateResult {
    const { words, locale } = this.doing();
    return html`<div class="toasts" part="toasts" lang=${locale}>${repeat(this.bread.items, (item) => item.id, (item) => html`
      <div class="toast" part="toast" @pointerenter=${() => this.bread.hold(item.id)} @pointerleave=${() => this.bread.resume(item.id)}
        @focusin=${() => this.bread.hold(item.id)} @focusout=${() => this.bread.resume(item.id)}>
        <button class="say" dir="auto" @click=${(event: Event) => { this.bread.drop(item.id); this.visit(item, event, false); }}><h3>${item.title}</h3>${item.body ? html`<p class="text">${item.body}</p>` : nothing}</button>
        <button class="icon" aria-label=${words.close} @click=${() => this.bread.drop(item.id)}>${close}</button>
      </div>`)}</div>`;
  }

  private doing(): Doing {
    return {
      words: this.text,
      locale: this.locale,
      now: Date.now(),
      open: (item, event) => this.openItem(item, event),
      act: (item, action) => void this.act(item, action),
      menu: (item, button) => void this.openMenu(item, button),
      focused: (item) => {
        if (this.current === item.id) return;
        this.current = item.id;
        this.requestUpdate();
      },
    };
  }
}

/** Whether it was asked for somebody who is not here any more. */
const isOver = (error: unknown): boolean => error instanceof Trouble && error.code === SUPERSEDED;
