import { hasOption, type Invocation, operands } from '../../shell/invocation.ts';

export interface NamedPackages {
  readonly packages: readonly string[];
  /** Each has a whole version. */
  readonly exact: boolean;
  readonly fix: string;
}

const VALUED = [
  '-r',
  '--requirement',
  '-c',
  '--constraint',
  '-e',
  '--editable',
  '-i',
  '--index-url',
  '--extra-index-url',
  '--find-links',
  '-f',
  '-t',
  '--target',
  '--prefix',
  '-C',
  '--cwd',
  '--dir',
  '--filter',
  '-w',
  '--workspace',
  '--registry',
  '-p',
  '--package',
  '--python',
  '--root',
  '--path',
  '--git',
  '--tag',
  '--branch',
  '--rev',
  '--features',
  '-F',
  '--version',
  '-v',
  '--tool-path',
  '--add-source',
  '--with',
  '--from',
  '--spec',
  '--source',
  '-n',
  '--name',
  '--install-dir',
  '-i',
  '--bindir',
  '--no-binary',
  '--only-binary',
  '--platform',
  '--target',
  '-j',
  '--jobs',
  '--profile',
  '--unsafe-perm',
  '--disable-strategies',
  '--strategies',
  '--log-level',
  '--targets',
  '--progress-bar',
  '--generate-shell-completion',
  '--toolchain',
];
const NODE_FIX = 'name it in package.json, and install with the lockfile (npm ci); run it with npx --no';
/** The installers themselves: newer ones are taken by very many, and change nothing of what is locked. */
const TOOLING = new Set(['pip', 'setuptools', 'wheel']);

/** The packages that a command installs or runs by name; undefined when it does neither. */
export function namedPackages(invocation: Invocation): NamedPackages | undefined {
  const { program } = invocation;
  const words = operands(invocation, VALUED).map(({ value }) => value);
  const [first = '', second = '', ...rest] = words;
  if (hasOption(invocation, '--help', '--dry-run', '--no-index', '--offline', '--no-install', '--no'))
    return undefined;
  switch (program) {
    case 'npm':
      if (['install', 'i', 'add', 'in'].includes(first)) return node(words.slice(1));
      return first === 'exec' && yes(invocation) ? node(packagesGiven(invocation, [second])) : undefined;
    case 'npx':
    case 'pnpx':
    case 'bunx':
      // Without a version and without `-y` it may be one of the project\u2019s own.
      return yes(invocation) ||
        hasOption(invocation, '-p', '--package') ||
        /.@[^/]/.test(first) ||
        program === 'bunx'
        ? node(packagesGiven(invocation, [first]))
        : undefined;
    case 'pnpm':
    case 'yarn':
      if (first === 'global' && second === 'add') return node(rest);
      if (first === 'add' || (program === 'pnpm' && ['install', 'i'].includes(first)))
        return node(words.slice(1));
      return first === 'dlx' ? node(packagesGiven(invocation, [second])) : undefined;
    case 'bun':
      if (['add', 'install', 'i'].includes(first)) return node(words.slice(1));
      return first === 'x' ? node([second]) : undefined;
    case 'pip':
      return first === 'install' ? python(words.slice(1)) : undefined;
    case 'pipx':
      return ['install', 'run'].includes(first) ? python([specOf(invocation) ?? second]) : undefined;
    case 'uvx':
      return python([specOf(invocation) ?? first]);
    case 'uv':
      if (first === 'pip' && second === 'install') return python(rest);
      if (first === 'tool' && ['install', 'run'].includes(second))
        return python([specOf(invocation) ?? rest[0] ?? '']);
      return undefined;
    case 'conda':
    case 'mamba':
      return first === 'install' && !hasOption(invocation, '--file') ? python(words.slice(1)) : undefined;
    case 'poetry':
      return first === 'add' ? python(words.slice(1)) : undefined;
    case 'bundle':
      return first === 'add'
        ? of(
            [second, ...rest],
            () => hasOption(invocation, '--version', '-v'),
            'name it in the Gemfile, and use bundle install with its lockfile',
          )
        : undefined;
    case 'gem':
      return first === 'install' && !second.endsWith('.gem')
        ? of(
            [second, ...rest],
            () =>
              hasOption(invocation, '-v', '--version') || [second, ...rest].every((name) => /:\d/.test(name)),
            'name it in the Gemfile, and use bundle install with its lockfile',
          )
        : undefined;
    case 'go':
      return ['install', 'run', 'get'].includes(first)
        ? go(first === 'run' ? [second] : [second, ...rest], first === 'get')
        : undefined;
    case 'cargo': {
      if (!['install', 'binstall'].includes(first) || hasOption(invocation, '--path')) return undefined;
      const names = [second, ...rest];
      const exact =
        hasOption(invocation, '--version', '--rev', '--tag') || names.every((name) => /@\d/.test(name));
      // With its version and its own lockfile all of it is held.
      if (exact && hasOption(invocation, '--locked')) return undefined;
      return of(names, () => exact, 'name a version, and use --locked: cargo install NAME@1.2.3 --locked');
    }
    case 'dotnet':
      return first === 'tool' && second === 'install'
        ? of(
            rest,
            () => hasOption(invocation, '--version'),
            'name it in .config/dotnet-tools.json, and use dotnet tool restore',
          )
        : undefined;
    case 'composer':
      if (first === 'require')
        return of(
          words.slice(1),
          (name) => /:\d+\.\d+\.\d+$/.test(name),
          'name it in composer.json, and use composer install',
        );
      return first === 'global' && second === 'require'
        ? of(
            rest,
            (name) => /:\d+\.\d+\.\d+$/.test(name),
            'name it in composer.json, and use composer install',
          )
        : undefined;
    case 'choco':
    case 'nuget':
      return ['install', 'upgrade'].includes(first) && !/\.(?:config|sln|csproj)$/.test(second)
        ? of(
            words.slice(1),
            () => hasOption(invocation, '--version', '-version', '-Version'),
            program === 'choco'
              ? 'name its version in a packages.config that is kept with the code'
              : 'name it in the project, and use dotnet restore --locked-mode',
          )
        : undefined;
    default:
      return undefined;
  }
}

function yes(invocation: Invocation): boolean {
  return hasOption(invocation, '-y', '--yes');
}

/** What `--package` names, else the word itself. */
function packagesGiven({ args }: Invocation, otherwise: readonly string[]): readonly string[] {
  const named = args.flatMap(({ value }, at) =>
    value === '-p' || value === '--package'
      ? [args[at + 1]?.value ?? '']
      : value.startsWith('--package=')
        ? [value.slice('--package='.length)]
        : [],
  );
  return named.length > 0 ? named : otherwise;
}

function specOf({ args }: Invocation): string | undefined {
  const at = args.findIndex(({ value }) => ['--from', '--spec'].includes(value));
  return at === -1 ? undefined : args[at + 1]?.value;
}

function node(words: readonly string[]): NamedPackages {
  const names = words.filter((word) => !/^(?:\.|\/|~|file:|workspace:|link:)|\.tgz$/.test(word));
  return of(names, (name) => /.@\d+\.\d+\.\d+[\w.+-]*$/.test(name), NODE_FIX);
}

function python(words: readonly string[]): NamedPackages | undefined {
  const names = words.filter(
    (word) =>
      !/^(?:\.|\/|~|file:)|\.(?:whl|gz|zip)$|^\$|^[\w-]+\/(?!\/)/.test(word) &&
      !TOOLING.has(word.replace(/[<>=~![].*$/, '')),
  );
  return of(
    names,
    (name) => /(?:==?|@)\d[\w.]*$/.test(name),
    'name it in a list with digests (pip-compile --generate-hashes), and use pip install --require-hashes -r',
  );
}

function go(words: readonly string[], get: boolean): NamedPackages | undefined {
  // A version is held by the checksum database; `latest` and a branch are not held at all.
  const loose = words.filter(
    (word) =>
      !word.startsWith('.') &&
      (/.@(?!v\d+\.\d+\.\d+|[0-9a-f]{12,40}$)/.test(word) ||
        // `go get` takes the newest into go.mod.
        (get && /^[\w-]+\.[\w.-]+\/[^@]+$/.test(word))),
  );
  return of(loose, () => false, 'name a version (@v1.2.3), or a tool directive of go.mod');
}

function of(words: readonly string[], isExact: (name: string) => boolean, fix: string): NamedPackages {
  // An expression or a variable names what nobody can know here.
  const packages = words.filter(
    (word) => word !== '' && !/[\ue000-\uf8ff]/.test(word) && !word.includes('$'),
  );
  return { packages, exact: packages.every(isExact), fix };
}
