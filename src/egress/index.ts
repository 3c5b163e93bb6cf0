import type { Authority, ServerCertificate } from './inspect/authority.ts';

export { parseAllowlist } from './allowlist.ts';
export type * from './contract.ts';
export type { OwnRules } from './own-rules.ts';
export { startGateway } from './gateway.ts';
export { passwordRequest } from './upstream/socks.ts';
export { EXPOSURES, type Exposure, REVIEWED } from './reviewed/index.ts';
export { PRESETS, type Preset, resolvePresets } from './presets.ts';
export { type Asked, askedPlace, explain, type Explanation } from './explain.ts';
export { learn, type Learned, type LearnedLine, type LearnOptions } from './learn/learn.ts';
export { Observations, type Observed } from './learn/observed.ts';

/** Loaded only when something is inspected: a command that inspects nothing must not pay for it. */
export async function makeAuthority(hosts: readonly string[]): Promise<Authority> {
  return (await import('./inspect/authority.ts')).makeAuthority(hosts);
}

/** A certificate for one host by an authority that was made here: for a server that a proof needs. */
export async function certificateFor(authority: Authority, host: string): Promise<ServerCertificate> {
  return (await import('./inspect/authority.ts')).certificateFor(authority, host);
}
