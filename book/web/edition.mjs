// Has the whole edition kept on the reader's device, and says when a newer one is there.

const announced = document.querySelector("#new-edition");
/** @type {HTMLElement | null} */
const status = document.querySelector("[data-edition]");
const words = JSON.parse(status?.dataset.edition ?? "{}");

function say(name) {
  if (status) status.textContent = words[name];
}

async function keep() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    say("not"); // the address is no secure one, or the browser is old
    return;
  }
  let controlled = Boolean(serviceWorker.controller);
  serviceWorker.addEventListener("controllerchange", () => {
    // Never a page of one edition with the files of another.
    if (controlled) location.reload();
    controlled = true;
  });
  serviceWorker.ready.then((registration) => {
    say("kept");
    const look = () => {
      announced?.toggleAttribute("hidden", !registration.waiting);
    };
    const follow = () => registration.installing?.addEventListener("statechange", look);
    registration.addEventListener("updatefound", follow);
    follow();
    look();
    announced?.querySelector("button")?.addEventListener("click", () => {
      registration.waiting?.postMessage("begin");
    });
  });
  if (!controlled) say("fetching");
  try {
    await serviceWorker.register(new URL("../../worker.js", import.meta.url).href);
  } catch {
    if (!controlled) say("not");
  }
}

// After all that the page itself needs.
if (document.readyState === "complete") keep();
else addEventListener("load", keep, { once: true });
