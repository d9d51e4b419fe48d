// Runs compiled programs away from the page. Messages: {id, models, program, values} or, to make
// ready only, values null. Answers: {id, columns} or {id, error}.

const started = new Map();

async function start({ models, program }) {
  const module = WebAssembly.instantiateStreaming(fetch(`${models}${program.file}.wasm`), {});
  const data = program.data.map(async (name) => {
    const answer = await fetch(models + name);
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  });
  const exports = /** @type {any} */ ((await module).instance.exports);
  (await Promise.all(data)).forEach((bytes, i) => {
    new Uint8Array(exports.memory.buffer, exports.data(i), bytes.length).set(bytes);
  });
  exports.start();
  return exports;
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array };

function run(exports, { program, values }) {
  program.inputs.forEach(([name, dtype], i) => {
    new ARRAYS[dtype](exports.memory.buffer, exports.input(i), 1)[0] = values[name];
  });
  exports.run();
  return program.outputs.map(([, , dtype, shape], i) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return new ARRAYS[dtype](exports.memory.buffer, exports.output(i), size).slice();
  });
}

self.onmessage = async ({ data }) => {
  const { id, program, values } = data;
  try {
    if (!started.has(program.file)) started.set(program.file, start(data));
    const exports = await started.get(program.file);
    if (values === null) {
      self.postMessage({ id });
      exports.run(); // before the reader's first move, since browsers compile better what has run
      return;
    }
    const columns = run(exports, data);
    self.postMessage(
      { id, columns },
      columns.map((x) => x.buffer),
    );
  } catch (/** @type {any} */ error) {
    started.delete(program.file);
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
};
