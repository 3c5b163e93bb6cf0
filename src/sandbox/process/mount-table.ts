import type { Mount, RuntimeConfig } from '../oci/runtime-spec.ts';

/** A mount as process 1 sees it (proc_pid_mountinfo(5)), with the super options that bound it. */
export interface SeenMount {
  readonly path: string;
  readonly options: readonly string[];
  readonly type: string;
  readonly superOptions: readonly string[];
  /** Whether mounts pass from here to other namespaces (`shared`), only from others to here (`slave`), or neither. */
  readonly propagation: string;
}

const PAGE = 4_096;
/** What a runtime puts over `/dev` by itself, from the host's own devices, when the user namespace may make none. */
const DEVICES = new Set(['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`));
const HARDENING = ['ro', 'nosuid', 'nodev', 'noexec'] as const;
const LINE =
  /^mount\t([^\t\n]{1,2000})\t([^\t\n]{1,500})\t([^\t\n]{1,60})\t([^\t\n]{0,500})\t(private|slave|shared)$/;

export function readMount(line: string): SeenMount | undefined {
  const match = LINE.exec(line);
  const [, path, options, type, superOptions, propagation] = match ?? [];
  if (
    path === undefined ||
    options === undefined ||
    type === undefined ||
    superOptions === undefined ||
    propagation === undefined
  )
    return undefined;
  return {
    path: path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    ),
    options: options.split(','),
    type,
    superOptions: superOptions.split(','),
    propagation,
  };
}

/**
 * The first way in which the mounts inside differ from the planned ones: one that is missing, that allows more than
 * planned, that is larger, that was not planned, or that passes mounts on. Undefined: none. `inside` tells where a
 * destination lies behind the links of the root.
 */
export function mountsUnlike(
  config: RuntimeConfig,
  seen: readonly SeenMount[],
  inside: (destination: string) => string,
  ownKernel = false,
): string | undefined {
  // Over single files a runtime binds the host's devices, which stay slaves of the host's; nothing can be mounted below them.
  const single = new Set([...DEVICES, ...config.linux.maskedPaths]);
  const joined = seen.find(
    ({ path, propagation }) => propagation === 'shared' || (propagation === 'slave' && !single.has(path)),
  );
  if (joined !== undefined) return `${joined.path} shares its mounts`;
  // Of several at one place, the last one is on top; what lies below a later mount of a folder above cannot be reached.
  const top = new Map(seen.map((mount) => [mount.path, mount]));
  const root = top.get('/');
  if (root === undefined || !root.options.includes('ro')) return '/ can be written';
  const planned = new Map(config.mounts.map((mount) => [inside(mount.destination), mount]));
  for (const [path, mount] of planned) {
    const there = top.get(path);
    if (there === undefined) return `${path} is not mounted`;
    const lacking = lacks(mount, there, ownKernel);
    if (lacking !== undefined) return `${path} ${lacking}`;
  }
  const other = new Set(['/', ...DEVICES, ...config.linux.maskedPaths, ...config.linux.readonlyPaths]);
  const extra = seen.find(({ path }) => !planned.has(path) && !other.has(path));
  return extra === undefined ? undefined : `${extra.path} was not planned`;
}

function lacks(planned: Mount, seen: SeenMount, ownKernel: boolean): string | undefined {
  const type = ownKernel && planned.destination === '/dev' ? 'dev' : planned.type;
  if (type !== 'bind' && type !== seen.type) return `is a ${seen.type}`;
  const wanting = HARDENING.find(
    (option) =>
      planned.options.includes(option) &&
      !seen.options.includes(option) &&
      // gVisor does not say it; of the host's devices it has none to open.
      !(ownKernel && option === 'nodev'),
  );
  if (wanting !== undefined) return `is without ${wanting}`;
  if (type === 'dev') return undefined;
  for (const [name, slack] of [
    ['size', PAGE - 1],
    ['nr_inodes', 0],
    ['max', 0],
  ] as const) {
    // gVisor's terminals are its own.
    if (ownKernel && name === 'max') continue;
    const most = bound(planned.options, name);
    if (most === undefined) continue;
    const is = bound(seen.superOptions, name);
    if (is === undefined || is > most + slack) return `has no ${name} of ${most}`;
  }
  return undefined;
}

/** The kernel says `size=9768k`, and rounds up to pages. */
function bound(options: readonly string[], name: string): number | undefined {
  const text = options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const [, digits, unit] = /^(\d{1,15})(k?)$/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits) * (unit === 'k' ? 1_024 : 1);
}
