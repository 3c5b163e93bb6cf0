import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Refusal, Result } from '../../base/index.ts';
import { type AllowEntry, ruleOf } from '../../config/index.ts';
import { type AllowedDestination, parseAllowlist, resolvePresets } from '../../egress/index.ts';
import { USER_PROGRAMS } from './host-programs.ts';

/** What a job needs so that its clients work through the gateway without being configured. */
export interface ClientSetup {
  readonly allow: readonly AllowedDestination[];
  /** Registry addresses of the presets in use, and where the operator's extra certificate authorities are shown. */
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly content: string }[];
}

const CERTIFICATES = '/opt/cofferdam/certificates.pem';
const MAX_CERTIFICATES = 4_194_304;

/**
 * Resolves an allowlist and what goes with it. `defaults` are presets of the zone, which stand for nothing where their
 * client is not on this machine; the others are the operator's word and must resolve. `repository` is the folder that a run
 * is of.
 */
export async function clientSetup(
  entries: readonly AllowEntry[],
  defaults: readonly AllowEntry[],
  outside: Readonly<Record<string, string | undefined>>,
  repository?: string,
): Promise<Result<ClientSetup, Refusal>> {
  const all = [...new Set([...defaults, ...entries])];
  const names = (list: readonly AllowEntry[]): readonly string[] => list.map((entry) => ruleOf(entry).to);
  const asked = names(entries);
  const presets = await resolvePresets(
    names(all),
    { environment: outside, home: outside['HOME'], ...(repository !== undefined && { repository }) },
    names(defaults).filter((name) => !asked.includes(name)),
  );
  if (!presets.ok) return presets;
  const destinations = Object.fromEntries(
    Object.entries(presets.value).map(([name, preset]) => [name, preset.destinations]),
  );
  const allow = parseAllowlist(all, destinations);
  if (!allow.ok) return allow;
  const environment: Record<string, string> = {
    // Node.js trusts whom the system trusts, as the other tools of the sandbox do.
    NODE_USE_SYSTEM_CA: '1',
    // Its own folder is read-only here: `npm install -g` has a place that the search path knows.
    NPM_CONFIG_PREFIX: dirname(USER_PROGRAMS),
    // Debian's pip refuses to touch the system's packages (PEP 668); here it cannot, and installs for the user.
    PIP_BREAK_SYSTEM_PACKAGES: '1',
  };
  // Where nothing may be reached, trying again is only waiting: npm would for more than a minute.
  if (allow.value.length === 0)
    Object.assign(environment, { npm_config_fetch_retries: '0', PIP_RETRIES: '0', CARGO_NET_RETRY: '0' });
  for (const preset of Object.values(presets.value)) Object.assign(environment, preset.environment);
  const files = Object.values(presets.value).flatMap((preset) => preset.files ?? []);
  const path = outside['COFFERDAM_EXTRA_CA_CERTS'] ?? outside['NODE_EXTRA_CA_CERTS'];
  const certificates = path === undefined || path === '' ? '' : await certificatesOf(path);
  if (certificates === '') return { ok: true, value: { allow: allow.value, environment, files } };
  for (const name of [
    'NODE_EXTRA_CA_CERTS',
    'SSL_CERT_FILE',
    'PIP_CERT',
    'REQUESTS_CA_BUNDLE',
    'CARGO_HTTP_CAINFO',
    'GIT_SSL_CAINFO',
    'CURL_CA_BUNDLE',
  ]) {
    environment[name] = CERTIFICATES;
  }
  return {
    ok: true,
    value: {
      allow: allow.value,
      environment,
      files: [...files, { path: CERTIFICATES, content: certificates }],
    },
  };
}

/** Only the certificates: whatever else stands in the operator's file stays outside. */
async function certificatesOf(path: string): Promise<string> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const found =
    text
      .slice(0, MAX_CERTIFICATES)
      .match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,20000}-----END CERTIFICATE-----/g) ?? [];
  return found.length === 0 ? '' : `${found.join('\n')}\n`;
}
