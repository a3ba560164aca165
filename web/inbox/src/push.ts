// Web Push for this browser: the permission, the subscription, and telling the server of it.
import type { Api } from "./api.ts";

export type PushState = "unsupported" | "off" | "on" | "denied";
const REMEMBERED = "clarion-inbox-device";

const isPossible = (): boolean => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && isSecureContext;

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const plain = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** Its scope is the folder it lies in: it takes pushes and controls no page. */
const registered = (worker: string): Promise<ServiceWorkerRegistration> => navigator.serviceWorker.register(worker, { updateViaCache: "none" });

async function keyOf(api: Api): Promise<string> {
  return (await api.call("GET", "push/webpush-key").catch(() => ({ public_key: "" }))).public_key;
}

/** Asks nobody for anything. `unsupported` where the server has no key either. */
export async function pushState(api: Api, worker: string): Promise<PushState> {
  if (!worker || !isPossible() || !(await keyOf(api))) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration(worker).catch(() => undefined);
  return (await registration?.pushManager.getSubscription()) ? "on" : "off";
}

/** Asks the person; call it from a click. */
export async function turnOn(api: Api, worker: string): Promise<PushState> {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") return permission === "denied" ? "denied" : "off";
  const key = bytesOf(await keyOf(api));
  const registration = await registered(worker);
  await active(registration);
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const subscription = await registration.pushManager.subscribe(options).catch(async () => {
    // The server's key was changed since: the old subscription is worth nothing.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return registration.pushManager.subscribe(options);
  });
  const me = (await api.call("GET", "me")).id;
  const device = await api.call("POST", `users/${me}/devices`, { platform: "web", token_kind: "webpush", token: JSON.stringify(subscription) });
  remember(device.id);
  return "on";
}

export async function turnOff(api: Api, worker: string): Promise<PushState> {
  const registration = await navigator.serviceWorker.getRegistration(worker);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
  const device = remember(null);
  // Without it the push service says that the subscription is gone, and the server lets go of it then.
  if (device) await api.call("DELETE", `users/${(await api.call("GET", "me")).id}/devices/${device}`).catch(() => undefined);
  return "off";
}

function remember(device: string | null): string | null {
  try {
    const before = localStorage.getItem(REMEMBERED);
    if (device) localStorage.setItem(REMEMBERED, device);
    else localStorage.removeItem(REMEMBERED);
    return before;
  } catch {
    return null;
  }
}

async function active(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active || !worker) return;
  await new Promise<void>((resolve) => worker.addEventListener("statechange", () => worker.state === "activated" && resolve()));
}
