import { normalisePath } from './path-pattern.ts';

/**
 * Whether a request is one of those by which git fetches over HTTP (gitprotocol-http(5), the smart protocol) and nothing else: the
 * refs for an upload-pack, and the upload-pack itself. A push asks for `git-receive-pack` in the same places, and is none; nor is
 * anything whose path or parameter could be read in two ways.
 */
export function isGitFetch({ method, path }: { readonly method: string; readonly path: string }): boolean {
  const at = path.indexOf('?');
  const query = at === -1 ? undefined : path.slice(at + 1);
  const segments = normalisePath(path);
  const last = segments?.at(-1);
  if (method === 'GET')
    return last === 'refs' && segments?.at(-2) === 'info' && query === 'service=git-upload-pack';
  return method === 'POST' && last === 'git-upload-pack' && query === undefined;
}
