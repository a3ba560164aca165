// One message, looking somewhat like what its reader gets.
import { el, icon, longTime } from "./dom.js";

const VIEWS = { email, sms, push, in_app: inbox, websocket: inbox, webhook, chat };

export function showEntry(place, entry, searchFor) {
  place.replaceChildren(head(entry, searchFor), (VIEWS[entry.channel] || inbox)(entry), foot(entry, searchFor));
}

function head(entry, searchFor) {
  return el(
    "div",
    { class: "head" },
    el("button", { type: "button", class: "back quiet", onclick: () => (location.hash = ""), "aria-label": "Back to the list" }, icon("back")),
    el("h1", {}, entry.title),
    el(
      "p",
      { class: "to" },
      "to ",
      el("button", { type: "button", class: "link", title: "Show everything for this recipient", onclick: () => searchFor(entry.recipient) }, entry.recipient),
      el("time", { datetime: entry.created_at }, longTime(entry.created_at)),
    ),
  );
}

function foot(entry, searchFor) {
  return el(
    "dl",
    { class: "foot" },
    el("dt", {}, "Notification"),
    el("dd", {}, el("code", {}, entry.notification_id)),
    el("dt", {}, "User"),
    el("dd", {}, el("button", { type: "button", class: "link", title: "Show everything for this user", onclick: () => searchFor(entry.user_id) }, el("code", {}, entry.user_id))),
  );
}

function email(entry) {
  const views = [];
  if (entry.has_html) views.push(["HTML", () => el("iframe", { sandbox: "", referrerpolicy: "no-referrer", title: "The email as HTML", src: `/outbox/entries/${entry.id}/html` })]);
  views.push(["Text", () => el("pre", { class: "text" }, entry.text)]);
  views.push(["Source", () => el("pre", { class: "code" }, entry.raw)]);
  views.push(["Headers", () => pairs(entry.headers)]);
  return tabs(views);
}

function sms(entry) {
  const { segments, encoding, characters, forced_by: forced } = entry.sms;
  const size = `${segments} segment${segments === 1 ? "" : "s"} · ${characters} characters · ${encoding.toUpperCase()}`;
  return el(
    "div",
    { class: "stage phone" },
    el("p", { class: "bubble" }, entry.text),
    el("p", { class: "muted" }, forced ? `${size} (because of “${forced}”)` : size),
  );
}

function push(entry) {
  const { image, link, ...data } = entry.data;
  return el(
    "div",
    { class: "stage" },
    el(
      "div",
      { class: "lockscreen" },
      el("p", { class: "clock" }, new Date(entry.created_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })),
      el("div", { class: "pushed" }, icon("push", "tint-push"), el("b", {}, entry.title), el("span", {}, entry.text)),
    ),
    facts({ Link: link, Image: image }),
    json(data),
  );
}

function inbox(entry) {
  const { link, ...data } = entry.data;
  const kind = entry.channel === "websocket" ? "Pushed to open sockets, and kept in the inbox" : "In the inbox";
  return el(
    "div",
    { class: "stage" },
    el("div", { class: "note" }, el("span", { class: "dot" }), el("b", {}, entry.title), el("span", {}, entry.text)),
    el("p", { class: "muted" }, kind),
    facts({ Link: link }),
    json(data),
  );
}

function chat(entry) {
  return el(
    "div",
    { class: "stage" },
    el(
      "div",
      { class: "said" },
      el("span", { class: "avatar" }, "C"),
      el("b", {}, "Clarion"),
      el("span", { class: "app" }, "APP"),
      el("p", {}, entry.title === "Chat" ? null : el("b", {}, `${entry.title}\n`), entry.text),
    ),
    json(entry.data),
  );
}

function webhook(entry) {
  return tabs([
    ["Body", () => el("pre", { class: "code" }, pretty(entry.text))],
    ["Headers", () => pairs(entry.headers)],
    ["Request", () => el("pre", { class: "code" }, entry.raw)],
  ]);
}

function tabs(views) {
  const panel = el("div", { class: "panel", role: "tabpanel", tabindex: "0" });
  const buttons = views.map(([name, make]) => el("button", { type: "button", role: "tab", onclick: () => open(name, make) }, name));
  const open = (name, make) => {
    for (const button of buttons) {
      const chosen = button.textContent === name;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    panel.replaceChildren(make());
  };
  const row = el("div", { class: "tabs", role: "tablist" }, ...buttons);
  row.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = buttons[(buttons.indexOf(event.target) + by + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  open(...views[0]);
  return el("div", { class: "tabbed" }, row, panel);
}

function pairs(values) {
  return el("dl", { class: "pairs" }, ...Object.entries(values).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
}

function facts(values) {
  const there = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
  return Object.keys(there).length ? pairs(there) : null;
}

function json(data) {
  return Object.keys(data).length ? el("pre", { class: "code" }, JSON.stringify(data, null, 2)) : null;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
