import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Where a client's own configuration is looked for: the operator's, never a repository's. */
export interface PresetSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
  /** The folder that a run is of. Whether it has a client's file decides whether a client is bothered; nothing in it is read. */
  readonly repository?: string;
}

/** What a client uses, and what the same client needs inside a job to use the same; neither holds a credential. */
export interface Registry {
  /** Addresses, each of a host that the client reaches. */
  readonly urls: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: readonly { readonly path: string; readonly content: string }[];
}

/** One package manager. Adding another is adding one file and one line in `index.ts`. */
export interface Ecosystem {
  /**
   * From the user's own configuration, else the client's own default; undefined when there is no client. `named`: somebody
   * asked for it by name; else it is one of a zone's defaults.
   */
  readonly resolve: (sources: PresetSources, named: boolean) => Promise<Registry | undefined>;
  readonly fix: string;
}

const MAX_FILE = 262_144;

export async function text(path: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch(() => '');
  return content.slice(0, MAX_FILE);
}

/** Asks a client for its own setting, outside any repository, so that no head under test can answer. */
export function ask(program: string, args: readonly string[], sources: PresetSources): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd: '/', env: clientEnvironment(sources), timeout: 10_000, maxBuffer: 65_536 };
    execFile(program, args, options, (error, out) => resolve(error === null ? out.trim() : ''));
  });
}

export function clientEnvironment(sources: PresetSources): Record<string, string> {
  return {
    PATH: sources.environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    ...(sources.home !== undefined && { HOME: sources.home }),
  };
}

/** The first value that a line of an ini-like file gives. */
export function setting(content: string, key: RegExp): string | undefined {
  for (const line of content.split('\n')) {
    const match = key.exec(line.trim());
    if (match?.[1] !== undefined) return match[1].trim().replaceAll(/^["']|["']$/g, '');
  }
  return undefined;
}

/** An address without the credential that may stand in it; undefined when it is none. */
export function withoutCredential(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}
