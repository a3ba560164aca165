// Compiled only: the types that are published are those of the element.
import type { ClarionEvents, ClarionInbox } from "../index.d.ts";
import type { ClarionInbox as Element } from "../src/element.ts";
import type { ClarionEvents as Events } from "../src/types.ts";

type Named = Exclude<keyof ClarionInbox, keyof HTMLElement | "words">;
export const element = (real: Element): Pick<ClarionInbox, Named> => real;
export const events = (real: Events): ClarionEvents => real;
export const told = (published: ClarionEvents): Events => published;
