// Bundles what tsc wrote to .build/ into dist/: one file per process that we start, and one for each dynamic import, with
// all that it uses and nothing else. (Split into shared chunks, a command would load whatever any two have in common.)
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { thirdPartyLicences } from './licences.mjs';

const outdir = process.argv[2];
const compiled = resolve('.build');
const inputs = {};
const bundles = new Map([
  ['cofferdam', join(compiled, 'cli/main.js')],
  ['gateway', join(compiled, 'egress/gateway-process.js')],
  ['replay-ground', join(compiled, 'replay/ground/ground-process.js')],
]);

/** Bundles that are compiled ahead (setup/compile-ahead.mjs): CommonJS, as V8 gives the code of what ran of a script alone. */
const AHEAD = new Set(['cli-commands-check']);
/** Modules of Node.js that are slow to load and seldom used in a bundle that is compiled ahead: loaded when one is. */
const LATER =
  /\b(\w+) = require\("(node:(?:child_process|crypto|http|https|net|os|readline\/promises|util|zlib))"\);/g;

/** A script may not import, and says that it may not: whoever loads it does so for it. */
function throughLoader(text) {
  return text
    .replaceAll(LATER, '$1 = cofferdamLater("$2");')
    .replaceAll(/\bimport\("\.\/([a-z-]+\.mjs)"\)/g, 'cofferdamImport("./$1")');
}

/** What is imported when it is needed is a file of its own, named after its place in src/. */
const loadedLater = {
  name: 'loaded-later',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const file = join(resolveDir, path);
      const name = relative(compiled, file).replace(/\.js$/, '').replaceAll('/', '-');
      bundles.set(name, file);
      return { path: `./${name}.mjs`, external: true };
    }),
};

// A Map gives what is added while it is read.
for (const [name, entry] of bundles) {
  const ahead = AHEAD.has(name);
  const { metafile, outputFiles } = await build({
    metafile: true,
    write: false,
    entryPoints: { [name]: entry },
    plugins: [loadedLater],
    outdir,
    outExtension: { '.js': ahead ? '.cjs' : '.mjs' },
    bundle: true,
    platform: 'node',
    format: ahead ? 'cjs' : 'esm',
    target: 'node24',
    legalComments: 'none',
    // Bundled CommonJS packages call require for Node's own modules.
    banner: {
      js: ahead
        ? `const cofferdamLater = (name) => { let made; return new Proxy({}, { get: (_, key) => (made ??= require(name))[key] }); };
const cofferdamImport = typeof cofferdamImports === 'function' ? cofferdamImports : (name) => import(name);`
        : "import { createRequire as cofferdamRequire } from 'node:module'; const require = cofferdamRequire(import.meta.url);",
    },
    ...(ahead && { define: { 'import.meta.dirname': '__dirname' } }),
    logLevel: 'warning',
  });
  for (const { path, text } of outputFiles) writeFileSync(path, ahead ? throughLoader(text) : text);
  if (ahead) copyFileSync('setup/compiled-bundle.mjs', join(outdir, `${name}.mjs`));
  Object.assign(inputs, metafile.inputs);
}
// What this build is: answers that another one gave are not this one's.
const identity = createHash('sha256');
for (const name of readdirSync(outdir)
  .filter((one) => /\.[cm]js$/.test(one))
  .toSorted())
  identity
    .update(`${name}\0`)
    .update(readFileSync(join(outdir, name)))
    .update('\0');
writeFileSync(join(outdir, 'identity'), `${identity.digest('hex')}\n`);
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES'), thirdPartyLicences(inputs));
