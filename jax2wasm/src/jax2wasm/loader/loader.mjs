// Loads what Module.save wrote, in a page, a worker, Node.js, Deno or Bun.

const KINDS = {
  float32: Float32Array, int32: Int32Array, uint32: Uint32Array,
  int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
};

export async function load(url) {
  const place = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  const manifest = JSON.parse(new TextDecoder().decode(await read(place)));
  const files = [manifest.module, ...manifest.data].map((file) => read(new URL(file, place)));
  const [module, ...constants] = await Promise.all(files);
  const { instance } = await WebAssembly.instantiate(module);
  const { memory, data, start, input, output, run } = instance.exports;
  constants.forEach((bytes, i) => new Uint8Array(memory.buffer).set(bytes, data(i)));
  start(); // once: what depends on constants alone
  const { inputs, outputs } = manifest;
  const view = ({ dtype, shape }, address) =>
    new KINDS[dtype](memory.buffer, address, shape.reduce((a, b) => a * b, 1));

  function program(...given) {
    if (given.length !== inputs.length) {
      throw new TypeError(`the program takes ${inputs.length} arguments, not ${given.length}`);
    }
    inputs.forEach((slot, i) => {
      const numbers = ArrayBuffer.isView(given[i]) ? given[i] : [given[i]].flat(Infinity);
      const room = view(slot, input(i));
      if (numbers.length !== room.length) {
        const shape = JSON.stringify(slot.shape);
        throw new RangeError(`argument ${i} has the shape ${shape}, so it takes ${room.length} numbers, not ${numbers.length}`);
      }
      room.set(numbers);
    });
    run();
    return outputs.map((slot, i) => view(slot, output(i)).slice());
  }
  return Object.assign(program, { inputs, outputs });
}

async function read(url) {
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be read: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
