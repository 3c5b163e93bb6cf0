import type { Request } from './decide.ts';

/** What servers and what stands before them take for the method, or for the path, in place of the request's own. */
const METHOD = ['x-http-method-override', 'x-http-method', 'x-method-override'];
const PATH = ['x-original-url', 'x-rewrite-url', 'x-original-uri'];

/** What headers say that a request is in truth; `headers` are names and values in turn. Many servers obey them, and many do not. */
export function overridesIn(headers: readonly string[]): Pick<Request, 'methodsToo' | 'pathToo'> {
  const methods: string[] = [];
  let path = false;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] ?? '').toLowerCase().replaceAll('_', '-');
    if (METHOD.includes(name)) methods.push((headers[at + 1] ?? '').trim().toUpperCase());
    path ||= PATH.includes(name);
  }
  return { ...(methods.length > 0 && { methodsToo: methods }), ...(path && { pathToo: true as const }) };
}
