import { posix } from 'node:path';
import type { SandboxRequest } from '../contract.ts';
import type { HostFacts } from './host-facts.ts';

/**
 * The small root file system under the mounts: only mount points, links, and a synthetic `/etc`. With an image it lies over
 * the image's own, and hides what has the same name there: every mount point is a folder of ours, whatever the image has.
 */
export interface RootTree {
  readonly directories: readonly { readonly path: string; readonly mode: number }[];
  /** Empty files that a file is mounted over. */
  readonly points: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly files: readonly { readonly path: string; readonly content: string | Uint8Array }[];
  /** Of the host's `/etc`, with the same path. Copied, as each mount costs more than the file. */
  readonly copies: readonly string[];
}

/** Which of the reviewed `/etc` entries are files. */
const ETC_FILES = new Set([
  'bash.bashrc',
  'gai.conf',
  'host.conf',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'localtime',
  'magic',
  'maven/m2.conf',
  'mime.types',
  'protocols',
  'services',
  'ssl/openssl.cnf',
  'timezone',
]);

/** Folders in which a mount point is made by a mount of ours, not by the tree. */
const COVERED = ['/tmp', '/home/runner', '/dev', '/proc'];

/** What every root has, whatever else it is made of. */
const OWN_FOLDERS = [
  '/etc',
  '/proc',
  '/dev',
  '/dev/shm',
  '/sys',
  '/run/cofferdam',
  '/home/runner',
  '/var/lib',
  '/var/log',
  '/opt',
  '/mnt',
  '/root',
  '/srv',
];

/** Whether it, or what is below it, is a folder of every root's: an image's own of that name is not seen. */
export function isOwnFolder(path: string): boolean {
  return path === '/tmp' || OWN_FOLDERS.some((own) => own === path || own.startsWith(`${path}/`));
}

export function baseTree(request: SandboxRequest, host: HostFacts): RootTree {
  const links = linksOf(request, host);
  const covered = request.root.kind === 'host' ? [...COVERED, '/usr'] : COVERED;
  const outsideCovered = (path: string): boolean => !isBelow(covered, path);
  const bound = [...request.readPaths, ...request.writePaths].map((one) => ({
    ...one,
    path: behind(links, one.path),
  }));
  const points = [
    '/run/cofferdam-init',
    ...bound.filter((one) => one.file === true && outsideCovered(one.path)).map((one) => one.path),
  ];
  const directories = [
    ...OWN_FOLDERS,
    ...(request.root.kind === 'host'
      ? [
          '/usr',
          ...host.rootEntries.filter((entry) => entry.target === undefined).map((entry) => `/${entry.name}`),
          ...etcFolders(host),
        ]
      : []),
    ...[
      behind(links, request.workspace.path),
      ...request.temporary.map((path) => behind(links, path)),
      ...bound.filter((one) => one.file !== true).map((one) => one.path),
    ].filter(outsideCovered),
  ];
  return {
    directories: [...directories.map((path) => ({ path, mode: 0o755 })), { path: '/tmp', mode: 0o1777 }],
    points,
    links,
    files: [
      ...identityFiles(request.hostname),
      ...(request.root.kind === 'host' ? systemFiles() : []),
      ...request.files,
    ],
    copies:
      request.root.kind === 'host' ? pathsOf(host.etcEntries.filter((name) => ETC_FILES.has(name))) : [],
  };
}

/** GitHub's machines have a `python`; Debian's have only this. */
export const PYTHON_LINK = { path: '/opt/cofferdam/bin/python', target: '/usr/bin/python3' };

/** The reviewed folders of the host's `/etc`, each of which is mounted. */
export function etcFolders(host: HostFacts): readonly string[] {
  return pathsOf(host.etcEntries.filter((name) => !ETC_FILES.has(name)));
}

function pathsOf(names: readonly string[]): readonly string[] {
  return names.map((name) => `/etc/${name}`);
}

function linksOf(request: SandboxRequest, host: HostFacts): RootTree['links'] {
  return [
    ...(request.root.kind === 'host'
      ? [
          ...host.rootEntries.flatMap((entry) =>
            entry.target === undefined ? [] : [{ path: `/${entry.name}`, target: entry.target }],
          ),
          PYTHON_LINK,
        ]
      : []),
    { path: '/var/tmp', target: '/tmp' },
    { path: '/var/run', target: '/run' },
    { path: '/etc/mtab', target: '/proc/self/mounts' },
  ];
}

/** Where a path below one of our links lies: there is nothing to make in the link's own place. */
function behind(links: RootTree['links'], path: string): string {
  const link = links.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  return link === undefined
    ? path
    : posix.resolve(posix.dirname(link.path), link.target) + path.slice(link.path.length);
}

function isBelow(folders: readonly string[], path: string): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** Who the job is, and where it asks for names. */
function identityFiles(hostname: string): RootTree['files'] {
  return [
    {
      path: '/etc/passwd',
      content:
        'root:x:0:0:root:/root:/usr/sbin/nologin\nrunner:x:1001:1001:runner:/home/runner:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n',
    },
    { path: '/etc/group', content: 'root:x:0:\nrunner:x:1001:\nnogroup:x:65534:\n' },
    { path: '/etc/hosts', content: `127.0.0.1 localhost ${hostname}\n::1 localhost ip6-localhost\n` },
    { path: '/etc/hostname', content: `${hostname}\n` },
    // The gateway's resolver, in the job's own network namespace; short waits, because it always answers.
    { path: '/etc/resolv.conf', content: 'nameserver 127.0.0.1\noptions timeout:2 attempts:2\n' },
    {
      path: '/etc/nsswitch.conf',
      content: 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
    },
  ];
}

/** What an image says of itself. */
function systemFiles(): RootTree['files'] {
  return [
    { path: '/etc/shells', content: '/bin/sh\n/bin/bash\n' },
    { path: '/etc/os-release', content: 'ID=cofferdam\nNAME="Cofferdam sandbox"\n' },
  ];
}
