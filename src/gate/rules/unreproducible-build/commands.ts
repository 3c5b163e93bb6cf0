import { hasOption, type Invocation, operands } from '../../shell/invocation.ts';

/** Why a program makes something else tomorrow from the same commit. */
export interface Trap {
  readonly why: string;
  readonly fix: string;
}

const UPGRADES: Readonly<
  Record<string, (first: string, rest: readonly string[], all: Invocation) => boolean>
> = {
  'apt-get': (first) => /^(?:upgrade|dist-upgrade|full-upgrade)$/.test(first),
  apt: (first) => /^(?:upgrade|dist-upgrade|full-upgrade)$/.test(first),
  apk: (first) => first === 'upgrade',
  dnf: (first, rest) => /^(?:upgrade|update)$/.test(first) && rest.length === 0,
  yum: (first, rest) => /^(?:upgrade|update)$/.test(first) && rest.length === 0,
  brew: (first) => first === 'upgrade',
  npm: (first) => /^(?:update|up|upgrade)$/.test(first),
  pnpm: (first) => /^(?:update|up|upgrade)$/.test(first),
  yarn: (first) => /^(?:upgrade|up)$/.test(first),
  pip: (first, _, all) => first === 'install' && hasOption(all, '-U', '--upgrade'),
  uv: (first, rest, all) =>
    (first === 'lock' || first === 'sync' || (first === 'pip' && rest[0] === 'install')) &&
    hasOption(all, '-U', '--upgrade'),
  poetry: (first) => first === 'update',
  pipenv: (first) => first === 'update',
  go: (first, _, all) => first === 'get' && hasOption(all, '-u'),
  cargo: (first) => first === 'update',
  bundle: (first) => first === 'update',
  composer: (first) => first === 'update',
  mix: (first) => first === 'deps.update',
  rustup: (first) => first === 'update',
  gradle: (_first, _rest, all) => hasOption(all, '--refresh-dependencies'),
  gradlew: (_first, _rest, all) => hasOption(all, '--refresh-dependencies'),
  mvn: (_first, _rest, all) => hasOption(all, '-U', '--update-snapshots'),
  mvnw: (_first, _rest, all) => hasOption(all, '-U', '--update-snapshots'),
};

/** What takes the newest there is. */
export function upgrades(invocation: Invocation): Trap | undefined {
  const { program } = invocation;
  const rule = Object.hasOwn(UPGRADES, program) ? UPGRADES[program] : undefined;
  const [first = '', ...rest] = operands(invocation).map(({ value }) => value);
  if (rule?.(first, rest, invocation) === true)
    return {
      why: `${program} ${first} takes what is newest on the day`,
      fix: 'build from what a lockfile, a digest or a dated snapshot holds, and update in a change of its own',
    };
  const built =
    (program === 'docker' || program === 'podman' || program === 'buildah') &&
    /^(?:build|bud|buildx|image)$/.test(first) &&
    (first !== 'buildx' || rest[0] === 'build' || rest[0] === 'bake');
  if (built && hasOption(invocation, '--pull', '--pull=always'))
    return {
      why: `${program} build --pull takes the base image that the tag names on the day`,
      fix: 'name the base image by its digest in the Dockerfile',
    };
  return undefined;
}

/** What keeps the order and the times of the machine that packs it. */
export function packs(invocation: Invocation): Trap | undefined {
  const { program, args } = invocation;
  const values = args.map(({ value }) => value);
  const [first = ''] = values;
  switch (program) {
    case 'tar':
    case 'gtar': {
      const creates =
        hasOption(invocation, '--create') ||
        /^[a-zA-Z]*c[a-zA-Z]*$/.test(first) ||
        values.some((value) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(value) && !/^-C$/.test(value));
      return creates &&
        !(hasOption(invocation, '--sort') && hasOption(invocation, '--mtime', '--clamp-mtime'))
        ? {
            why: 'tar keeps the order of the folder and the times of its files',
            fix: 'tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner, or git archive',
          }
        : undefined;
    }
    case 'zip':
      return values.some((value) => /^-[a-zA-Z]*X/.test(value)) ||
        hasOption(invocation, '--no-extra', '-d', '-T', '-sf')
        ? undefined
        : {
            why: 'zip keeps times, owners and the order of the folder',
            fix: 'set the times of the files, and zip -X with a sorted list (find … | sort | zip -X@ …)',
          };
    case 'gzip':
      return values.some((value) => /^-[a-zA-Z0-9]*[ndltc]/.test(value)) ||
        hasOption(invocation, '--no-name', '--decompress', '--test')
        ? undefined
        : { why: 'gzip keeps the name and the time of the file', fix: 'gzip -n' };
    default:
      return undefined;
  }
}

/** What counts commits or looks for a tag. */
export function readsHistory(invocation: Invocation): boolean {
  const [first = ''] = operands(invocation, ['-C', '-c']).map(({ value }) => value);
  return (
    invocation.program === 'git' &&
    (first === 'describe' || (first === 'rev-list' && hasOption(invocation, '--count')))
  );
}
