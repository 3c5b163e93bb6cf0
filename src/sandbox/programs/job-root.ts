import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';

const MAX_LINKS = 40;

/** A file, wherever it is named. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

export function identityOf(path: string): FileIdentity | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return { device: dev, inode: ino };
  } catch {
    return undefined;
  }
}

export function isSameFile(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a !== undefined && b !== undefined && a.device === b.device && a.inode === b.inode;
}

/** The root of a job, seen from outside through its process 1, whose root cannot be changed from inside. */
export class JobRoot {
  readonly #at: string;
  readonly #readOnly: readonly { readonly point: string; readonly readOnly: boolean }[];

  constructor(initPid: number) {
    this.#at = `/proc/${initPid}/root`;
    // A job cannot mount: what was there when it began is what is there.
    this.#readOnly = mountsOf(initPid);
  }

  /** Whether what lies at a path of the job's root lies where the job cannot write. Absence never grants. */
  isReadOnly(path: string): boolean {
    const mount = this.#readOnly.findLast(
      ({ point }) => point === '/' || path === point || path.startsWith(`${point}/`),
    );
    return mount?.readOnly === true;
  }

  /** The file that a path of the job's root names, by its own path there; every link is followed inside, never outside. */
  realPath(path: string): string | undefined {
    let left = path.split('/').filter((part) => part !== '');
    let at = '';
    for (let links = 0; left.length > 0; ) {
      const [part = '', ...rest] = left;
      left = rest;
      if (part === '.') continue;
      if (part === '..') {
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = `${at}/${part}`;
      const link = linkAt(`${this.#at}${next}`);
      if (link === undefined) return undefined;
      if (link === 'no link') {
        at = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return undefined;
      if (link.to.startsWith('/')) at = '';
      left = [...link.to.split('/').filter((step) => step !== ''), ...left];
    }
    return at === '' ? '/' : at;
  }

  identity(path: string): FileIdentity | undefined {
    const real = this.realPath(path);
    return real === undefined ? undefined : identityOf(`${this.#at}${real}`);
  }
}

/** What a link says; undefined where there is nothing. */
function linkAt(path: string): { readonly to: string } | 'no link' | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? { to: readlinkSync(path) } : 'no link';
  } catch {
    return undefined;
  }
}

/** In the order in which they were made, so that of two at one place the later counts; by length, so that the deeper does. */
function mountsOf(pid: number): readonly { readonly point: string; readonly readOnly: boolean }[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/mountinfo`, 'latin1');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .flatMap((line) => {
      const [, , , , point, options] = line.split(' ');
      if (point === undefined || options === undefined) return [];
      const plain = point.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      );
      return [{ point: plain, readOnly: options.split(',').includes('ro') }];
    })
    .toSorted((a, b) => a.point.length - b.point.length);
}
