// The panel that sends a test.
import { el, fetchJson } from "./dom.js";

const dialog = document.querySelector("#sender");
const form = dialog.querySelector("form");
const outcome = dialog.querySelector("#outcome");
const submit = form.querySelector("[type=submit]");
let choices = { users: [], templates: [] };
let whenSent = () => {};

export async function openSender(after) {
  whenSent = after;
  outcome.replaceChildren();
  dialog.showModal();
  const { response, value } = await fetchJson("/outbox/choices");
  if (!response.ok) return say("problem", value.detail);
  choices = value;
  fill(form.user_id, choices.users.map((user) => [user.id, user.label]));
  fill(form.template_path, choices.templates.map((row) => [row.path, row.name === row.path ? row.path : `${row.name} (${row.path})`]));
  form.querySelector("[value=template]").disabled = !choices.templates.length;
  if (!choices.users.length) say("problem", "There are no users yet: create one with POST /api/v1/users.");
  arrange();
  sample();
}

function fill(select, options) {
  const before = select.value;
  select.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
  if (options.some(([value]) => value === before)) select.value = before;
}

function arrange() {
  const kind = form.content.value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== kind;
  const user = choices.users.find((row) => row.id === form.user_id.value);
  const template = kind === "template" ? choices.templates.find((row) => row.path === form.template_path.value) : null;
  const all = [...document.querySelectorAll("nav button[data-label]")].map((button) => [button.dataset.channel, button.dataset.label]);
  const possible = all.filter(([key]) => user?.channels.includes(key) && (!template || template.channels.includes(key)));
  fill(form.channel, [["all", `All channels (${possible.length})`], ...possible]);
}

function sample() {
  const template = choices.templates.find((row) => row.path === form.template_path.value);
  form.context.value = JSON.stringify(template ? template.context : {}, null, 2);
}

function say(kind, text) {
  outcome.replaceChildren(el("p", { class: kind }, text));
}

function tell(notifications) {
  const rows = notifications.map((row) => {
    const label = document.querySelector(`nav button[data-channel="${row.channel}"]`)?.dataset.label || row.channel;
    const fine = row.status !== "suppressed";
    return el("li", { class: fine ? "fine" : "problem" }, `${label}: ${fine ? "on its way" : row.reason || row.status}`);
  });
  outcome.replaceChildren(el("ul", {}, ...rows));
}

async function send(event) {
  event.preventDefault();
  submit.disabled = true;
  say("muted", "Sending…");
  try {
    const { response, value } = await fetchJson(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-CSRFToken": form.csrfmiddlewaretoken.value },
    });
    if (response.ok) tell(value.notifications);
    else say("problem", value.detail);
    whenSent();
  } catch {
    say("problem", "The server does not answer.");
  } finally {
    submit.disabled = false;
  }
}

form.addEventListener("submit", send);
form.addEventListener("change", (event) => {
  arrange();
  if (event.target === form.template_path) sample();
});
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
