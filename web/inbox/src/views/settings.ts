// The settings: what comes by which way, and this browser's own notifications.
import { html, nothing, type TemplateResult } from "lit";
import type { Category, Preferences, Switch } from "../api.ts";
import type { PushState } from "../push.ts";
import type { Words } from "../words.ts";

export interface SettingsShown {
  words: Words;
  preferences: Preferences | undefined;
  categories: Category[];
  channels: string[];
  failed: boolean;
  push: PushState;
  isBusy: boolean;
  set(change: unknown): void;
  push_(on: boolean): void;
  retry(): void;
}

export function settingsView(shown: SettingsShown): TemplateResult {
  const { words, preferences } = shown;
  if (shown.failed) return html`<div class="empty" role="alert"><strong>${words.failed}</strong><button class="wide" @click=${shown.retry}>${words.retry}</button></div>`;
  if (!preferences) return html`<p class="foot" role="status">${words.loading}</p>`;
  const general = preferences.effective.global;
  const known = new Map(shown.categories.map((one) => [one.key, one]));
  return html`<div class="settings" part="settings">
    ${pushView(shown)}
    <h3 id="general">${words.general}</h3>
    <div role="group" aria-labelledby="general">
      ${["notifications_enabled", "marketing_enabled", ...shown.channels.map((key) => `${key}_enabled`)].map((name) =>
        general[name] ? row(nameOf(name, words), general[name], false, (on) => shown.set({ global: { [name]: on } })) : nothing)}
    </div>
    <h3>${words.byCategory}</h3>
    ${Object.entries(preferences.effective.categories).map(([key, switches]) => categoryView(key, switches, known.get(key), shown))}
  </div>`;
}

function categoryView(key: string, switches: Record<string, Switch>, known: Category | undefined, shown: SettingsShown): TemplateResult {
  const fixed = known?.essential ?? false;
  return html`<details>
    <summary>${known?.name || key}${known?.description ? html`<small>${known.description}</small>` : nothing}</summary>
    ${fixed ? html`<small>${shown.words.always}</small>` : nothing}
    ${shown.channels.map((channel) => {
      const name = `${channel}_enabled`;
      const found = switches[name];
      return found ? row(nameOf(name, shown.words), found, fixed, (on) => shown.set({ categories: { [key]: { [name]: on } } }), known?.name || key) : nothing;
    })}
  </details>`;
}

function nameOf(name: string, words: Words): string {
  if (name === "notifications_enabled") return words.everything;
  if (name === "marketing_enabled") return words.marketing;
  const channel = name.replace(/_enabled$/, "");
  return words[channel as keyof Words] ?? channel;
}

function row(label: string, state: Switch, isFixed: boolean, set: (on: boolean) => void, of = ""): TemplateResult {
  return html`<div class="row"><span>${label}</span>
    <button class="switch" part="switch" role="switch" aria-checked=${String(state.value)} aria-label=${of ? `${of}: ${label}` : label}
      ?disabled=${isFixed} @click=${() => set(!state.value)}></button></div>`;
}

function pushView({ words, push, isBusy, push_ }: SettingsShown): TemplateResult | typeof nothing {
  if (push === "unsupported") return nothing;
  const button = html`<button class="wide" ?disabled=${isBusy} @click=${() => push_(push !== "on")}>${push === "on" ? words.pushOff : words.pushOn}</button>`;
  return html`<div class="row" part="push"><span>${words.browserPush}${push === "denied" ? html`<small>${words.pushDenied}</small>` : nothing}</span>${push === "denied" ? nothing : button}</div>`;
}
