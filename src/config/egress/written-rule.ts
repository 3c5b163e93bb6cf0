import { isPathPattern } from './path-pattern.ts';
import { type AllowEntry, METHODS } from './rule.ts';

const WRITTEN = /^(?:([A-Z]{3,7}(?:,[A-Z]{3,7}){0,6}) )?([^\s/]{1,260})(\/\S{0,1023})?$/;

/**
 * An entry as it is typed in one word or two: `host`, `GET host`, `GET,HEAD host:port/v1/**`. Undefined when the methods or the
 * path are none; whether the destination is one is for whoever reads the list.
 */
export function ruleFromText(text: string): AllowEntry | undefined {
  const match = WRITTEN.exec(text);
  if (match === null) return undefined;
  const [, said, to = '', path] = match;
  if (said === undefined && path === undefined) return to;
  const methods = said?.split(',').map((name) => METHODS.find((method) => method === name));
  if (methods?.includes(undefined) === true || (path !== undefined && !isPathPattern(path))) return undefined;
  return {
    to,
    ...(methods !== undefined && { methods: methods.filter((method) => method !== undefined) }),
    ...(path !== undefined && { paths: [path] }),
  };
}
