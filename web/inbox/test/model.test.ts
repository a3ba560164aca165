// The inbox against a server that answers when the test says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Model, type Settings } from "../src/model.ts";

interface Asked { what: string; token: string; answer(status: number, body?: unknown): void }
const asked: Asked[] = [];
const sockets: { url: string }[] = [];
class Socket {
  static OPEN = 1;
  readyState = 0;
  readonly url: string;
  constructor(url: string) { this.url = url; sockets.push(this); }
  send(): void {}
  close(): void {}
}
const nothing = (): void => {};
Object.assign(globalThis, {
  window: globalThis, addEventListener: nothing, removeEventListener: nothing, WebSocket: Socket, location: { origin: "https://page.example" },
  document: { baseURI: "https://page.example/", visibilityState: "visible", addEventListener: nothing, removeEventListener: nothing },
  fetch: (url: string, made: { method: string; headers: Record<string, string> }) => new Promise((resolve) => asked.push({
    what: `${made.method} ${new URL(url).pathname.replace("/api/v1/", "")}`, token: made.headers["Authorization"] ?? "",
    answer: (status, body = {}) => resolve(new Response(JSON.stringify(body), { status })),
  })),
});
Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });

const soon = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const page = (titles: string[], rev = 1, more = {}) => ({
  results: titles.map((title, index) => ({ id: title, seq: index + 1, rev, title })), last_rev: rev, unread_count: titles.length, unseen_count: titles.length, next_before: null, ...more,
});
const token = (person: string): string => `x.${btoa(JSON.stringify({ user_id: person }))}.x`;

function inboxOf(getToken: () => string | Promise<string>): { model: Model; told: string[]; begin(isSame: boolean): void } {
  asked.length = sockets.length = 0;
  const told: string[] = [];
  const settings: Settings = { server: "", token: "", tokenUrl: "", getToken, pollSeconds: 20 };
  const model: Model = new Model(() => settings, {
    changed: nothing, arrived: nothing, gone: nothing, status: nothing, tokenNeeded: () => told.push("token"),
    trouble: ({ code }) => told.push(code), another: () => { told.push("another"); model.restart(false); },
  });
  return { model, told, begin: (isSame) => model.restart(isSame) };
}
const titles = (model: Model): string[] => model.store.list("all").map(({ title }) => title);

test("what was asked for one person never shows in another's inbox", async () => {
  let person = "ann";
  const { model, told, begin } = inboxOf(() => token(person));
  begin(true);
  await soon();
  const [ofAnn] = asked;
  person = "ben";
  begin(false);
  await soon();
  ofAnn!.answer(200, page(["of ann"]));
  await soon();
  assert.deepEqual([titles(model), model.store.counts.unread], [[], 0]);
  assert.deepEqual([asked[1]!.what, asked[1]!.token, told], ["GET inbox", `Bearer ${token("ben")}`, []]);
  model.stop();
});

test("a token that was asked for before is not another person's", async () => {
  const given: ((token: string) => void)[] = [];
  const { model, begin } = inboxOf(() => new Promise((resolve) => given.push(resolve)));
  begin(true);
  await soon();
  begin(false);
  await soon();
  given[1]!(token("ben"));
  await soon();
  given[0]!(token("ann"));
  await soon();
  assert.deepEqual(asked.map((one) => one.token), [`Bearer ${token("ben")}`]);
  model.stop();
});

test("a change that was refused is not made again for somebody else", async () => {
  let person = "ann";
  const { model, begin } = inboxOf(() => token(person));
  void model.readAll();
  await soon();
  person = "ben";
  begin(false);
  asked[0]!.answer(401);
  await soon();
  assert.deepEqual(asked.filter(({ what }) => what.startsWith("POST")).length, 1);
  model.stop();
});

test("a token of another person empties the inbox, whoever forgot to say so", async () => {
  let person = "ann";
  const { model, told, begin } = inboxOf(() => token(person));
  begin(true);
  await soon();
  asked[0]!.answer(200, page(["of ann"]));
  await soon();
  assert.deepEqual(titles(model), ["of ann"]);
  person = "ben";
  asked[1]!.answer(401);
  await soon();
  assert.deepEqual([titles(model), told, asked.at(-1)!.what, asked.at(-1)!.token], [[], ["another"], "GET inbox", `Bearer ${token("ben")}`]);
  model.stop();
});

test("what cannot be marked as seen is not tried again and again", async () => {
  const { model } = inboxOf(() => token("ann"));
  model.store.count({ unread: 1, unseen: 1 }, 1);
  for (let times = 0; times < 5; times++) void model.seen();
  await soon();
  assert.equal(asked.length, 1);
  asked[0]!.answer(503);
  await soon();
  await model.seen();
  assert.equal(asked.length, 1);
  model.stop();
});

test("a change of everything is read even where a page was on its way", async () => {
  const { model, begin } = inboxOf(() => token("ann"));
  begin(true);
  await soon();
  asked[0]!.answer(200, page(["one"]));
  await soon();
  asked.length = 0;
  model.paging.all.next = 1;
  void model.loadMore("all");
  await soon();
  (model as unknown as { hear(frame: unknown): void }).hear({ type: "update", data: { all: true, rev: 9 } });
  asked[0]!.answer(200, page(["one"], 1));
  await soon();
  assert.equal(asked.length, 2);
  asked[1]!.answer(200, page([], 9));
  await soon();
  assert.deepEqual([titles(model), model.store.rev], [[], 9]);
  model.stop();
});

test("where the change of everything cannot be read, it comes back after a pause, and not once it was stopped", async () => {
  const { model, begin } = inboxOf(() => token("ann"));
  begin(true);
  await soon();
  asked[0]!.answer(200, page(["one"]));
  await soon();
  const hear = (): void => (model as unknown as { hear(frame: unknown): void }).hear({ type: "update", data: { all: true, rev: 9 } });
  const tickets = (): number => asked.filter(({ what }) => what === "POST ws/tickets").length;
  hear();
  await soon();
  asked.at(-1)!.answer(503);
  await soon(50);
  assert.deepEqual([tickets(), model.live.status], [1, "waiting"]);
  model.live.start();
  await soon();
  hear();
  await soon();
  model.stop();
  asked.at(-1)!.answer(503);
  await soon(50);
  assert.deepEqual([tickets(), model.live.status], [2, "stopped"]);
});

test("a socket that ends because of its token does not cost the token that came since", async () => {
  let number = 0;
  const { model, told, begin } = inboxOf(() => (number === 0 ? "old" : "new"));
  begin(true);
  await soon();
  asked[0]!.answer(200, page([]));
  await soon();
  asked[1]!.answer(200, { ticket: "t" });
  await soon();
  number = 1;
  void model.readAll();
  await soon();
  asked[2]!.answer(401);
  await soon();
  assert.equal(asked[3]!.token, "Bearer new");
  (sockets[0] as unknown as { onclose(event: { code: number }): void }).onclose({ code: 4401 });
  await soon(600);
  assert.deepEqual([told, asked.at(-1)!.what, asked.at(-1)!.token], [[], "POST ws/tickets", "Bearer new"]);
  model.stop();
});
