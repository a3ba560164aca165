// The service worker of <clarion-inbox>: shows what Clarion pushes, and opens its link. It controls no page and keeps
// nothing. On pages of another origin than Clarion's a copy of it has to lie on the page's own.
const safe = (link) => (typeof link === "string" && /^https?:\/\//i.test(link) ? link : "");

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {}
  const options = { body: String(told.body ?? ""), tag: String(told.tag ?? ""), data: { link: safe(told.link) } };
  if (safe(told.image)) options.image = told.image;
  event.waitUntil(self.registration.showNotification(String(told.title ?? ""), options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = safe(event.notification.data?.link);
  const go = async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = pages.find((page) => page.url === link) ?? (link ? undefined : pages[0]);
    return there ? there.focus() : self.clients.openWindow(link || "/");
  };
  event.waitUntil(go());
});
