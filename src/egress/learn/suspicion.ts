import { isIP } from 'node:net';
import { drainBehind } from './drains.ts';
import type { Observed } from './observed.ts';

const LONG_LABEL = 40;
const RANDOM_LENGTH = 20;
const RANDOM_BITS = 3.6;
const DEEP = 6;
const MANY_BELOW = 5;

const LONG_PATH = 200;
const LONG_SEGMENT = 64;
/** Methods by which something is sent there (RFC 9110 section 9.3). */
const SENDING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** A script that a package manager runs for a package, not for the project. */
const INSTALL_SCRIPT =
  /(?:^| )(?:\S*\/)?node_modules\/\S+|(?:^| )\S*(?:pre|post)?install\.(?:js|mjs|cjs|sh|py)(?: |$)|setup\.py (?:egg_info|install)/;

/**
 * Why an observed destination is not to be learned, or undefined when nothing speaks against it. The reasons are marks of
 * exfiltration as it was done in incidents; an attacker who knows them can avoid most, so what is learned is still to be read.
 */
export function suspicionOf(one: Observed, all: readonly Observed[]): string | undefined {
  if (isIP(one.host) !== 0) return 'an address without a name: nobody can tell whose it is tomorrow';
  const drain = drainBehind(one.host);
  if (drain !== undefined) return `a service that ${drain}`;
  const labels = one.host.split('.');
  if (labels.length === 1)
    return 'a name without a domain: where it leads is this machine\u2019s search list to say';
  if (labels.length > DEEP) return `a name of ${labels.length} labels, as data is carried out in questions`;
  const odd = labels.slice(0, -1).find((label) => label.length > LONG_LABEL || isRandom(label));
  if (odd !== undefined) return `the label ${odd.slice(0, 24)}… looks like data and not like a name`;
  const parent = labels.slice(1).join('.');
  const siblings = new Set(
    all
      .filter(
        ({ zone, host, verdict }) => zone === one.zone && verdict === 'denied' && host.endsWith(`.${parent}`),
      )
      .map(({ host }) => host),
  );
  if (labels.length > 2 && siblings.size >= MANY_BELOW)
    return `one of ${siblings.size} names below ${parent}, as data is carried out in questions`;
  const script = [...one.programs].find((chain) => INSTALL_SCRIPT.test(chain.split(' ← ')[0] ?? ''));
  return script === undefined ? undefined : `asked for by the script of a package: ${script.slice(0, 160)}`;
}

/** Why a request is not to be learned: it sends something, or carries it in its path. What stands in a query is not on record. */
export function suspicionOfRequest({ request }: Observed): string | undefined {
  if (request === undefined) return undefined;
  if (SENDING.has(request.method))
    return `a ${request.method}: it sends something there, and may carry out anything`;
  if (request.path.length > LONG_PATH)
    return `a path of ${request.path.length} characters, as data is carried out in requests`;
  const odd = request.path
    .split('/')
    .find((step) => step.length > LONG_SEGMENT || isRandom(step.replace(/\.[a-z0-9]{1,8}$/i, '')));
  return odd === undefined
    ? undefined
    : `${odd.slice(0, 24)}… in its path looks like data and not like a name`;
}

/** A run of hexadecimal digits, or a long word with digits in which hardly a character comes twice. */
function isRandom(label: string): boolean {
  if (label.startsWith('xn--')) return false;
  return label.split(/[-_]/).some((word) => {
    if (!/\d/.test(word)) return false;
    return /^[0-9a-f]{16,}$/.test(word) || (word.length >= RANDOM_LENGTH && bitsOf(word) > RANDOM_BITS);
  });
}

/** Shannon's entropy of its characters, in bits for each. */
function bitsOf(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / word.length) * Math.log2(count / word.length);
  return bits;
}
