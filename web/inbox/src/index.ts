// Defines <clarion-inbox>. Its types for others are in index.d.ts.
import { ClarionInbox } from "./element.ts";

export { ClarionInbox };

if (!customElements.get("clarion-inbox")) customElements.define("clarion-inbox", ClarionInbox);
