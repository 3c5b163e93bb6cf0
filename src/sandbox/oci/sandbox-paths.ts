import { join } from 'node:path';

/** Where the parts of a sandbox lie in its own folder. What nobody else may pass through lies below `private`. */
export function pathsIn(directory: string) {
  const inPrivate = join(directory, 'private');
  return {
    bundle: join(directory, 'bundle'),
    private: inPrivate,
    memory: join(inPrivate, 'memory'),
    above: join(inPrivate, 'above'),
    shown: join(inPrivate, 'shown'),
  };
}
