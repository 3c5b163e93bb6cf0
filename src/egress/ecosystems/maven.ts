import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Ecosystem, type PresetSources, text, withoutCredential } from './ecosystem.ts';
import { readJarEntry } from './jar-entry.ts';

const SUPER_POM = 'org/apache/maven/model/pom-4.0.0.xml';
/** Debian's Maven reads its global settings here; later versions read what `MAVEN_ARGS` names. */
const SHOWN_AT = '/etc/maven/settings.xml';

interface Mirror {
  readonly of: string;
  readonly url: string;
}

function mirrors(content: string): readonly Mirror[] {
  const blocks = content.replaceAll(/<!--[\s\S]*?-->/g, '').matchAll(/<mirror>([\s\S]{0,2000}?)<\/mirror>/g);
  return [...blocks].flatMap(([, block = '']) => {
    const url = withoutCredential(/<url>\s*(https?:\/\/[^<\s]{1,500})\s*<\/url>/.exec(block)?.[1] ?? '');
    const of = /<mirrorOf>\s*([\w*!:,.-]{1,200})\s*<\/mirrorOf>/.exec(block)?.[1];
    // An address of nobody is how Maven's own settings block what is not encrypted.
    if (url === undefined || of === undefined || new URL(url).hostname === '0.0.0.0') return [];
    return [{ of, url }];
  });
}

/** Where Maven goes without any settings: its own model, in its own files, says so. */
async function builtIn({ environment }: PresetSources): Promise<readonly string[]> {
  const folders = (environment['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of folders) {
    const program = await realpath(join(folder, 'mvn')).catch(() => undefined);
    if (program === undefined) continue;
    const lib = join(dirname(dirname(program)), 'lib');
    const jar = (await readdir(lib).catch(() => [])).find((name) =>
      /^maven-model-builder-.*\.jar$/.test(name),
    );
    const pom = jar === undefined ? undefined : await readJarEntry(join(lib, jar), SUPER_POM);
    const urls = [...(pom?.toString('utf8') ?? '').matchAll(/<url>\s*(https?:\/\/[^<\s]{1,500})\s*<\/url>/g)];
    if (urls.length > 0) return [...new Set(urls.map((match) => match[1] ?? ''))];
  }
  return [];
}

function settings(found: readonly Mirror[]): string {
  const escaped = (value: string): string =>
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const each = found.map(
    ({ of, url }, index) =>
      `<mirror><id>operators-${index + 1}</id><mirrorOf>${escaped(of)}</mirrorOf><url>${escaped(url)}</url></mirror>`,
  );
  return `<settings><mirrors>${each.join('')}</mirrors></settings>\n`;
}

export const maven: Ecosystem = {
  resolve: async (sources) => {
    const { home } = sources;
    const own = home === undefined ? '' : await text(join(home, '.m2/settings.xml'));
    const found = [...mirrors(own), ...mirrors(await text('/etc/maven/settings.xml'))];
    const all = found.some(({ of }) => of === '*' || of.split(',').includes('central'));
    const urls = [...found.map(({ url }) => url), ...(all ? [] : await builtIn(sources))];
    if (urls.length === 0) return undefined;
    if (found.length === 0) return { urls };
    return {
      urls,
      environment: { MAVEN_ARGS: `-gs ${SHOWN_AT}` },
      files: [{ path: SHOWN_AT, content: settings(found) }],
    };
  },
  fix: 'install maven, or name a mirror in ~/.m2/settings.xml',
};
