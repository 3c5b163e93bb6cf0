import { coversHost, parseDestination, USUAL_PORTS } from './destination.ts';
import { pathBeyond } from './path-pattern.ts';
import { coversPrograms } from './program-rule.ts';
import { type AllowEntry, readsRequests, ruleOf } from './rule.ts';

/**
 * Whether one entry allows all that another does, in every respect: host, port, program, method, path, bytes and requests. A preset
 * covers only itself: what it stands for is the client's configuration, known later.
 */
export function coversRule(wider: AllowEntry, narrower: AllowEntry): boolean {
  const [a, b] = [ruleOf(wider), ruleOf(narrower)];
  return (
    coversDestination(a.to, b.to) &&
    coversPrograms(a.programs, b.programs) &&
    (!readsRequests(a) || readsRequests(b)) &&
    (a.methods === undefined ||
      (b.methods ?? [undefined]).every((method) => method !== undefined && a.methods?.includes(method))) &&
    (a.paths === undefined || pathBeyond(b.paths ?? ['/**'], a.paths) === undefined) &&
    (a.git === undefined || b.git === a.git) &&
    (a.hostKeys === undefined ||
      (b.hostKeys ?? [undefined]).every((key) => key !== undefined && a.hostKeys?.includes(key))) &&
    (a.websocket === true || b.websocket === undefined) &&
    notMore(a.uploadBytes, b.uploadBytes) &&
    notMore(a.downloadBytes, b.downloadBytes) &&
    notMore(a.requests, b.requests)
  );
}

function notMore(most: number | undefined, asked: number | undefined): boolean {
  return most === undefined || (asked !== undefined && asked <= most);
}

function coversDestination(wider: string, narrower: string): boolean {
  const [a, b] = [parseDestination(wider), parseDestination(narrower)];
  if (a.kind === 'preset') return b.kind === 'preset' && a.name === b.name;
  if (a.kind !== 'host' || b.kind !== 'host' || !coversHost(a.host, b.host)) return false;
  const ports = a.port === undefined ? USUAL_PORTS : [a.port];
  return (b.port === undefined ? USUAL_PORTS : [b.port]).every((port) => ports.includes(port));
}
