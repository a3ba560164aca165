// Where the token comes from: `getToken`, a refresh address, or what the page gave. Never put into an address.
import { Trouble } from "./types.ts";

export interface TokenSource {
  /** Given by the page as an attribute or property. */
  token: string;
  getToken?: (() => string | Promise<string>) | undefined;
  /** Answers `{"access": …}` or `{"token": …}`; asked with the page's cookies if it is of the page's origin. */
  tokenUrl: string;
}

export class Tokens {
  private current = "";
  private bad = "";
  private asking: Promise<string> | undefined;
  private readonly source: () => TokenSource;

  constructor(source: () => TokenSource) {
    this.source = source;
  }

  /** A token that was not refused yet. Raises Trouble `unauthenticated` where there is none to be had. */
  async get(): Promise<string> {
    if (this.current) return this.current;
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** This one was refused: the next `get` brings another. */
  refuse(token: string): void {
    this.bad = token;
    if (this.current === token) this.current = "";
  }

  /** The page gave another one, or somebody else logged in. */
  forget(): void {
    this.current = this.bad = "";
  }

  private async ask(): Promise<string> {
    const source = this.source();
    let found = source.token && source.token !== this.bad ? source.token : "";
    if (!found && source.getToken) found = await source.getToken();
    else if (!found && source.tokenUrl) found = await this.fetched(source.tokenUrl);
    if (!found || found === this.bad) throw new Trouble("unauthenticated", "no fresh token is to be had", 401);
    this.current = found;
    return found;
  }

  private async fetched(address: string): Promise<string> {
    const answer = await fetch(new URL(address, document.baseURI), { method: "POST", credentials: "same-origin", cache: "no-store" })
      .catch(() => undefined);
    if (!answer) throw new Trouble("network", "the token address cannot be reached");
    if (!answer.ok) throw new Trouble(answer.status >= 500 ? "network" : "unauthenticated", "the token address refused", answer.status);
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    return String(body["access"] ?? body["token"] ?? "");
  }
}
