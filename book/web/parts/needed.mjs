// What is fetched when it is needed, and tried again where the network was gone.

const held = {};
let failures = 0;

/** A module. Browsers remember by its address what could not be fetched: the next try has another. */
export function needed(address) {
  held[address] ??= import(failures ? `${address}?again=${failures}` : address).catch((error) => {
    delete held[address];
    failures += 1;
    throw error;
  });
  return held[address];
}

/** When the network is back. */
export const online = () => new Promise((done) => addEventListener("online", done, { once: true }));

/** What is asked for, again and again while the network is gone: the browser may not notice its return. */
const patiently = (ask) =>
  ask().catch(async () => {
    await Promise.race([online(), new Promise((done) => setTimeout(done, 5000))]);
    return patiently(ask);
  });

export const awaited = (address) => patiently(() => needed(address));
export const json = (address) => patiently(async () => (await fetch(address)).json());
