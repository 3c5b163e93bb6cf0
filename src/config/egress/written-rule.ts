import { isProgramPath, type ProgramRule } from './program-rule.ts';
import { isPathPattern } from './path-pattern.ts';
import { type AllowEntry, METHODS } from './rule.ts';

const WRITTEN = /^(?:([A-Z]{3,9}(?:,[A-Z]{3,9}){0,7}) )?([^\s/]{1,260})(\/\S{0,1023})?$/;

/**
 * An entry as it is typed in one line: `host`, `GET host`, `GET,HEAD host:port/v1/**`, `WEBSOCKET host`, each with ` by PROGRAM [SCRIPT] [jit]
 * [nested]` behind it, and ` or ` before a further program. Undefined when the methods, the path or a program are none; whether
 * the destination is one is for whoever reads the list.
 */
export function ruleFromText(text: string): AllowEntry | undefined {
  const [what = '', by, ...more] = text.split(' by ');
  if (more.length > 0) return undefined;
  const match = WRITTEN.exec(what);
  if (match === null) return undefined;
  const programs = by?.split(' or ').map(programFromText);
  if (programs?.includes(undefined) === true) return undefined;
  const [, said, to = '', path] = match;
  if (said === undefined && path === undefined && programs === undefined) return to;
  const words = said?.split(',');
  const websocket = words?.includes('WEBSOCKET') === true;
  const named = words?.filter((name) => name !== 'WEBSOCKET') ?? [];
  const methods =
    named.length === 0 ? undefined : named.map((name) => METHODS.find((method) => method === name));
  if (methods?.includes(undefined) === true || (path !== undefined && !isPathPattern(path))) return undefined;
  return {
    to,
    ...(programs !== undefined && { programs: programs.filter((one) => one !== undefined) }),
    ...(methods !== undefined && { methods: methods.filter((method) => method !== undefined) }),
    ...(path !== undefined && { paths: [path] }),
    ...(websocket && { websocket }),
  };
}

/** `/usr/bin/git`, or `/usr/bin/node /usr/lib/npm/bin/npm-cli.js jit nested`. */
export function programFromText(text: string): ProgramRule | undefined {
  const [run = '', ...words] = text.trim().split(/\s+/);
  const script = words[0]?.startsWith('/') === true ? words.shift() : undefined;
  const paths = [run, ...(script === undefined ? [] : [script])];
  if (!paths.every(isProgramPath) || words.length > 2) return undefined;
  if (!words.every((word) => word === 'jit' || word === 'nested')) return undefined;
  return {
    run,
    ...(script !== undefined && { script }),
    ...(words.includes('jit') && { jit: true }),
    ...(words.includes('nested') && { nested: true }),
  };
}
