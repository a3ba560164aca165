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
  private whose = "";
  private turn = 0;
  private asking: Promise<string> | undefined;
  private readonly source: () => TokenSource;
  private readonly another: () => void;

  /** `another` is called where a token turns out to be of another person than the one before. */
  constructor(source: () => TokenSource, another: () => void = () => {}) {
    this.source = source;
    this.another = another;
  }

  /** The one in use; empty: the next call brings one. */
  get held(): string {
    return this.current;
  }

  /** A token that was not refused yet. Raises Trouble `unauthenticated` where there is none to be had. */
  async get(): Promise<string> {
    if (this.current) return this.current;
    if (this.asking) return this.asking;
    const asking = this.ask().finally(() => {
      if (this.asking === asking) this.asking = undefined;
    });
    this.asking = asking;
    return asking;
  }

  /** This one was refused: the next `get` brings another. */
  refuse(token: string): void {
    this.bad = token;
    if (this.current === token) this.current = "";
  }

  /** The page gave another one: what is on its way now is of before. */
  forget(): void {
    this.current = this.bad = "";
    this.asking = undefined;
    this.turn += 1;
  }

  /** Nobody is here any more; whoever comes next may be anybody. */
  leave(): void {
    this.forget();
    this.whose = "";
  }

  private async ask(): Promise<string> {
    const turn = this.turn;
    const source = this.source();
    let found = source.token && source.token !== this.bad ? source.token : "";
    if (!found && source.getToken) found = await source.getToken();
    else if (!found && source.tokenUrl) found = await this.fetched(source.tokenUrl);
    if (turn !== this.turn) return this.get();
    if (!found || found === this.bad) throw new Trouble("unauthenticated", "no fresh token is to be had", 401);
    const before = this.whose;
    this.current = found;
    this.whose = subjectOf(found) || before;
    if (before && before !== this.whose) this.another();
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

/** Whose token it is, as far as it says; only to know whether what is shown must be forgotten. */
export function subjectOf(token: unknown): string {
  try {
    const claims = JSON.parse(atob(String(token).split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));
    return String(claims.user_id ?? claims.sub ?? "");
  } catch {
    return "";
  }
}
