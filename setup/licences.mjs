// What is bundled from others into dist/, with the words under which each lets us: most licences ask that they go along.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The packages that a bundle was made from, by esbuild's own list of inputs. */
function bundledPackages(inputs) {
  const folders = new Set();
  for (const path of Object.keys(inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found !== null) folders.add(found[1]);
  }
  return [...folders].toSorted();
}

/** The text of THIRD-PARTY-LICENSES. Throws for a package that carries no licence: it cannot be shipped. */
export function thirdPartyLicences(inputs) {
  return bundledPackages(inputs)
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
      if (file === undefined || !license) throw new Error(`${name} is bundled and carries no licence`);
      const notice = join(folder, 'NOTICE');
      const words = [file, ...(existsSync(notice) ? ['NOTICE'] : [])].map((entry) =>
        readFileSync(join(folder, entry), 'utf8').trim(),
      );
      return `${name} ${version} (${license})\n\n${words.join('\n\n')}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
