import { join } from 'node:path';
import { askCargo, isFile } from './ask-cargo.ts';
import { type Ecosystem, text, withoutCredential } from './ecosystem.ts';

/** Cargo reads this from every folder above the one that it works in (its book, "Configuration"). */
const SHOWN_AT = '/.cargo/config.toml';

/** The tables of a `config.toml` that hold text, by name; what else TOML may hold says nothing of a registry. */
function tables(content: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>();
  let table = new Map<string, string>();
  for (const line of content.split('\n')) {
    const header = /^\s*\[([\w.-]{1,200})\]\s*(?:#.*)?$/.exec(line)?.[1];
    if (header !== undefined) {
      table = found.get(header) ?? new Map<string, string>();
      found.set(header, table);
      continue;
    }
    const [, key, value] = /^\s*([\w-]{1,100})\s*=\s*["']([^"']{1,500})["']/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) table.set(key, value);
  }
  return found;
}

function address(value: string | undefined): string | undefined {
  const plain = value?.replace(/^sparse\+/, '');
  return plain?.startsWith('http') === true ? withoutCredential(plain) : undefined;
}

/** As the user's file has it, so that a job's cargo uses the same; only names and addresses are taken. */
function shown(mirror: string | undefined, registries: readonly (readonly [string, string])[]): string {
  const sparse = (url: string): string => JSON.stringify(`sparse+${url}`);
  return [
    ...(mirror === undefined
      ? []
      : [
          `[source.crates-io]\nreplace-with = "operators"\n\n[source.operators]\nregistry = ${sparse(mirror)}\n`,
        ]),
    ...registries.map(([name, url]) => `[registries.${name}]\nindex = ${sparse(url)}\n`),
  ].join('\n');
}

export const cargo: Ecosystem = {
  resolve: async (sources, named) => {
    const { environment, home } = sources;
    const folder = environment['CARGO_HOME'] ?? (home === undefined ? undefined : join(home, '.cargo'));
    const content =
      folder === undefined
        ? ''
        : (await text(join(folder, 'config.toml'))) || (await text(join(folder, 'config')));
    const known = tables(content);
    const replaced = known.get('source.crates-io')?.get('replace-with');
    const mirror =
      replaced === undefined ? undefined : address(known.get(`source.${replaced}`)?.get('registry'));
    const registries = [...known].flatMap(([name, table]): readonly (readonly [string, string])[] => {
      const url = name.startsWith('registries.') ? address(table.get('index')) : undefined;
      return url === undefined ? [] : [[name.slice('registries.'.length), url]];
    });
    // It costs a connection: not for a run that has nothing of Rust.
    const may = named || (await isFile(join(sources.repository ?? '/nonexistent', 'Cargo.toml')));
    const asked = await askCargo(sources, shown(mirror, []), may);
    const urls = [...asked, ...(mirror === undefined ? [] : [mirror]), ...registries.map(([, url]) => url)];
    if (urls.length === 0) return undefined;
    const config = shown(mirror, registries);
    return { urls, ...(config !== '' && { files: [{ path: SHOWN_AT, content: config }] }) };
  },
  fix: 'install cargo, and see that it reaches its registry; or allow its hosts by name',
};
