import type { Condition } from './reach.ts';

/** A flaw that was published of a program that holds sandboxes. Reviewed data: what is here is held by `flaws.test.ts`. */
export interface Flaw {
  readonly program: 'runc' | 'crun' | 'runsc' | 'bubblewrap';
  readonly cve: string;
  /** What somebody gains, in a few words. */
  readonly what: string;
  /** Releases from `from` on and before `below`; without either there is no such end. */
  readonly affected: readonly { readonly from?: string; readonly below?: string }[];
  readonly source: string;
  /** The day, or the month where only that is known to us. */
  readonly published: string;
  /** Packages in which a distribution mended it without a new release of the program. */
  readonly mended: readonly { readonly package: string; readonly version: string; readonly source: string }[];
  /** What keeps it out of reach here; absent: nothing that we would rely on. */
  readonly closed?: { readonly when: readonly Condition[]; readonly why: string };
}

/** The day on which the table was last held against what is published. */
export const REVIEWED = '2026-11-25';

const RUNC = 'github.com/opencontainers/runc/security/advisories';
const CRUN = 'github.com/containers/crun/security/advisories';
const PROCFS = [
  { below: '1.2.8' },
  { from: '1.3.0-rc.1', below: '1.3.3' },
  { from: '1.4.0-rc.1', below: '1.4.0-rc.3' },
] as const;

export const FLAWS: readonly Flaw[] = [
  {
    program: 'runc',
    cve: 'CVE-2019-5736',
    what: 'a container overwrites the runtime, which is root of the host',
    affected: [{ below: '1.0.0-rc7' }],
    source: `${RUNC}/GHSA-gxmr-w5mj-v8hh`,
    published: '2019-02-11',
    mended: [],
  },
  {
    program: 'runc',
    cve: 'CVE-2021-30465',
    what: 'a mount is led outside of the root by a link that another container swaps meanwhile',
    affected: [{ below: '1.0.0-rc95' }],
    source: `${RUNC}/GHSA-c3xm-pvg7-gh7r`,
    published: '2021-05-19',
    mended: [{ package: 'runc', version: '1.0.0~rc94+ds1-2', source: 'its changelog (Debian bug 988768)' }],
  },
  {
    program: 'runc',
    cve: 'CVE-2024-21626',
    what: 'a descriptor of a host folder is left open for the container',
    affected: [{ from: '1.0.0-rc93', below: '1.1.12' }],
    source: `${RUNC}/GHSA-xr7r-f8xq-vfvv`,
    published: '2024-01-31',
    mended: [
      { package: 'runc', version: '1.1.5+ds1-1+deb12u1', source: 'DSA-5615-1, and its changelog' },
      { package: 'runc', version: '1.0.0~rc93+ds1-5+deb11u3', source: 'DSA-5615-1' },
      { package: 'runc', version: '1.1.7-0ubuntu1~22.04.2', source: 'USN-6619-1' },
      { package: 'runc', version: '1.1.7-0ubuntu1~20.04.2', source: 'USN-6619-1' },
      { package: 'runc', version: '1.1.7-0ubuntu2.2', source: 'USN-6619-1' },
    ],
  },
  {
    program: 'runc',
    cve: 'CVE-2024-45310',
    what: 'empty files and folders are made on the host, when two containers share a volume that is mounted in',
    affected: [{ below: '1.1.14' }, { from: '1.2.0-rc.1', below: '1.2.0-rc.3' }],
    source: `${RUNC}/GHSA-jfvp-7x6p-h2pv`,
    published: '2024-09-03',
    mended: [],
    closed: {
      when: ['private-destinations'],
      why: 'it needs a place to mount at that another container changes meanwhile, and there is none',
    },
  },
  {
    program: 'runc',
    cve: 'CVE-2025-31133',
    what: 'a hidden file of the kernel’s becomes writable, when the container’s /dev/null is swapped while it is hidden',
    affected: PROCFS,
    source: `${RUNC}/GHSA-9493-h29p-rfm2`,
    published: '2025-11-05',
    mended: [],
    closed: {
      when: ['fresh-dev', 'private-destinations', 'no-host-root', 'ordinary-user'],
      why:
        '/dev is made by the runtime itself before anything of the job runs, and no other job writes a place of the sandbox; ' +
        'the kernel’s files belong to a root that is not in the sandbox, as the advisory advises',
    },
  },
  {
    program: 'runc',
    cve: 'CVE-2025-52565',
    what: 'a file of the kernel’s becomes writable as the console, when its terminal is swapped',
    affected: [{ from: '1.0.0-rc3', below: '1.2.8' }, ...PROCFS.slice(1)],
    source: `${RUNC}/GHSA-qw9x-cqr3-wc7r`,
    published: '2025-11-05',
    mended: [],
    closed: {
      when: ['no-terminal', 'no-host-root', 'ordinary-user'],
      why: 'no console is made: the runtime is never asked for a terminal, steps get theirs from process 1',
    },
  },
  {
    program: 'runc',
    cve: 'CVE-2025-52881',
    what: 'what the runtime writes to /proc goes elsewhere, when mounts are led astray by another container',
    affected: PROCFS,
    source: `${RUNC}/GHSA-cgrx-mc8f-2prm`,
    published: '2025-11-05',
    mended: [],
    closed: {
      when: ['private-destinations', 'fresh-dev', 'no-host-root', 'ordinary-user', 'never-entered'],
      why:
        'the mounts are ours alone, none is in a place that another job changes meanwhile, and nothing of the job runs before ' +
        'the runtime has ended; that the profiles of the security modules are in force is seen from outside',
    },
  },
  {
    program: 'runc',
    cve: 'CVE-2026-41579',
    what: 'a host’s file named ptmx is removed and a few links are made beside it, when /dev of an image is a link',
    affected: [
      { below: '1.3.6' },
      { from: '1.4.0-rc.1', below: '1.4.3' },
      { from: '1.5.0-rc.1', below: '1.5.0-rc.3' },
    ],
    source: `${RUNC}/GHSA-xjvp-4fhw-gc47`,
    published: '2026-06',
    mended: [],
    closed: {
      when: ['fresh-dev'],
      why: '/dev of the root is a folder of ours, also over an image, and a file system is mounted on it first',
    },
  },
  {
    program: 'crun',
    cve: 'CVE-2022-27650',
    what: 'programs with file capabilities gain them, as some are inherited',
    affected: [{ below: '1.4.4' }],
    source: `${CRUN}/GHSA-wr4f-w546-m398`,
    published: '2022-03',
    mended: [],
    closed: {
      when: ['no-inherited-capability', 'ordinary-user'],
      why: 'none is inherited unless a profile gives it, and no program gains any',
    },
  },
  {
    program: 'crun',
    cve: 'CVE-2025-24965',
    what: 'the handler for virtual machines (krun) writes outside of the root',
    affected: [{ below: '1.20' }],
    source: `${CRUN}/GHSA-f42g-r5jj-qh4j`,
    published: '2025-02',
    mended: [],
    closed: { when: ['no-handler'], why: 'no handler is asked for' },
  },
  {
    program: 'crun',
    cve: 'CVE-2026-30892',
    what: '`crun exec --user 1` runs as root of the container',
    affected: [{ from: '1.19', below: '1.27' }],
    source: 'bugzilla.redhat.com/show_bug.cgi?id=2451576',
    published: '2026-03',
    mended: [],
    closed: { when: ['never-entered'], why: 'a running container is never entered' },
  },
  {
    program: 'crun',
    cve: 'CVE-2026-88264',
    what: 'the console lands at a path of the container’s choice',
    // 1.29.1 and earlier, and no release was known to mend it when this was reviewed.
    affected: [{}],
    source: 'bugzilla.redhat.com/show_bug.cgi?id=2531223',
    published: '2026-09',
    mended: [],
    closed: {
      when: ['fresh-dev', 'no-terminal'],
      why: 'no console is made, and /dev is a file system that the runtime has just made',
    },
  },
  {
    program: 'crun',
    cve: 'CVE-2026-88265',
    what: 'a host’s file becomes the container’s standard input, when /dev/null is a link',
    affected: [{}],
    source: 'bugzilla.redhat.com/show_bug.cgi?id=2531224',
    published: '2026-09',
    mended: [],
    closed: { when: ['fresh-dev'], why: '/dev is a file system that the runtime has just made' },
  },
  {
    program: 'runsc',
    cve: 'CVE-2025-2713',
    what: 'before its first fork a program reads files that its user may not',
    // The mend is commit 586c38d7, before the day of publication: what was released after that day has it.
    affected: [{ below: '20250329' }],
    source: 'osv.dev/vulnerability/CVE-2025-2713',
    published: '2025-03-28',
    mended: [],
    closed: {
      when: ['no-host-root'],
      why: 'gVisor itself is nobody on the host: it reads what everybody may',
    },
  },
  {
    program: 'bubblewrap',
    cve: 'CVE-2026-41163',
    what: 'installed set-user-id, it makes mounts for who attaches to it',
    affected: [{ from: '0.11.0', below: '0.11.2' }],
    source: 'cve.org/CVERecord?id=CVE-2026-41163',
    published: '2026-04',
    mended: [],
  },
  {
    program: 'bubblewrap',
    cve: 'CVE-2026-87766',
    what: 'files and folders are made outside of the root, when a folder of it is a link',
    affected: [{ below: '0.12.0' }],
    source: 'github.com/containers/bubblewrap/security/advisories/GHSA-pxhw-h44j-8pfx',
    published: '2026-08',
    mended: [],
  },
];
