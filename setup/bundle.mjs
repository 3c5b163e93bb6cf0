// Bundles what tsc wrote to .build/ into dist/: one entry per process that we start, shared code in chunks
// that are loaded only where they are imported, so that the start path stays small.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { thirdPartyLicences } from './licences.mjs';

const outdir = process.argv[2];
const { metafile } = await build({
  metafile: true,
  entryPoints: { cofferdam: '.build/cli/main.js', gateway: '.build/egress/gateway-process.js' },
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
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
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES'), thirdPartyLicences(metafile.inputs));
