import { isIP } from 'node:net';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { AllowedDestination } from './contract.ts';
import type { PresetSources, Registry } from './ecosystems/ecosystem.ts';
import { ECOSYSTEMS } from './ecosystems/index.ts';
import { hostName } from './host-name.ts';
import { REVIEWED_PRESETS } from './reviewed/index.ts';

/** What a preset stands for on this machine, and what the same client needs inside a job; neither holds a credential. */
export interface Preset extends Pick<Registry, 'environment' | 'files'> {
  readonly destinations: readonly AllowedDestination[];
}

/** Of what a client is configured for, and of hosts that are the same for everybody. */
export const PRESETS: readonly string[] = [...Object.keys(ECOSYSTEMS), ...Object.keys(REVIEWED_PRESETS)];

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
  // All at once: each may have to start its client.
  const resolved = new Map(
    wanted.flatMap((name) => {
      const ecosystem = Object.hasOwn(ECOSYSTEMS, name) ? ECOSYSTEMS[name] : undefined;
      return ecosystem === undefined
        ? []
        : [[name, ecosystem.resolve(sources, !lenient.includes(name))] as const];
    }),
  );
  for (const name of wanted) {
    const reviewed = Object.hasOwn(REVIEWED_PRESETS, name) ? REVIEWED_PRESETS[name] : undefined;
    if (reviewed !== undefined) {
      presets[name] = { destinations: reviewed.allow.map((one) => ({ ...one, entry: name })) };
      continue;
    }
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
    const registry = await resolved.get(name);
    const parsed = (registry?.urls ?? []).flatMap((url) => destination(url, name));
    if (parsed.length === 0) {
      if (lenient.includes(name)) {
        presets[name] = { destinations: [] };
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
      destinations: parsed,
      ...(registry?.environment !== undefined && { environment: registry.environment }),
      ...(registry?.files !== undefined && { files: registry.files }),
    };
  }
  return ok(presets);
}

function destination(address: string, entry: string): readonly AllowedDestination[] {
  if (!URL.canParse(address)) return [];
  const url = new URL(address);
  const host = hostName(url.hostname);
  // An address literal is no registry.
  if (host === undefined || isIP(host) !== 0 || !['http:', 'https:'].includes(url.protocol)) return [];
  return [{ host, entry, ...(url.port !== '' && { ports: [Number(url.port)] }) }];
}
