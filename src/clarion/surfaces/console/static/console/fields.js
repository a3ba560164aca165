// The fields of the open channel and language: short ones as inputs, long ones with the editor.
import { book, channelOf, completeness, fieldsAt, localesShown, onChange, open, tell, unwrite, world, write } from "./book.js";
import { arrows, byId, el, icon, nonce, tabRow } from "./dom.js";
import { makeEditor } from "./editor.bundle.js";

const HINTS = {
  html: "{% extends \"base\" %} brings the layout. Tab leaves the editor.",
  text: "For readers without HTML; empty: made from the HTML.",
  preheader: "Shown beside the subject in the list of mails.",
  collapse: "Pushes with the same key replace each other.",
  event: "The event's name, such as order.shipped; the body is made of the variables.",
};
const FIELD_NAMES = { html: "HTML", text: "Text", subject: "Subject", preheader: "Preheader", title: "Title", body: "Body", link: "Link", image: "Image", collapse: "Collapse key", event: "Event" };
const editors = new Map();

export const labelOf = (field) => FIELD_NAMES[field] ?? field;
export const localeName = (locale) => {
  const code = locale === "default" ? world.defaultLocale : locale;
  try {
    const name = new Intl.DisplayNames(["en"], { type: "language" }).of(code);
    return locale === "default" ? `Default · ${name}` : name;
  } catch {
    return locale;
  }
};

function words() {
  const names = book.variables.map((each) => each.name);
  const options = (list) => [...new Set(list)].map((label) => ({ label, type: "variable" }));
  return {
    variables: options(names.map((name) => name.split(".")[0])),
    properties: (path) => {
      const before = `${path.join(".")}.`;
      return options(names.filter((name) => name.startsWith(before)).map((name) => name.slice(before.length).split(".")[0]));
    },
  };
}

function marks(count) {
  return count ? [el("span", { class: "count", title: `${count} to look at` }, String(count), el("span", { class: "unseen" }, " to look at"))] : [];
}

const isStale = (locale) => locale !== "default" && book.behind.some((each) => each.channel === book.channel && each.locale === locale && each.state === "stale");
const grave = (each) => each.severity !== "note";

function showTabs() {
  const there = world.channels.filter((each) => book.template.content[each.key]);
  const shown = there.some((each) => each.key === book.channel) ? there : [...there, channelOf(book.channel)];
  tabRow(
    byId("channels"),
    shown.map((each) => ({ name: each.key, label: each.label, marks: marks(book.checks.filter((found) => grave(found) && found.channel === each.key).length) })),
    book.channel,
    (key) => open(key),
  );
  const missing = world.channels.filter((each) => !shown.includes(each));
  const adder = byId("add-channel");
  adder.replaceChildren(el("option", { value: "" }, "+ channel"), ...missing.map((each) => el("option", { value: each.key }, each.label)));
  adder.parentElement.hidden = !missing.length;
  tabRow(
    byId("locales"),
    localesShown().map((locale) => {
      const state = completeness(book.channel, locale);
      const stale = isStale(locale);
      const sign = stale ? ["history", "older than the default"] : { absent: ["add", "not written yet"], partial: ["contrast", "some fields fall back to the default"], complete: ["check", "complete"] }[state];
      return { name: locale, label: locale === "default" ? "Default" : locale, absent: state === "absent", title: `${localeName(locale)}: ${sign[1]}`, marks: [el("span", { class: `sign ${stale ? "stale" : state}` }, icon(sign[0]), el("span", { class: "unseen" }, ` ${sign[1]}`))] };
    }),
    book.locale,
    (locale) => open(book.channel, locale),
  );
}

function showFields() {
  editors.forEach((each) => each.destroy());
  editors.clear();
  const place = byId("fields");
  const spec = channelOf(book.channel);
  if (!fieldsAt()) {
    place.replaceChildren(nothing(spec));
    return;
  }
  place.replaceChildren(...spec.fields.map((field) => (field.name in fieldsAt() || book.locale === "default" ? written(field) : fallingBack(field))));
  if (isStale(book.locale)) place.prepend(behind());
  place.append(remover(spec));
  markEditors();
}

function behind() {
  const reviewed = () => {
    book.template.reviewed_locales = [...new Set([...(book.template.reviewed_locales ?? []), book.locale])];
    tell("data");
  };
  return el("div", { class: "field inherited" }, icon("history"), el("span", { class: "soft" }, "The default has changed since this was translated."), el("button", { type: "button", class: "button small", onclick: reviewed }, "It is right as it stands"));
}

function nothing(spec) {
  const source = book.template.content[book.channel]?.default;
  const begin = (fields) => {
    (book.template.content[book.channel] ??= {})[book.locale] = fields;
    tell("shape");
    byId("fields").querySelector("input, .cm-content")?.focus();
  };
  const empty = Object.fromEntries(spec.fields.filter((field) => field.required || field.name === "html").map((field) => [field.name, ""]));
  return el(
    "div",
    { class: "empty" },
    icon("translate"),
    el("p", {}, source ? `${localeName(book.locale)} has no ${spec.label} yet: its people get the default.` : `There is no ${spec.label} yet.`),
    el("p", { class: "chips" }, source && el("button", { type: "button", class: "button primary", onclick: () => begin({ ...source }) }, "Start from the default"), el("button", { type: "button", class: "button", onclick: () => begin(empty) }, "Start empty")),
  );
}

function fallingBack(field) {
  const inherited = book.template.content[book.channel].default?.[field.name];
  return el(
    "div",
    { class: "field inherited" },
    el("span", { class: "label" }, labelOf(field.name)),
    el("span", { class: "soft" }, inherited ? `The default is used: ${inherited.replace(/\s+/g, " ").slice(0, 90)}` : "Empty, as the default"),
    el("button", { type: "button", class: "button small", onclick: () => (write(field.name, inherited ?? ""), showFields()) }, "Translate", el("span", { class: "unseen" }, ` ${labelOf(field.name)}`)),
  );
}

function written(field) {
  const id = `field-${field.name}`;
  const fields = fieldsAt();
  const back =
    book.locale !== "default" && book.template.content[book.channel].default?.[field.name] !== undefined
      ? el("button", { type: "button", class: "plain small", onclick: () => (unwrite(field.name), showFields()) }, "Use the default", el("span", { class: "unseen" }, ` ${labelOf(field.name)}`))
      : null;
  const hint = HINTS[field.name] && el("span", { class: "soft hint", id: `${id}-hint` }, HINTS[field.name]);
  const head = el("div", { class: "field-head" }, el("label", { class: "label", for: field.single_line ? id : null, id: `${id}-label` }, labelOf(field.name), field.required ? el("span", { class: "must", title: "required" }, " *") : null), hint, back);
  if (field.single_line) {
    const input = el("input", { id, "data-field": field.name, autocomplete: "off", spellcheck: "true", "aria-describedby": hint ? hint.id : null, oninput: () => write(field.name, input.value) });
    input.value = fields[field.name] ?? "";
    return el("div", { class: "field" }, head, input, el("div", { class: "found", "data-found": field.name }));
  }
  const place = el("div", { class: `editor ${field.html ? "tall" : ""}`, "data-field": field.name });
  const box = el("div", { class: "field" }, head, place, el("div", { class: "found", "data-found": field.name }));
  editors.set(
    field.name,
    makeEditor({ parent: place, text: fields[field.name] ?? "", kind: field.html ? "html" : "text", label: `${labelOf(field.name)}, ${channelOf(book.channel).label}, ${localeName(book.locale)}`, describedBy: hint ? hint.id : "", nonce, words: words(), onChange: (text) => write(field.name, text) }),
  );
  return box;
}

function remover(spec) {
  const only = Object.keys(book.template.content).length === 1 && Object.keys(book.template.content[book.channel]).length === 1;
  const what = book.locale === "default" ? `Remove ${spec.label} from the template` : `Remove ${localeName(book.locale)} from ${spec.label}`;
  const remove = () => {
    if (book.locale === "default") delete book.template.content[book.channel];
    else delete book.template.content[book.channel][book.locale];
    book.channel = book.template.content[book.channel] ? book.channel : Object.keys(book.template.content)[0];
    book.locale = "default";
    tell("shape");
    byId("channels").querySelector('[aria-selected="true"]')?.focus();
  };
  return el("p", { class: "remover" }, el("button", { type: "button", class: "plain small", disabled: only, onclick: remove }, icon("delete"), what));
}

/** What the checks found, at its place: in the editors' margins and below the inputs. */
function markEditors() {
  const here = book.checks.filter((found) => found.channel === book.channel && found.locale === book.locale);
  const kind = { error: "error", warning: "warning", note: "info" };
  for (const [name, editor] of editors) editor.mark(here.filter((found) => found.field === name && found.line).map((found) => ({ ...found, severity: kind[found.severity] })));
  for (const place of document.querySelectorAll("[data-found]")) {
    const found = here.filter((each) => each.field === place.dataset.found && (!editors.has(each.field) || each.severity === "error"));
    place.replaceChildren(...found.slice(0, 2).map((each) => el("p", { class: each.severity === "error" ? "problem" : "soft" }, each.message)));
  }
}

export function goTo({ channel, locale, field, line, column }) {
  if (!channel) return;
  open(channel, locale || "default");
  const editor = editors.get(field);
  if (editor) editor.goTo(line || 1, column || 1);
  else (document.querySelector(`input[data-field="${CSS.escape(field || "")}"]`) ?? byId("fields")).focus();
}

export function insertVariable(name) {
  const last = editors.get(lastEditor) ?? editors.values().next().value;
  last?.insert(`{{ ${name} }}`);
}
let lastEditor = "";

export function startFields() {
  arrows(byId("channels"));
  arrows(byId("locales"));
  byId("fields").addEventListener("focusin", (event) => (lastEditor = event.target.closest("[data-field]")?.dataset.field ?? lastEditor));
  byId("add-channel").addEventListener("change", (event) => {
    if (event.target.value) open(event.target.value, "default");
    event.target.value = "";
  });
  byId("add-locale").addEventListener("submit", (event) => {
    event.preventDefault();
    const locale = event.target.elements.locale.value.trim();
    if (!locale) return;
    event.target.reset();
    book.template.locales = [...new Set([...(book.template.locales ?? []), locale])];
    open(book.channel, locale);
    tell("shape");
  });
  onChange((what) => {
    if (what !== "text" || localeStates() !== lastStates) showTabs();
    lastStates = localeStates();
    if (["place", "shape", "stored"].includes(what)) showFields();
    if (what === "checks") {
      const there = byId("fields").querySelector(".inherited .material-symbols-outlined");
      const now = fieldsAt() && isStale(book.locale);
      if (now && !there) byId("fields").prepend(behind());
      if (!now && there) there.parentElement.remove();
      markEditors();
    }
  });
  showTabs();
  showFields();
}
let lastStates = "";
const localeStates = () => localesShown().map((locale) => completeness(book.channel, locale)).join();
