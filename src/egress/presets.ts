import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { AllowedDestination } from './contract.ts';
import { hostName } from './host-name.ts';

/** What a preset stands for on this machine. */
export interface Preset {
  readonly destinations: readonly AllowedDestination[];
  /** What the same client needs inside a job to use the same registry; it holds no credential. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface PresetSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
}

type Resolve = (sources: PresetSources) => Promise<readonly string[] | undefined>;

interface Ecosystem {
  /** The registry's addresses, from the user's own client configuration; undefined when there is no client. */
  readonly resolve: Resolve;
  readonly environment: (urls: readonly string[]) => Readonly<Record<string, string>>;
  readonly fix: string;
}

const MAX_FILE = 262_144;

async function text(path: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch(() => '');
  return content.slice(0, MAX_FILE);
}

/** Asks a client for its own setting, outside any repository, so that no head under test can answer. */
function ask(program: string, args: readonly string[], sources: PresetSources): Promise<string> {
  return new Promise((resolve) => {
    const env: Record<string, string> = {
      PATH: sources.environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    };
    if (sources.home !== undefined) env['HOME'] = sources.home;
    execFile(program, args, { cwd: '/', env, timeout: 10_000, maxBuffer: 65_536 }, (error, out) => {
      resolve(error === null ? out.trim() : '');
    });
  });
}

function setting(content: string, key: RegExp): string | undefined {
  for (const line of content.split('\n')) {
    const match = key.exec(line.trim());
    if (match?.[1] !== undefined) return match[1].trim().replaceAll(/^["']|["']$/g, '');
  }
  return undefined;
}

const npm: Resolve = async (sources) => {
  const { environment, home } = sources;
  const given = environment['npm_config_registry'] ?? environment['NPM_CONFIG_REGISTRY'];
  if (given !== undefined && given !== '') return [given];
  const files = [
    environment['NPM_CONFIG_USERCONFIG'],
    home === undefined ? undefined : join(home, '.npmrc'),
    '/etc/npmrc',
    '/usr/etc/npmrc',
    '/usr/local/etc/npmrc',
  ];
  for (const file of files) {
    const found = file === undefined ? undefined : setting(await text(file), /^registry\s*=\s*(\S{1,500})$/);
    if (found !== undefined) return [found];
  }
  const asked = await ask('npm', ['config', 'get', 'registry'], sources);
  return asked.startsWith('http') ? [asked.split('\n').at(-1) ?? asked] : undefined;
};

const pypi: Resolve = async (sources) => {
  const { environment, home } = sources;
  const given = environment['PIP_INDEX_URL'];
  if (given !== undefined && given !== '') return [given];
  const files = [
    environment['PIP_CONFIG_FILE'],
    ...(home === undefined ? [] : [join(home, '.config/pip/pip.conf'), join(home, '.pip/pip.conf')]),
    '/etc/pip.conf',
  ];
  for (const file of files) {
    const found = file === undefined ? undefined : setting(await text(file), /^index-url\s*=\s*(\S{1,500})$/);
    if (found !== undefined) return [found];
  }
  const asked = await ask(
    'python3',
    [
      '-c',
      'from pip._internal.models.index import PyPI; print(PyPI.simple_url); print("https://" + PyPI.file_storage_domain)',
    ],
    sources,
  );
  return asked.startsWith('http') ? asked.split('\n') : undefined;
};

const go: Resolve = async (sources) => {
  const given = sources.environment['GOPROXY'] ?? (await ask('go', ['env', 'GOPROXY'], sources));
  const urls = given.split(/[,|]/).filter((part) => part.startsWith('http'));
  return urls.length === 0 ? undefined : urls;
};

const cargo: Resolve = async ({ environment, home }) => {
  const folder = environment['CARGO_HOME'] ?? (home === undefined ? undefined : join(home, '.cargo'));
  if (folder === undefined) return undefined;
  for (const name of ['config.toml', 'config']) {
    const content = await text(join(folder, name));
    const urls = [
      ...content.matchAll(/^\s*(?:registry|index)\s*=\s*"(?:sparse\+)?(https?:\/\/[^"]{1,500})"/gm),
    ].map((match) => match[1] ?? '');
    if (urls.length > 0) return urls;
  }
  return undefined;
};

const maven: Resolve = async ({ home }) => {
  const content = `${home === undefined ? '' : await text(join(home, '.m2/settings.xml'))}${await text('/etc/maven/settings.xml')}`;
  const urls = [
    ...content
      .replaceAll(/<!--[\s\S]*?-->/g, '')
      .matchAll(/<mirror>[\s\S]{0,2000}?<url>\s*(https?:\/\/[^<\s]{1,500})\s*<\/url>/g),
  ].map((match) => match[1] ?? '');
  return urls.length === 0 ? undefined : urls;
};

const ECOSYSTEMS: Readonly<Record<string, Ecosystem>> = {
  '@npm': {
    resolve: npm,
    environment: ([url = '']) => ({ npm_config_registry: url }),
    fix: 'install npm, or set npm_config_registry',
  },
  '@pypi': {
    resolve: pypi,
    environment: ([url = '']) => ({ PIP_INDEX_URL: url }),
    fix: 'install pip, or set PIP_INDEX_URL',
  },
  '@go': {
    resolve: go,
    environment: (urls) => ({ GOPROXY: urls.join(',') }),
    fix: 'install go, or set GOPROXY',
  },
  '@cargo': {
    resolve: cargo,
    environment: () => ({}),
    fix: 'name the registry in ~/.cargo/config.toml, or allow its hosts by name',
  },
  '@maven': {
    resolve: maven,
    environment: () => ({}),
    fix: 'name a mirror in ~/.m2/settings.xml, or allow its hosts by name',
  },
};

export const PRESETS: readonly string[] = Object.keys(ECOSYSTEMS);

/**
 * Resolves the presets among an allowlist's entries from the user's own client configuration, never from a repository's:
 * whoever uses a mirror gets the mirror. Refused when a preset is not known or its client says nothing. With `lenient`
 * (a zone's defaults) a preset whose client is not on this machine stands for nothing.
 */
export async function resolvePresets(
  entries: readonly string[],
  sources: PresetSources,
  lenient: readonly string[] = [],
): Promise<Result<Readonly<Record<string, Preset>>, Refusal>> {
  const wanted = [...new Set(entries.filter((entry) => entry.startsWith('@')))];
  const presets: Record<string, Preset> = {};
  for (const name of wanted) {
    const ecosystem = Object.hasOwn(ECOSYSTEMS, name) ? ECOSYSTEMS[name] : undefined;
    if (ecosystem === undefined) {
      return err(
        refusal(
          'usage',
          'egress/preset',
          `${JSON.stringify(name)} is not a preset`,
          `use one of ${PRESETS.join(', ')}, or a host's name`,
        ),
      );
    }
    const urls = await ecosystem.resolve(sources);
    const parsed = (urls ?? []).flatMap((url) => destination(url, name));
    if (parsed.length === 0) {
      if (lenient.includes(name)) {
        presets[name] = { destinations: [], environment: {} };
        continue;
      }
      return err(
        refusal(
          'machine',
          'egress/preset-unknown',
          `it cannot be told which hosts ${name} stands for on this machine`,
          ecosystem.fix,
        ),
      );
    }
    presets[name] = {
      destinations: parsed.map((one) => one.destination),
      environment: ecosystem.environment(parsed.map((one) => one.url)),
    };
  }
  return ok(presets);
}

function destination(
  text_: string,
  entry: string,
): readonly { readonly destination: AllowedDestination; readonly url: string }[] {
  if (!URL.canParse(text_)) return [];
  const url = new URL(text_);
  const host = hostName(url.hostname);
  // An address literal is no registry: maven's own settings use one to block a repository.
  if (host === undefined || isIP(host) !== 0 || !['http:', 'https:'].includes(url.protocol)) return [];
  // A credential in the address stays outside.
  url.username = '';
  url.password = '';
  const port = url.port === '' ? undefined : [Number(url.port)];
  return [{ destination: { host, entry, ...(port !== undefined && { ports: port }) }, url: url.href }];
}
