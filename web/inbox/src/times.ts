// Times as people say them, and the two times an item is put off to.

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];

/** "5 minutes ago"; what a wrong clock takes for the future is now. */
export function ago(instant: string, locale: string, now: number, nowWord: string): string {
  const seconds = Math.max(0, (now - Date.parse(instant)) / 1000);
  const step = STEPS.find(([, length]) => seconds >= length);
  if (!step || Number.isNaN(seconds)) return nowWord;
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" }).format(-Math.floor(seconds / step[1]), step[0]);
}

export function exactly(instant: string, locale: string): string {
  const time = new Date(instant);
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

/** 8:00 tomorrow, or on the next Monday, on a clock of `zone`, as `2026-11-21T08:00:00`. */
export function morning(which: "tomorrow" | "monday", zone: string, now: Date): string {
  let today: string;
  try {
    today = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(now);
  } catch {
    today = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" }).format(now);
  }
  const day = new Date(`${today}T00:00:00Z`);
  const ahead = which === "tomorrow" ? 1 : (8 - day.getUTCDay()) % 7 || 7;
  day.setUTCDate(day.getUTCDate() + ahead);
  return `${day.toISOString().slice(0, 10)}T08:00:00`;
}
