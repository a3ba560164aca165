// Keeping up with the server: a socket with a ticket, back-off, and asking now and then where sockets do not get through.
import type { Api } from "./api.ts";
import { Trouble, type Status } from "./types.ts";

const OPEN_WITHIN = 10_000;
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;
const LONGEST_PAUSE = 60_000;
/** So many failures in a row, and it is asked for news until a socket comes through. */
const BLOCKED_AFTER = 2;

export interface Frame { type: string; data: any }
export interface Ears {
  /** Where to come back to; below 0: the first page was not read yet. */
  rev(): number;
  /** Read the first page. */
  begin(): Promise<void>;
  hear(frame: Frame): void;
  /** Ask for what changed. */
  poll(): Promise<void>;
  status(status: Status): void;
  trouble(trouble: Trouble): void;
  /** The token is over. */
  expired(): void;
}

/** Of the pause before attempt `failures`: doubled each time up to a minute, half of it by lot. */
export function pauseAfter(failures: number, chance: number): number {
  const whole = Math.min(LONGEST_PAUSE, 1000 * 2 ** Math.min(failures, 10));
  return whole / 2 + (whole / 2) * chance;
}

export class Live {
  status: Status = "stopped";
  private socket: WebSocket | undefined;
  private failures = 0;
  private timer = 0;
  private pollTimer = 0;
  private heart = 0;
  private turn = 0;
  private readonly api: Api;
  private readonly address: () => string;
  private readonly ears: Ears;
  private readonly pollEvery: () => number;

  constructor(api: Api, address: () => string, ears: Ears, pollEvery: () => number) {
    this.api = api;
    this.address = address;
    this.ears = ears;
    this.pollEvery = pollEvery;
  }

  start(): void {
    this.stop();
    addEventListener("online", this.again);
    addEventListener("offline", this.offline);
    addEventListener("pageshow", this.again);
    document.addEventListener("visibilitychange", this.looked);
    this.failures = 0;
    void this.connect();
  }

  stop(): void {
    removeEventListener("online", this.again);
    removeEventListener("offline", this.offline);
    removeEventListener("pageshow", this.again);
    document.removeEventListener("visibilitychange", this.looked);
    this.drop();
    this.say("stopped");
  }

  /** At once instead of after the pause. */
  readonly again = (): void => {
    if (this.status === "live" || this.status === "connecting" || this.status === "stopped") return;
    this.failures = this.status === "polling" ? BLOCKED_AFTER : 0;
    void this.connect();
  };

  /** What it told of could not be read, for the `times`th time: come back after a pause. */
  later(times: number): void {
    if (this.status === "stopped" || this.status === "signed-out") return;
    this.drop();
    this.failures = times;
    this.comeBack();
  }

  private readonly looked = (): void => {
    if (document.visibilityState === "visible" && this.status === "live") this.beat();
    else if (document.visibilityState === "visible" && this.status !== "signed-out") this.again();
  };

  private readonly offline = (): void => {
    this.drop();
    this.say("offline");
  };

  private say(status: Status): void {
    if (this.status === status) return;
    this.status = status;
    this.ears.status(status);
  }

  /** Nothing of before is heard any more. */
  private drop(): void {
    this.turn += 1;
    clearTimeout(this.timer);
    clearTimeout(this.heart);
    clearTimeout(this.pollTimer);
    this.pollTimer = 0;
    const socket = this.socket;
    this.socket = undefined;
    socket?.close(1000);
  }

  private async connect(): Promise<void> {
    const polling = this.status === "polling";
    this.drop();
    const turn = this.turn;
    if (navigator.onLine === false) return this.say("offline");
    if (!polling) this.say("connecting");
    else this.startPolling();
    try {
      if (this.ears.rev() < 0) await this.ears.begin();
      if (turn !== this.turn) return;
      const ticket = await this.api.ticket();
      if (turn !== this.turn) return;
      this.open(ticket, turn);
    } catch (error) {
      if (turn === this.turn) this.failed(error);
    }
  }

  private open(ticket: string, turn: number): void {
    // One revision back: what of it was told already changes nothing, and a revision of many items is whole.
    const rev = Math.max(0, this.ears.rev() - 1);
    const socket = new WebSocket(`${this.address()}?ticket=${encodeURIComponent(ticket)}&rev=${rev}`);
    this.socket = socket;
    const late = window.setTimeout(() => socket.close(), OPEN_WITHIN);
    socket.onopen = () => {
      clearTimeout(late);
      if (turn === this.turn) this.beat();
    };
    socket.onmessage = (event) => turn === this.turn && this.heard(String(event.data));
    socket.onclose = (event) => {
      clearTimeout(late);
      if (turn === this.turn) this.closed(event.code);
    };
  }

  /** A ping; without its pong the connection is dead, whatever the browser thinks. */
  private beat(): void {
    clearTimeout(this.heart);
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send('{"type":"ping"}');
    this.heart = window.setTimeout(() => {
      this.drop();
      this.comeBack();
    }, PONG_WITHIN);
  }

  private heard(content: string): void {
    let frame: Frame;
    try {
      frame = JSON.parse(content);
    } catch {
      return;
    }
    if (frame?.type !== "pong") return this.ears.hear(frame);
    // The answer to the first ping comes after all that was missed.
    this.failures = 0;
    clearTimeout(this.pollTimer);
    this.pollTimer = 0;
    clearTimeout(this.heart);
    this.heart = window.setTimeout(() => this.beat(), PING_EVERY);
    this.say("live");
  }

  private closed(code: number): void {
    this.drop();
    if (code === 4401) this.ears.expired();
    if (code === 4403) {
      this.ears.trouble(new Trouble("origin_refused", "pages of this origin may not connect; see CLARION_CORS_ORIGINS"));
      this.startPolling();
      return;
    }
    this.comeBack(code);
  }

  private failed(error: unknown): void {
    const trouble = error instanceof Trouble ? error : new Trouble("network", "the server cannot be reached");
    if (trouble.code === "unauthenticated") {
      this.drop();
      this.say("signed-out");
      this.ears.trouble(trouble);
      return;
    }
    if (trouble.code !== "network") this.ears.trouble(trouble);
    this.comeBack();
  }

  private comeBack(code = 0): void {
    if (navigator.onLine === false) return this.say("offline");
    const first = this.failures === 0;
    this.failures += 1;
    // A restart sends everybody away at once: they come back over five seconds.
    let pause = code === 1012 ? Math.random() * 5000 : pauseAfter(this.failures - 1, Math.random());
    if (code === 4401 && first) pause = Math.random() * 500;
    if (this.failures > BLOCKED_AFTER) this.startPolling();
    else this.say("waiting");
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.connect(), pause);
  }

  private startPolling(): void {
    if (this.pollTimer) return;
    const turn = this.turn;
    const ask = async (): Promise<void> => {
      if (turn !== this.turn) return;
      try {
        if (document.visibilityState === "visible") await this.ears.poll();
        if (turn === this.turn) this.say("polling");
      } catch (error) {
        if (turn !== this.turn) return;
        if (error instanceof Trouble && error.code === "unauthenticated") return this.failed(error);
        this.say("waiting");
      }
      if (turn === this.turn && this.pollTimer) this.pollTimer = window.setTimeout(() => void ask(), this.pollEvery() * (0.9 + Math.random() / 5));
    };
    this.pollTimer = window.setTimeout(() => void ask(), 0);
  }
}
