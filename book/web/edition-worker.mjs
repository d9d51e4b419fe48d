// The service worker that keeps one edition of the book on the reader's device, whole or not at all.
//
// Our own and not Workbox: that keeps files by the revisions that it is told, and does not look at
// what it was sent. Here every file is held to the digest it was built with, so that a server in
// the middle of an update cannot mix two editions; the rest would be as long with Workbox.
//
// book/edition.py writes this file's first line, which names the edition and lists its files.
// Browsers compare the whole with what they have: another edition is another worker.

const worker = /** @type {any} */ (self);
const { version, files } = worker.EDITION;
const { scope } = worker.registration;
const PLACE = `${scope}#${version}`; // of this edition in the browser's store
const LANES = 4; // files that are fetched at a time, beside what the reader asks for

const address = (file) => scope + file;

async function digest(bytes) {
  const whole = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(whole.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A file as it was built: the one of the edition before, if it is the same, or the server's. */
async function asBuilt(file) {
  const sources = [
    () => caches.match(address(file)),
    () => fetch(address(file), { cache: "no-cache" }),
  ];
  for (const source of sources) {
    const answer = await source();
    if (!answer?.ok) continue;
    const bytes = await answer.arrayBuffer();
    const type = answer.headers.get("Content-Type") ?? "";
    if ((await digest(bytes)) === files[file]) {
      return new Response(bytes, { headers: { "Content-Type": type } });
    }
  }
  throw new Error(`${file} is not the one of edition ${version}`);
}

/** Fills this edition's place; what an interrupted attempt has left there need not be fetched. */
async function fill() {
  const cache = await caches.open(PLACE);
  const held = new Set((await cache.keys()).map(({ url }) => url));
  const missing = Object.keys(files).filter((file) => !held.has(address(file)));
  async function lane() {
    for (let file = missing.shift(); file; file = missing.shift()) {
      await cache.put(address(file), await asBuilt(file));
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Forgets the other editions, and answers also the page that was there before there was a worker. */
async function begin() {
  const others = (await caches.keys()).filter((key) => key.startsWith(scope) && key !== PLACE);
  await Promise.all(others.map((key) => caches.delete(key)));
  await worker.clients.claim();
}

/** The file that an address means, whatever setting or place in the page it names. */
function meant(url) {
  const path = decodeURI(url.slice(scope.length).split(/[?#]/)[0]);
  return [path, `${path}index.html`, `${path}.html`].find((file) => Object.hasOwn(files, file));
}

// An edition that is not filled to the last file is never begun: the one before stays.
worker.addEventListener("install", (event) => event.waitUntil(fill()));
worker.addEventListener("activate", (event) => event.waitUntil(begin()));

worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const file = method === "GET" && url.startsWith(scope) && meant(url);
  if (!file) return;
  // A browser that needs the room forgets all of a site, so what is missing mixes with nothing.
  const kept = caches.match(address(file), { cacheName: PLACE });
  event.respondWith(kept.then((answer) => answer ?? fetch(event.request)));
});

// The reader wants the new edition now, and not when all pages of the old one are closed.
worker.addEventListener("message", ({ data }) => {
  if (data === "begin") worker.skipWaiting();
});
