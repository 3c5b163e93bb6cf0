import { type ProgramRule, programText } from './program-rule.ts';

/** The methods that a rule may name (RFC 9110 section 9.3, RFC 5789). */
export const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** One entry of an allowlist with all that narrows it. What is absent does not narrow. */
export interface EgressRule {
  /** `host`, `host:port`, `*.host`, an address literal, or a preset such as `@npm`. */
  readonly to: string;
  /** Only connections of these programs. */
  readonly programs?: readonly ProgramRule[];
  /** Only requests of these methods, and so only HTTP that can be read. */
  readonly methods?: readonly Method[];
  /** Only requests of these paths (`path-pattern.ts`), and so only HTTP that can be read. */
  readonly paths?: readonly string[];
  /** Only the requests by which git fetches (`git-fetch.ts`), and so only HTTP that can be read. */
  readonly git?: 'read';
  /** Public keys of an SSH server, `TYPE BASE64`: only SSH, and only with one that shows one of these. */
  readonly hostKeys?: readonly string[];
  /** Also requests that ask for a WebSocket; what is said on it is then not read. */
  readonly websocket?: true;
  /** Bytes that one job may send there in all. */
  readonly uploadBytes?: number;
  /** Bytes that one job may get from there in all. */
  readonly downloadBytes?: number;
  /** Requests that one job may make there in all; a connection of which no request is read counts as one. */
  readonly requests?: number;
}

/** As it stands in `cofferdam.yaml`: a text is a rule that narrows nothing. */
export type AllowEntry = string | EgressRule;

export function ruleOf(entry: AllowEntry): EgressRule {
  return typeof entry === 'string' ? { to: entry } : entry;
}

/** Whether a connection under it must be read request by request. */
export function readsRequests(rule: Omit<EgressRule, 'to'>): boolean {
  return rule.methods !== undefined || rule.paths !== undefined || rule.git !== undefined;
}

/**
 * Among rules that allow the same, those with less of it decide: one without a bound, as what another has used up does not take from
 * it; then one for every program, which stays also when its process becomes another one; then as they are written.
 */
export function strictness(rule: Omit<EgressRule, 'to'>): number {
  const isBounded = [rule.uploadBytes, rule.downloadBytes, rule.requests].some(
    (bound) => bound !== undefined,
  );
  return (isBounded ? 2 : 0) + (rule.programs === undefined ? 0 : 1);
}

/** A rule in one line, as a person reads it: `api.test  GET HEAD  /v1/**  upload 1000000 bytes`. */
export function ruleText(entry: AllowEntry): string {
  const { to, programs, methods, paths, git, hostKeys, websocket, uploadBytes, downloadBytes, requests } =
    ruleOf(entry);
  return [
    to,
    ...(programs === undefined ? [] : [`by ${programs.map(programText).join(' or ')}`]),
    ...(methods === undefined ? [] : [methods.join(' ')]),
    ...(paths === undefined ? [] : [paths.join(' ')]),
    ...(git === undefined ? [] : [`git ${git}`]),
    ...(hostKeys === undefined ? [] : [`${hostKeys.length} host keys`]),
    ...(websocket === undefined ? [] : ['WebSocket']),
    ...(uploadBytes === undefined ? [] : [`upload ${uploadBytes} bytes`]),
    ...(downloadBytes === undefined ? [] : [`download ${downloadBytes} bytes`]),
    ...(requests === undefined ? [] : [`${requests} requests`]),
  ].join('  ');
}

/** The port of SSH: whatever an entry says, nothing else is spoken there. */
export const SSH_PORT = 22;

/** Why a rule asks for what nobody can hold, with the fix; undefined when it does not. `port`: that of its destination. */
export function contradictionIn(
  rule: EgressRule,
  port: number | undefined,
): { readonly why: string; readonly fix: string } | undefined {
  const { git, hostKeys, methods, websocket } = rule;
  const ssh = port === SSH_PORT || hostKeys !== undefined;
  if (ssh && readsRequests(rule))
    return {
      why: 'asks for only some requests over SSH, whose commands are encrypted: what is a fetch and what a push cannot be told',
      fix: 'use HTTPS there: `to: HOST` with `git: read`, and in the job `git config url.https://HOST/.insteadOf ssh://git@HOST/`',
    };
  if (git !== undefined && methods !== undefined)
    return { why: 'names methods beside `git: read`, which says them', fix: 'leave `methods` out' };
  if (websocket !== undefined && (ssh || git !== undefined))
    return { why: 'asks for a WebSocket where none is spoken', fix: 'leave `websocket` out' };
  if (websocket !== undefined && methods?.includes('GET') === false)
    return { why: 'asks for a WebSocket without GET, by which one begins', fix: 'name GET among `methods`' };
  if (hostKeys !== undefined && port === undefined)
    return { why: 'names host keys and no port', fix: 'name the port: `to: HOST:22`' };
  return undefined;
}
