// The page of a template: saving, publishing, testing, keys. Fields, preview and details are modules of their own.
import { asSent, book, channelOf, isDirty, onChange, saved, settle, tell, world } from "./book.js";
import { showConflict } from "./conflict.js";
import { pick, startDetails } from "./details.js";
import { byId, call, dialog, el, icon, later, press } from "./dom.js";
import { localeName, startFields } from "./fields.js";
import { startPreview } from "./preview.js";
import { showVersions } from "./versions.js";

const at = (path) => `/console/templates/${book.stored.id}/${path}`;

export function say(text, bad = false) {
  const place = byId("said");
  place.textContent = text;
  place.className = bad ? "said problem" : "said fine";
  if (!bad && text) quietLater();
}
const quietLater = later(6000, () => say(""));

function standing() {
  const { version, state, published } = book.stored;
  const chips = [];
  if (published) chips.push(el("span", { class: "chip good" }, `v${published} in force`));
  else chips.push(el("span", { class: "chip" }, book.stored.id ? "never published" : "not saved yet"));
  if (state === "draft") chips.push(el("span", { class: "chip warn" }, `draft v${version}`));
  if (isDirty()) chips.push(el("span", { class: "chip warn", id: "unsaved" }, "not saved"));
  byId("standing").replaceChildren(...chips);
  byId("name").textContent = book.template.name || "New template";
  byId("path").textContent = book.template.path;
  byId("publish").disabled = !isDirty() && state === "published";
  byId("save").disabled = !isDirty() && Boolean(book.stored.id);
}

let saving = null;
/** Save what is on the page as a draft; true when it is stored. */
export function save() {
  saving ??= reallySave().finally(() => (saving = null));
  return saving;
}

async function reallySave() {
  if (book.stored.id && !isDirty()) return true;
  if (!book.stored.id && (!book.template.path || !book.template.name)) {
    pick("settings");
    byId(book.template.path ? "set-name" : "set-path").focus();
    say("Give it a path and a name first.", true);
    return false;
  }
  say("Saving…");
  const path = book.stored.id ? at("save") : "/console/templates/create";
  const sent = structuredClone(book.template);
  const answered = await call(path, { template: asSent(sent), expected_version: book.stored.latest });
  if (answered.status === 409 && answered.value.stored) {
    say("Somebody saved meanwhile.", true);
    showConflict(answered.value.stored, save);
    return false;
  }
  if (!answered.ok) {
    say(answered.value.detail, true);
    return false;
  }
  const first = !book.stored.id;
  saved(answered.value, sent);
  if (first) history.replaceState(null, "", `/console/templates/${answered.value.id}/`);
  say(`Saved as version ${answered.value.version}.`);
  return true;
}

async function publish() {
  if (byId("publish").disabled) return;
  if (!(await save())) return;
  const errors = book.checks.filter((each) => each.severity === "error");
  const warnings = book.checks.filter((each) => each.severity === "warning");
  const note = el("input", { id: "publish-note", maxlength: 255, placeholder: "What changed, and why?" });
  const problem = el("p", { class: "problem", role: "alert" });
  const go = async () => {
    const answered = await call(at("publish"), { number: book.stored.version, note: note.value });
    if (answered.status === 409 && answered.value.stored) {
      box.close();
      showConflict(answered.value.stored, save);
      return;
    }
    if (!answered.ok) {
      problem.textContent = answered.value.detail;
      return;
    }
    box.close();
    settle(answered.value);
    say(`Version ${answered.value.published} is in force.`);
  };
  const box = dialog(
    `Publish version ${book.stored.version}?`,
    el("p", {}, "From now on it is what is sent, on all channels and in all languages. What was accepted before keeps its version."),
    world.fourEyes && el("p", { class: "soft" }, "Four eyes are wanted here: somebody who wrote none of it publishes."),
    errors.length > 0 && el("p", { class: "problem" }, `${errors.length} error${errors.length === 1 ? " stops" : "s stop"} it: ${errors[0].message}`),
    warnings.length > 0 && el("p", { class: "soft" }, `${warnings.length} warning${warnings.length === 1 ? "" : "s"}, see Checks.`),
    el("label", { class: "label", for: "publish-note" }, "Note"),
    note,
    problem,
    el("p", { class: "buttons" }, el("button", { type: "button", class: "button primary", onclick: go }, "Publish")),
  );
  note.addEventListener("keydown", (event) => event.key === "Enter" && go());
  note.focus();
}

async function test() {
  const there = Object.keys(book.template.content);
  if (!(await save())) return;
  const channel = el("select", { id: "test-channel" }, ...there.map((key) => el("option", { value: key, selected: key === book.channel }, channelOf(key).label)));
  const locale = el("select", { id: "test-locale" });
  const fill = () => {
    const locales = Object.keys(book.template.content[channel.value]);
    locale.replaceChildren(el("option", { value: "" }, `mine (${world.ownLocale})`), ...locales.filter((each) => each !== "default").map((each) => el("option", { value: each, selected: each === book.locale }, localeName(each))));
  };
  channel.addEventListener("change", fill);
  fill();
  const outcome = el("p", { role: "status", class: "outcome" });
  const send = el("button", { type: "button", class: "button primary" }, icon("send"), "Send to me");
  send.addEventListener("click", async () => {
    send.disabled = true;
    const answered = await call(at("test"), { number: book.stored.version, channel: channel.value, locale: locale.value });
    send.disabled = false;
    outcome.className = `outcome ${answered.ok && !answered.value.reason ? "fine" : "problem"}`;
    if (!answered.ok) outcome.textContent = answered.value.detail;
    else if (answered.value.reason) outcome.textContent = `Not sent: ${answered.value.reason}.`;
    else outcome.replaceChildren("It is on its way. ", world.outbox ? el("a", { href: "/outbox/", target: "_blank", rel: "noopener" }, "Look into the outbox") : "");
  });
  dialog(
    "Send a test to me",
    el("p", { class: "soft" }, `Version ${book.stored.version} goes to your own address, through the same ways as any notification, with the sample data.`),
    el("label", { class: "label", for: "test-channel" }, "Channel"),
    channel,
    el("label", { class: "label", for: "test-locale" }, "Language"),
    locale,
    outcome,
    el("p", { class: "buttons" }, send),
  );
}

const KEYS = [
  ["Ctrl S", "Save the draft"],
  ["Alt P", "Publish"],
  ["Alt T", "Send a test to me"],
  ["Alt V", "Versions"],
  ["F6", "Next part of the page: content, details, preview"],
  ["← →", "In a row of tabs: the next one"],
  ["Tab", "Leaves the editor; Ctrl ] and Ctrl [ indent"],
  ["Ctrl Space", "In the editor: variables and filters"],
  ["Ctrl F", "In the editor: find and replace"],
  ["F8", "In the editor: the next finding"],
  ["?", "These keys"],
];
const showKeys = () => dialog("Keyboard shortcuts", el("dl", { class: "keys" }, ...KEYS.flatMap(([keys, does]) => [el("dt", {}, ...keys.split(" ").map((key) => el("kbd", {}, key))), el("dd", {}, does)])));

function nextPart() {
  const parts = [...document.querySelectorAll(".bench > section")].filter((each) => each.offsetParent);
  const here = parts.findIndex((each) => each.contains(document.activeElement));
  parts[(here + 1) % parts.length].focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const open = document.querySelector("dialog[open]");
  const key = event.key.toLowerCase();
  const does = (event.ctrlKey || event.metaKey) && key === "s" ? save : event.altKey && event.code === "KeyP" ? publish : event.altKey && event.code === "KeyT" ? test : event.altKey && event.code === "KeyV" ? showVersions : key === "f6" ? nextPart : key === "?" && !typing ? showKeys : null;
  if (!does || event.repeat) return;
  event.preventDefault();
  if (!open) does();
});

for (const [id, action] of [["save", save], ["publish", publish], ["test", test], ["keys", showKeys]]) byId(id).addEventListener("click", action);
document.querySelector(".views").addEventListener("click", (event) => {
  const view = event.target.closest("button")?.dataset.view;
  if (!view) return;
  document.querySelector(".bench").dataset.view = view;
  press(document.querySelector(".views"), "view", view);
});
addEventListener("beforeunload", (event) => isDirty() && event.preventDefault());

onChange(standing);
standing();
startFields();
startDetails();
startPreview();
export { tell };
