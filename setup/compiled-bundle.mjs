// Stands in dist/ as NAME.mjs beside a bundle NAME.cjs, and gives its command. With NAME.code beside it, the code that V8 made of
// the functions that a run needs (setup/compile-ahead.mjs), nothing is compiled anew. V8 takes such code only as of itself, its
// flags, this processor and this source; where it does not, and where there is none, the bundle is loaded as any other.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** The bundle as a function; with code that V8 does not take it is compiled. */
export function scriptOf(path, code) {
  // esbuild writes ASCII alone: one byte for each character.
  const source = `(function (exports, require, module, __filename, __dirname, cofferdamImports) {${readFileSync(path, 'latin1')}\n})`;
  return new Script(source, {
    filename: path,
    ...(code !== undefined && { cachedData: code }),
  });
}

/** What the bundle exports. */
export function exportsOf(script, path) {
  const made = { exports: {} };
  const imports = (name) => import(name);
  script.runInThisContext()(made.exports, createRequire(path), made, path, import.meta.dirname, imports);
  return made.exports;
}

function load(path) {
  let code;
  try {
    code = readFileSync(path.replace(/cjs$/, 'code'));
  } catch {
    return { isAhead: false, exported: createRequire(path)(path) };
  }
  const script = scriptOf(path, code);
  const isAhead = script.cachedDataRejected === false;
  return { isAhead, exported: isAhead ? exportsOf(script, path) : createRequire(path)(path) };
}

const { isAhead, exported } = load(import.meta.filename.replace(/mjs$/, 'cjs'));
/** Whether V8 took the code. */
export { isAhead };
export const { command } = exported;
