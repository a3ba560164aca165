// One item of the list.
import { html, nothing, type TemplateResult } from "lit";
import { done, dots } from "../icons.ts";
import { ago, exactly } from "../times.ts";
import type { Action, Item } from "../types.ts";
import { fill, type Words } from "../words.ts";

export interface Shown { item: Item; isCurrent: boolean; isUnder: boolean; position: number; size: number; more: TemplateResult | typeof nothing }
export interface Doing {
  words: Words;
  locale: string;
  now: number;
  open(item: Item, event: Event): void;
  act(item: Item, action: Action): void;
  menu(item: Item, button: HTMLElement): void;
  focused(item: Item): void;
}

export function itemView({ item, isCurrent, isUnder, position, size, more }: Shown, doing: Doing): TemplateResult {
  const { words, locale } = doing;
  const reach = isCurrent ? 0 : -1;
  const kinds = `item${item.read ? "" : " unread"}${item.link || !item.read ? " opens" : ""}${isUnder ? " under" : ""}`;
  return html`<article
    class=${kinds} part="item ${item.read ? "read" : "unread"}" data-id=${item.id} tabindex=${reach}
    aria-labelledby="t-${item.id}" aria-posinset=${position} aria-setsize=${size}
    @focusin=${() => doing.focused(item)} @click=${(event: Event) => doing.open(item, event)}>
    <div>
      <h3 id="t-${item.id}" part="title">
        ${item.read ? nothing : html`<span class="hush">${words.isUnread}: </span>`}${item.link
          ? html`<a href=${item.link} tabindex=${reach} rel="noopener" dir="auto">${item.title}</a>`
          : html`<span dir="auto">${item.title}</span>`}
      </h3>
      ${item.body ? html`<p class="text" part="body"><span dir="auto">${item.body}</span></p>` : nothing}
      <p class="meta" part="meta">
        ${item.priority === 1 ? html`<span class="urgent">${words.urgent}</span>` : nothing}
        <time datetime=${item.createdAt} title=${exactly(item.createdAt, locale)}>${ago(item.createdAt, locale, doing.now, words.now)}</time>
        ${item.snoozedUntil ? html`<span>${fill(words.until, { n: exactly(item.snoozedUntil, locale) })}</span>` : nothing}
      </p>
      ${item.actions.length ? actionsView(item, reach, doing) : nothing}
    </div>
    <div class="side">
      <button class="icon" part="options" tabindex=${reach} aria-haspopup="menu" aria-label=${fill(words.options, { title: item.title })}
        @click=${(event: Event) => doing.menu(item, event.currentTarget as HTMLElement)}>${dots}</button>
    </div>
    ${more}
  </article>`;
}

function actionsView(item: Item, reach: number, doing: Doing): TemplateResult {
  const taken = item.actions.find((action) => action.key === item.acted);
  if (item.acted) return html`<p class="actions acted">${done}<span dir="auto">${fill(doing.words.done, { title: taken?.label ?? item.acted })}</span></p>`;
  return html`<div class="actions" part="actions">
    ${item.actions.map((action, index) => html`<button class=${index === 0 ? "first" : ""} part="action ${index === 0 ? "primary" : "secondary"}"
      tabindex=${reach} dir="auto" @click=${() => doing.act(item, action)}>${action.label}</button>`)}
  </div>`;
}
