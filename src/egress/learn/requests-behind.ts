import { type EgressRule, isPathPattern, type Method, METHODS, normalisePath } from '../../config/index.ts';
import type { Observed } from './observed.ts';

/** Beyond it a list of paths is one that nobody reads: what they begin with alike is taken instead. */
const MAX_PATHS = 12;

type Requests = Required<Pick<EgressRule, 'methods' | 'paths'>>;

/**
 * The smallest rules of methods and paths under which the requests would go: one for each set of methods that asks for the
 * same paths, so that no method comes to a path that only another one asked for. Undefined when one cannot be said in a rule.
 */
export function requestsBehind(observed: readonly Observed[]): readonly Requests[] | undefined {
  const byMethod = new Map<Method, Set<string>>();
  for (const { request } of observed) {
    if (request === undefined) continue;
    const method = METHODS.find((one) => one === request.method);
    const path = normalisePath(request.path);
    const pattern = path === undefined ? undefined : `/${path.join('/')}`;
    if (method === undefined || pattern === undefined || !isPathPattern(pattern)) return undefined;
    byMethod.set(method, (byMethod.get(method) ?? new Set()).add(pattern));
  }
  const byPaths = new Map<string, { methods: Method[]; paths: readonly string[] }>();
  for (const [method, paths] of byMethod) {
    const patterns = patternsOf([...paths].toSorted());
    const key = patterns.join(' ');
    const known = byPaths.get(key);
    if (known === undefined) byPaths.set(key, { methods: [method], paths: patterns });
    else known.methods.push(method);
  }
  return [...byPaths.values()];
}

function patternsOf(paths: readonly string[]): readonly string[] {
  if (paths.length <= MAX_PATHS) return paths;
  const steps = paths.map((path) => path.slice(1).split('/'));
  const [first = []] = steps;
  let same = 0;
  while (same < first.length - 1 && steps.every((one) => one[same] === first[same])) same += 1;
  return [`/${[...first.slice(0, same), '**'].join('/')}`];
}
