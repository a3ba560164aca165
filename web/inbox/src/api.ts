// The calls to the server. A refused token is replaced and the call made once more.
import { itemOf } from "./reading.ts";
import type { Tokens } from "./tokens.ts";
import { SUPERSEDED, Trouble, type Filter, type Item } from "./types.ts";

export const PATIENCE = 15_000;

export interface Page { items: Item[]; rev: number; unread: number; unseen: number; next: number | null }
export interface Marked { unread: number; unseen: number; rev: number }
export interface Switch { value: boolean; from: string; rule: string }
export interface Preferences {
  effective: { global: Record<string, Switch>; categories: Record<string, Record<string, Switch>> };
  timezone: string;
}
export interface Category { key: string; name: string; description: string; essential: boolean }

export class Api {
  private readonly server: () => string;
  private readonly tokens: Tokens;
  private person = 0;
  /** The token that the last ticket was bought with. */
  ticketedBy = "";

  constructor(server: () => string, tokens: Tokens) {
    this.server = server;
    this.tokens = tokens;
  }

  /** Somebody else comes: no call that was begun is made again or answered. */
  leave(): void {
    this.person += 1;
    this.ticketedBy = "";
  }

  async call(method: string, path: string, body?: unknown): Promise<any> {
    const person = this.person;
    const here = async <T>(one: Promise<T>): Promise<T> => {
      const found = await one.catch((error: unknown) => {
        if (person === this.person) throw error;
      });
      if (person !== this.person) throw new Trouble(SUPERSEDED, "somebody else is here now");
      return found as T;
    };
    let token = await here(this.tokens.get());
    let answer = await here(this.send(method, path, token, body));
    if (answer.status === 401) {
      this.tokens.refuse(token);
      token = await here(this.tokens.get());
      answer = await here(this.send(method, path, token, body));
      if (answer.status === 401) this.tokens.refuse(token);
    }
    if (answer.status === 204) return undefined;
    const said = await here(answer.json().catch(() => ({})));
    if (answer.ok) return said;
    if (answer.status === 401) throw new Trouble("unauthenticated", "the token is not good", 401);
    throw new Trouble(String(said.code ?? "refused"), String(said.detail ?? answer.statusText), answer.status);
  }

  private async send(method: string, path: string, token: string, body: unknown): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      return await fetch(`${this.server()}/api/v1/${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        keepalive: method === "POST",  // a click may lead to another page
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      throw new Trouble("network", "the server cannot be reached");
    }
  }

  async list(filter: Filter, before: number | null, size: number, group = ""): Promise<Page> {
    const query = new URLSearchParams({ status: filter, page_size: String(size) });
    if (before !== null) query.set("before", String(before));
    if (group) query.set("group", group);
    return this.page(query);
  }

  async changed(rev: number, size: number): Promise<Page> {
    return this.page(new URLSearchParams({ since_rev: String(rev), page_size: String(size) }));
  }

  private async page(query: URLSearchParams): Promise<Page> {
    const said = await this.call("GET", `inbox?${query}`);
    return { items: said.results.map(itemOf), rev: said.last_rev, unread: said.unread_count, unseen: said.unseen_count, next: said.next_before };
  }

  async mark(id: string, what: string, body?: unknown, method = "POST"): Promise<Marked> {
    return this.marked(await this.call(method, `inbox/${encodeURIComponent(id)}/${what}`, body));
  }

  async markAll(what: "read-all" | "seen-all"): Promise<Marked> {
    return this.marked(await this.call("POST", `inbox/${what}`));
  }

  private marked(said: any): Marked {
    return { unread: said.unread_count, unseen: said.unseen_count, rev: said.rev };
  }

  async ticket(): Promise<string> {
    const { ticket } = await this.call("POST", "ws/tickets", { origin: location.origin });
    this.ticketedBy = this.tokens.held;
    return ticket;
  }

  preferences(): Promise<Preferences> {
    return this.call("GET", "preferences");
  }

  prefer(change: unknown): Promise<Preferences> {
    return this.call("PATCH", "preferences", change);
  }

  async categories(): Promise<Category[]> {
    return (await this.call("GET", "categories")).results;
  }
}
