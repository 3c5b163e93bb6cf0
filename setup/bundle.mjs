// Bundles what tsc wrote to .build/ into dist/: one file per process that we start, and one for each dynamic import, with
// all that it uses and nothing else. (Split into shared chunks, a command would load whatever any two have in common.)
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  const { metafile } = await build({
    metafile: true,
    entryPoints: { [name]: entry },
    plugins: [loadedLater],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    // Bundled CommonJS packages call require for Node's own modules.
    banner: {
      js: "import { createRequire as cofferdamRequire } from 'node:module'; const require = cofferdamRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  Object.assign(inputs, metafile.inputs);
}
// What this build is: answers that another one gave are not this one's.
const identity = createHash('sha256');
for (const name of readdirSync(outdir)
  .filter((one) => one.endsWith('.mjs'))
  .toSorted())
  identity
    .update(`${name}\0`)
    .update(readFileSync(join(outdir, name)))
    .update('\0');
writeFileSync(join(outdir, 'identity'), `${identity.digest('hex')}\n`);
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES'), thirdPartyLicences(inputs));
