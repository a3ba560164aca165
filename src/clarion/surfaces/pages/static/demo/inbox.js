// The demo page: sends to oneself, changes the look, shows the events.
const inbox = document.querySelector("clarion-inbox");
const form = document.getElementById("send");
const answer = form.querySelector("output");
const events = document.getElementById("events");
const NAMES = ["notification", "count", "open", "read", "dismiss", "archive", "snooze", "action", "status", "push", "token-needed", "error"];

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "…";
  const { access } = await (await fetch("/demo/inbox/token", { method: "POST" })).json();
  const response = await fetch("/api/v1/notifications/send", {
    method: "POST",
    headers: { Authorization: `Bearer ${access}`, "Content-Type": "application/json" },
    body: JSON.stringify({ channel: "in_app", subject: form.subject.value, body: form.body.value }),
  });
  const said = await response.json();
  answer.textContent = response.ok ? "Sent." : said.detail;
});
document.getElementById("theme").addEventListener("change", (event) => {
  inbox.theme = event.target.value;
  document.documentElement.dataset.theme = event.target.value;
});
document.getElementById("language").addEventListener("change", (event) => { inbox.lang = event.target.value; });
for (const name of NAMES) {
  inbox.addEventListener(`clarion-${name}`, (event) => {
    const row = document.createElement("li");
    const { item, ...rest } = event.detail;
    row.textContent = `clarion-${name} ${JSON.stringify(item ? { ...rest, title: item.title } : rest)}`;
    events.prepend(row);
    while (events.children.length > 12) events.lastChild.remove();
  });
}
