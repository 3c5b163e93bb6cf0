import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import { type AllowEntry, readsRequests, ruleOf, SSH_PORT } from '../../config/index.ts';
import {
  type AllowedDestination,
  type Inspection,
  makeAuthority,
  parseAllowlist,
  resolvePresets,
} from '../../egress/index.ts';
import { USER_PROGRAMS } from './host-programs.ts';
import { javaTrustStore } from './trust-store.ts';

/** What a job needs so that its clients work through the gateway without being configured. */
export interface ClientSetup {
  readonly allow: readonly AllowedDestination[];
  /** Registry addresses of the presets in use, and where the operator's extra certificate authorities are shown. */
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly content: string | Uint8Array }[];
  /** What the gateway needs to read requests inside of TLS; absent when no entry asks for it. */
  readonly inspection?: Inspection;
}

const CERTIFICATES = '/opt/cofferdam/certificates.pem';
const KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts';
const JAVA_CERTIFICATES = '/opt/cofferdam/certificates.jks';
const MORE_CERTIFICATES = '/opt/cofferdam/more-certificates.pem';
const SYSTEM_CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
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
  const known = knownHosts(allow.value);
  if (known !== undefined) files.push(known);
  const path = outside['COFFERDAM_EXTRA_CA_CERTS'] ?? outside['NODE_EXTRA_CA_CERTS'];
  const certificates = path === undefined || path === '' ? '' : await certificatesOf(path);
  const inspected = allow.value.filter(readsRequests).map(({ host }) => host);
  const inspection =
    inspected.length === 0
      ? {}
      : { inspection: { authority: await makeAuthority([...new Set(inspected)]), trusted: certificates } };
  if (certificates === '' && inspected.length === 0) {
    return ok({ allow: allow.value, environment, files });
  }
  const own = inspection.inspection?.authority.certificate ?? '';
  // One file takes the place of all that these tools trust, so what the machine trusts must be in it.
  const everything =
    inspected.length === 0 ? certificates : `${await systemCertificates()}${certificates}${own}`;
  for (const name of [
    'SSL_CERT_FILE',
    'PIP_CERT',
    'REQUESTS_CA_BUNDLE',
    'CARGO_HTTP_CAINFO',
    'GIT_SSL_CAINFO',
    'CURL_CA_BUNDLE',
  ]) {
    environment[name] = CERTIFICATES;
  }
  // Read at every start of Node.js, and slow: only what is more than it trusts anyway.
  environment['NODE_EXTRA_CA_CERTS'] = MORE_CERTIFICATES;
  // A JVM reads no list of certificates, and says on each start that it was told so: only where it could not work otherwise.
  if (inspected.length > 0)
    environment['JAVA_TOOL_OPTIONS'] =
      `-Djavax.net.ssl.trustStore=${JAVA_CERTIFICATES} -Djavax.net.ssl.trustStoreType=JKS`;
  return ok({
    allow: allow.value,
    environment,
    files: [
      ...files,
      { path: CERTIFICATES, content: everything },
      { path: MORE_CERTIFICATES, content: `${certificates}${own}` },
      ...(inspected.length > 0 ? [{ path: JAVA_CERTIFICATES, content: javaTrustStore(everything) }] : []),
    ],
    ...inspection,
  });
}

/** The bundle of this machine's distribution; empty when it has none of a name that we know. */
async function systemCertificates(): Promise<string> {
  for (const path of SYSTEM_CERTIFICATES) {
    const found = await certificatesOf(path);
    if (found !== '') return found;
  }
  return '';
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

/** The keys that the policy names, where OpenSSH looks for those that hold for everybody (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
function knownHosts(
  allow: readonly AllowedDestination[],
): { readonly path: string; readonly content: string } | undefined {
  const lines = allow.flatMap(({ host, ports = [], hostKeys = [] }) =>
    ports.flatMap((port) =>
      hostKeys.map((key) => `${port === SSH_PORT ? host : `[${host}]:${port}`} ${key}\n`),
    ),
  );
  return lines.length === 0 ? undefined : { path: KNOWN_HOSTS, content: lines.join('') };
}
