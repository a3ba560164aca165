// The template that is being written: what is stored, what is on the page, and which place of it is open.
import { byId } from "./dom.js";

const start = JSON.parse(byId("state").textContent);
const copy = (value) => structuredClone(value);

export const world = { channels: start.channels, categories: start.categories, locales: start.locales, defaultLocale: start.default_locale, ownLocale: start.own_locale, maySeePeople: start.may_see_people, fourEyes: start.four_eyes, outbox: start.outbox };
export const book = { stored: start.stored, template: copy(start.stored.template), channel: "", locale: "default", checks: [], behind: [], variables: [], person: null };
book.channel = world.channels.find((each) => book.template.content[each.key])?.key ?? "email";

const listeners = new Set();
export const onChange = (listener) => listeners.add(listener);
/** `what`: "text" (a field), "shape" (channels, languages), "place" (another one is open), "checks", "stored", "data". */
export const tell = (what) => listeners.forEach((listener) => listener(what));

export const channelOf = (key) => world.channels.find((each) => each.key === key);
export const fieldsAt = (channel = book.channel, locale = book.locale) => book.template.content[channel]?.[locale];

/** The same for the same content, whatever the order of the names. */
const canonical = (value) => JSON.stringify(value, (_, each) => (each && typeof each === "object" && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1))) : each));
export const alike = (one, other) => canonical(one) === canonical(other);
export const isDirty = () => !alike(book.template, book.stored.template);

export function open(channel, locale = book.locale) {
  if (channel === book.channel && locale === book.locale) return;
  book.channel = channel;
  book.locale = locale;
  tell("place");
}

export function write(field, text) {
  fieldsAt()[field] = text;
  tell("text");
}

export function unwrite(field) {
  delete fieldsAt()[field];
  tell("text");
}

/** What is stored becomes what is on the page. */
export function settle(stored) {
  book.stored = stored;
  book.template = copy(stored.template);
  if (!book.template.content[book.channel]) book.channel = Object.keys(book.template.content)[0] ?? "email";
  if (!fieldsAt()) book.locale = "default";
  tell("stored");
}

/** A save of `sent` went through: keep on writing from here, with what was typed while it was under way. */
export function saved(stored, sent) {
  if (alike(book.template, sent)) book.template = copy(stored.template);
  book.stored = stored;
  tell("saved");
}

export const asSent = (template = book.template) => ({ ...template, note: template.note ?? "" });
/** As it is previewed and checked: also before it has a path and a name. */
export const asShown = () => ({ ...asSent(), path: book.template.path || "new", name: book.template.name || "New template" });

/** Every language that the template has, wants or that the deployment names; the default first. */
export function localesShown() {
  const there = Object.values(book.template.content).flatMap((locales) => Object.keys(locales));
  return [...new Set(["default", ...there.sort(), ...(book.template.locales ?? []), ...world.locales])].filter((locale) => locale !== world.defaultLocale || there.includes(locale));
}

/** How far a language is on a channel: `absent`, `partial` (fields fall back to the default) or `complete`. */
export function completeness(channel, locale) {
  const there = book.template.content[channel]?.[locale];
  if (!there) return "absent";
  if (locale === "default") return "complete";
  const wanted = Object.entries(book.template.content[channel].default ?? {}).filter(([, text]) => text.trim());
  return wanted.every(([name]) => name in there) ? "complete" : "partial";
}

/** Places as one flat map, for comparing: "email / sw / subject" → text, and what stands beside the content. */
export function flat(template) {
  const places = new Map();
  for (const [channel, locales] of Object.entries(template.content))
    for (const [locale, fields] of Object.entries(locales))
      for (const [field, text] of Object.entries(fields)) places.set(`${channel} / ${locale} / ${field}`, text);
  for (const [name, value] of Object.entries(template))
    if (!["content", "path", "note"].includes(name)) places.set(name, typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return places;
}

/** A copy of `template` in which `place` has the text it has in `other` (or is gone, if it is not there). */
export function withPlace(template, place, other) {
  const result = copy(template);
  const [channel, locale, field] = place.split(" / ");
  if (field === undefined) {
    result[place] = copy(other[place]);
    return result;
  }
  const text = other.content[channel]?.[locale]?.[field];
  if (text === undefined) {
    delete result.content[channel]?.[locale]?.[field];
    if (result.content[channel]?.[locale] && !Object.keys(result.content[channel][locale]).length) delete result.content[channel][locale];
    if (result.content[channel] && !Object.keys(result.content[channel]).length) delete result.content[channel];
  } else ((result.content[channel] ??= {})[locale] ??= {})[field] = text;
  return result;
}
