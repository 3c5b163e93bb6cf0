import type { StepPart } from '../repository/model.ts';
import { inputOf } from '../taint/workspace.ts';

/** How sure it is that a step takes from a cache; undefined: it does not. */
export interface Restoring {
  readonly what: string;
  /** The input by which it is switched, for an expression of it to be judged. */
  readonly by?: { readonly input: string; readonly on: (value: string) => boolean };
  /** It does so in some repositories, or in later versions alone. */
  readonly sometimes?: 'pedantic' | 'auditor';
}

type Judge = (step: StepPart, major: number | undefined) => Restoring | undefined;

const always =
  (what: string): Judge =>
  () => ({ what });

/** A switch that is on unless an input says one of these. */
const unless =
  (input: string, ...off: readonly string[]): Judge =>
  (step) => {
    const value = inputOf(step, input)?.text.trim().toLowerCase();
    return value !== undefined && off.includes(value)
      ? undefined
      : { what: `${input} is ${value ?? 'as it comes'}`, by: { input, on: (one) => !off.includes(one) } };
  };

/** A switch that is off unless an input says something. */
const asked =
  (input: string): Judge =>
  (step) => {
    const value = inputOf(step, input)?.text.trim().toLowerCase();
    return value === undefined || value === '' || value === 'false'
      ? undefined
      : {
          what: `${input} is ${value.slice(0, 60)}`,
          by: { input, on: (one) => one !== '' && one !== 'false' },
        };
  };

const since =
  (version: number, then: Judge, before: Judge): Judge =>
  (step, major) =>
    (major === undefined || major >= version ? then : before)(step, major);

const first =
  (...judges: readonly Judge[]): Judge =>
  (step, major) => {
    for (const judge of judges) {
      const found = judge(step, major);
      if (found !== undefined) return found;
    }
    return undefined;
  };

const sometimes =
  (how: 'pedantic' | 'auditor', judge: Judge): Judge =>
  (step, major) => {
    const found = judge(step, major);
    return found === undefined ? undefined : { ...found, sometimes: how };
  };

/** Actions with a cache of GitHub's, and when they take from it. Source: the documentation of each (2026-11). */
const CACHES: Readonly<Record<string, Judge>> = {
  'actions/cache': unless('lookup-only', 'true'),
  'actions/cache/restore': unless('lookup-only', 'true'),
  'actions/setup-node': first(
    asked('cache'),
    since(
      5,
      sometimes('pedantic', unless('package-manager-cache', 'false')),
      // Whoever names the version by a tag gets it with the next.
      sometimes('auditor', unless('package-manager-cache', 'false')),
    ),
  ),
  'actions/setup-go': since(4, unless('cache', 'false'), asked('cache')),
  'actions/setup-python': asked('cache'),
  'actions/setup-java': asked('cache'),
  'actions/setup-dotnet': asked('cache'),
  'graalvm/setup-graalvm': asked('cache'),
  'ruby/setup-ruby': asked('bundler-cache'),
  'astral-sh/setup-uv': since(5, unless('enable-cache', 'false'), asked('enable-cache')),
  'swatinem/rust-cache': unless('lookup-only', 'true'),
  'actions-rust-lang/setup-rust-toolchain': unless('cache', 'false'),
  'mozilla-actions/sccache-action': always('sccache keeps what was compiled'),
  'nix-community/cache-nix-action': always('it restores the store'),
  'determinatesystems/magic-nix-cache-action': always('it restores the store'),
  'jdx/mise-action': unless('cache', 'false'),
  'ramsey/composer-install': unless('ignore-cache', 'true', 'yes', '1'),
  'gradle/actions/setup-gradle': unless('cache-disabled', 'true'),
  'gradle/gradle-build-action': unless('cache-disabled', 'true'),
  'hendrikmuhs/ccache-action': always('ccache keeps what was compiled'),
  'awalsh128/cache-apt-pkgs-action': always('it restores packages'),
  'pyo3/maturin-action': asked('sccache'),
  'mlugg/setup-zig': unless('use-cache', 'false'),
  'oven-sh/setup-bun': sometimes('pedantic', unless('no-cache', 'true')),
  'docker/build-push-action': (step) =>
    /\btype=gha\b/.test(inputOf(step, 'cache-from')?.text ?? '')
      ? { what: 'cache-from names the cache of GitHub' }
      : undefined,
  // Its program alone, and only where it must be fetched.
  'docker/setup-buildx-action': (step, major) =>
    inputOf(step, 'version') === undefined
      ? undefined
      : sometimes('pedantic', unless('cache-binary', 'false'))(step, major),
};

export function restoring(step: StepPart, major: number | undefined): Restoring | undefined {
  const { uses } = step;
  if (uses?.kind !== 'repository') return undefined;
  const name = uses.path === '' ? uses.repository : `${uses.repository}/${uses.path}`;
  return Object.hasOwn(CACHES, name) ? CACHES[name]?.(step, major) : undefined;
}

export function majorOf(version: string | undefined): number | undefined {
  const [, major] = /^v?(\d{1,4})(?:\.|$|-)/.exec(version ?? '') ?? [];
  return major === undefined ? undefined : Number(major);
}
