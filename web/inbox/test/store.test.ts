import assert from "node:assert/strict";
import { test } from "node:test";
import "./model.test.ts";
import { pauseAfter } from "../src/live.ts";
import { itemOf, safeLink } from "../src/reading.ts";
import { Store } from "../src/store.ts";
import { morning } from "../src/times.ts";

const item = (id: string, seq: number, rev: number, more = {}) => itemOf({ id, seq, rev, title: id, created_at: "2026-11-20T10:00:00Z", ...more });

test("of an item the greater revision wins, in whatever order it comes", () => {
  const store = new Store();
  assert.equal(store.told(item("a", 1, 5, { read: true })), true);
  assert.equal(store.told(item("a", 1, 1)), false);
  assert.equal(store.get("a")?.read, true);
  assert.equal(store.rev, 5);
});

test("a new item counts once, and only next to what was counted", () => {
  const store = new Store();
  store.count({ unread: 2, unseen: 1 }, 7);
  store.countNew(item("a", 1, 7));
  assert.deepEqual(store.counts, { unread: 2, unseen: 1 });
  store.countNew(item("b", 2, 8));
  assert.deepEqual(store.counts, { unread: 3, unseen: 2 });
  store.told(item("c", 3, 12));
  store.countNew(item("c", 3, 12));
  assert.deepEqual(store.counts, { unread: 3, unseen: 2 });
  assert.equal(store.isCountOld, true);
});

test("a guess is undone, unless something newer was told", () => {
  const store = new Store();
  store.told(item("a", 1, 1));
  store.count({ unread: 1, unseen: 1 }, 1);
  const undo = store.guess("a", { read: true, seen: true });
  assert.deepEqual(store.counts, { unread: 0, unseen: 0 });
  undo();
  assert.deepEqual([store.get("a")?.read, store.counts], [false, { unread: 1, unseen: 1 }]);
  const late = store.guess("a", { read: true });
  store.told(item("a", 1, 2, { archived: true }));
  late();
  assert.equal(store.get("a")?.archived, true);
});

test("a fresh page drops what is gone and keeps what came since", () => {
  const store = new Store();
  store.told(item("gone", 1, 1));
  store.told(item("newer", 3, 9));
  store.replace("all", [item("here", 2, 2)], 5, true);
  assert.deepEqual(store.list("all").map(({ id }) => id), ["newer", "here"]);
});

test("items of a group stand under the newest", () => {
  const store = new Store();
  for (const [id, seq, group] of [["a", 1, "g"], ["b", 2, ""], ["c", 3, "g"]] as const) store.told(item(id, seq, seq, { group }));
  assert.deepEqual(store.entries("all").map(({ head, rest }) => [head.id, rest.length]), [["c", 1], ["b", 0]]);
  assert.deepEqual(store.entries("all", 3).map(({ head, rest }) => [head.id, rest.length]), [["c", 1]]);
});

test("only http and https are links", () => {
  assert.equal(safeLink("https://example.com/a?b=c"), "https://example.com/a?b=c");
  for (const bad of ["javascript:alert(1)", " JaVaScRiPt:x", "data:text/html,x", "//example.com", "/path", "https://", 5, null]) assert.equal(safeLink(bad), "");
});

test("the morning is the one of the person's own clock", () => {
  const late = new Date("2026-11-20T22:30:00Z"); // Saturday already in Nairobi
  assert.equal(morning("tomorrow", "Africa/Nairobi", late), "2026-11-22T08:00:00");
  assert.equal(morning("tomorrow", "UTC", late), "2026-11-21T08:00:00");
  assert.equal(morning("monday", "UTC", late), "2026-11-23T08:00:00");
  assert.equal(morning("monday", "UTC", new Date("2026-11-23T09:00:00Z")), "2026-11-30T08:00:00");
});

test("pauses double up to a minute, with a lot drawn", () => {
  assert.deepEqual([0, 1, 2, 20].map((n) => pauseAfter(n, 1)), [1000, 2000, 4000, 60_000]);
  assert.equal(pauseAfter(20, 0), 30_000);
});
