// The list: what is shown, what is chosen, and asking every moment and a half whether there is more.
import { el, fetchJson, icon, shortTime } from "./dom.js";
import { showEntry } from "./detail.js";
import { openSender } from "./sender.js";

const EVERY_MS = 1500;
const PAGE = 60;
const state = { channel: "", recipient: "", limit: PAGE, chosen: "", etag: "", entries: [], seen: null };

const list = document.querySelector("#list ul");
const older = document.querySelector("#older");
const detail = document.querySelector("#detail");
const live = document.querySelector("#live");
const search = document.querySelector("#search input");
const channels = [...document.querySelectorAll("nav button")];

function query() {
  const values = { channel: state.channel, recipient: state.recipient, limit: String(state.limit) };
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
}

async function refresh() {
  const asked = query();
  try {
    const { response, value } = await fetchJson(`/outbox/entries?${asked}`, {
      headers: state.etag ? { "If-None-Match": state.etag } : {},
      cache: "no-store",
    });
    if (asked !== query()) return;
    setLive(response.ok || response.status === 304);
    if (response.ok && value) {
      state.etag = response.headers.get("ETag") || "";
      render(value);
    } else {
      for (const time of list.querySelectorAll("time")) time.textContent = shortTime(time.dateTime);
    }
  } catch {
    setLive(false);
  }
}

function setLive(isLive) {
  live.textContent = isLive ? "live" : "no connection";
  live.classList.toggle("off", !isLive);
}

function render({ entries, counts, more }) {
  const first = state.seen === null;
  const seen = state.seen || new Set();
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : "";
  list.replaceChildren(...entries.map((entry) => line(entry, !first && !seen.has(entry.id))));
  state.seen = new Set([...seen, ...entries.map((entry) => entry.id)]);
  state.entries = entries;
  older.hidden = entries.length < state.limit || state.limit >= 200;
  showCounts(counts, new Set(more));
  if (!entries.length) list.append(el("li", { class: "none" }, hint()));
  mark();
  if (focused) list.querySelector(`a[data-id="${focused}"]`)?.focus({ preventScroll: true });
  if (!state.chosen) showNothing(Object.values(counts).every((count) => !count) && !state.recipient);
}

function hint() {
  if (state.recipient) return "Nothing for this recipient. Give the whole address, or a user's id.";
  return state.channel ? "Nothing on this channel yet." : "Nothing yet.";
}

function line(entry, isNew) {
  const kind = channels.find((button) => button.dataset.channel === entry.channel);
  const label = kind ? kind.dataset.label : entry.channel;
  return el(
    "li",
    { class: isNew ? "new" : "" },
    el(
      "a",
      { href: `#${entry.id}`, "data-id": entry.id },
      el("span", { class: `badge tint-${entry.channel}`, title: label }, icon(entry.channel)),
      el("span", { class: "who" }, entry.recipient),
      el("time", { datetime: entry.created_at }, shortTime(entry.created_at)),
      el("span", { class: "title" }, entry.title),
      el("span", { class: "preview" }, entry.preview),
    ),
  );
}

function showCounts(counts, more) {
  let total = 0;
  for (const button of channels.slice(1)) {
    const count = counts[button.dataset.channel] || 0;
    total += count;
    button.querySelector("output").textContent = count ? `${count}${more.has(button.dataset.channel) ? "+" : ""}` : "";
  }
  channels[0].querySelector("output").textContent = total ? `${total}${more.size ? "+" : ""}` : "";
}

function mark() {
  for (const link of list.querySelectorAll("a")) {
    if (link.dataset.id === state.chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function showNothing(isEmpty) {
  document.body.classList.remove("reading");
  document.body.classList.toggle("bare", isEmpty);
  const kind = isEmpty ? "empty" : "choose";
  if (detail.dataset.kind === kind) return;
  detail.dataset.kind = kind;
  if (isEmpty) detail.replaceChildren(document.querySelector("#empty").content.cloneNode(true));
  else detail.replaceChildren(el("p", { class: "choose" }, "Choose a message."));
}

async function choose(id) {
  state.chosen = id;
  mark();
  if (!id) return showNothing(!state.entries.length && !state.recipient && !state.channel);
  const { response, value } = await fetchJson(`/outbox/entries/${encodeURIComponent(id)}`);
  if (state.chosen !== id) return;
  document.body.classList.add("reading");
  document.body.classList.remove("bare");
  detail.dataset.kind = "entry";
  if (response.ok) showEntry(detail, value, searchFor);
  else detail.replaceChildren(el("p", { class: "choose" }, value.detail));
  detail.scrollTop = 0;
}

function searchFor(recipient) {
  search.value = recipient;
  change({ recipient });
}

function change(values) {
  Object.assign(state, { limit: PAGE, etag: "", seen: null }, values);
  for (const button of channels) button.setAttribute("aria-pressed", String(button.dataset.channel === state.channel));
  refresh();
}

function step(by) {
  const at = state.entries.findIndex((entry) => entry.id === state.chosen);
  const next = state.entries[at < 0 ? 0 : at + by];
  if (!next) return;
  location.hash = next.id;
  list.querySelector(`a[data-id="${next.id}"]`)?.focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape") typing ? event.target.blur() : (location.hash = "");
  if (typing) return;
  const deeds = { j: () => step(1), k: () => step(-1), "/": () => search.focus(), c: () => openSender(refresh) };
  const arrows = event.target.closest("#list") ? { ArrowDown: deeds.j, ArrowUp: deeds.k } : {};
  const deed = deeds[event.key] || arrows[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
}

for (const button of channels) button.addEventListener("click", () => change({ channel: button.dataset.channel }));
document.querySelector("#search").addEventListener("submit", (event) => event.preventDefault());
let typed = 0;
search.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(() => change({ recipient: search.value.trim() }), 250);
});
older.addEventListener("click", () => {
  state.limit = Math.min(200, state.limit + PAGE);
  state.etag = "";
  refresh();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#compose, [data-compose]")) openSender(refresh);
});
document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", () => choose(location.hash.slice(1)));

async function keepLooking() {
  if (!document.hidden) await refresh();
  setTimeout(keepLooking, EVERY_MS);
}

if (location.hash) choose(location.hash.slice(1));
keepLooking();
