import type { Hop } from '../finding.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import { type Invocation, invocationOf, operands } from '../shell/invocation.ts';
import type { Subject } from '../subject.ts';

/** First words, that are no options, with which a program makes something; `*`: whatever it is given. */
const BUILDS: Readonly<Record<string, RegExp>> = {
  npm: /^(?:pack|(?:run|run-script) (?:build|compile|package|bundle|dist|prod)\b)/,
  pnpm: /^(?:pack|build|compile|run (?:build|compile|package|bundle|dist)\b)/,
  yarn: /^(?:pack|build|compile|run (?:build|compile|package|bundle|dist)\b)/,
  bun: /^(?:build|run (?:build|compile|package|bundle|dist)\b)/,
  make: /^(?:$|all|build|release|dist|package|image|binar|compile)/,
  cargo: /^(?:build|b|package|deb|bundle|zigbuild|xwin)\b/,
  go: /^build\b/,
  mvn: /\b(?:package|install|verify)\b/,
  mvnw: /\b(?:package|install|verify)\b/,
  gradle: /\b(?:build|assemble\w*|bundle\w*|jar|shadowJar|distZip|installDist)\b/,
  gradlew: /\b(?:build|assemble\w*|bundle\w*|jar|shadowJar|distZip|installDist)\b/,
  build: /^/,
  uv: /^build\b/,
  poetry: /^build\b/,
  hatch: /^build\b/,
  flit: /^build\b/,
  pdm: /^build\b/,
  maturin: /^build\b/,
  python: /^setup\.py (?:s|b)dist/,
  docker: /^(?:build|buildx (?:build|bake)|image build|compose build)\b/,
  podman: /^build\b/,
  buildah: /^(?:bud|build)\b/,
  dotnet: /^(?:build|pack|publish)\b/,
  cmake: /^/,
  ninja: /^/,
  meson: /^compile\b/,
  bazel: /^build\b/,
  gem: /^build\b/,
  mix: /^(?:compile|release)\b/,
  sbt: /\b(?:package|assembly|compile)\b/,
  swift: /^build\b/,
  xcodebuild: /\b(?:build|archive)\b/,
  zig: /^build\b/,
  'wasm-pack': /^build\b/,
  'electron-builder': /^/,
  tsc: /^/,
  webpack: /^/,
  vite: /^build\b/,
  rollup: /^/,
  helm: /^package\b/,
  ko: /^build\b/,
};
const TESTS: Readonly<Record<string, RegExp>> = {
  npm: /^(?:t|test|run (?:test|check|ci)\b)/,
  pnpm: /^(?:test|run (?:test|check|ci)\b)/,
  yarn: /^(?:test|run (?:test|check|ci)\b)/,
  bun: /^(?:test|run test)/,
  make: /^(?:test|check|ci)\b/,
  cargo: /^(?:test|t|nextest)\b/,
  go: /^test\b/,
  mvn: /\b(?:test|verify)\b/,
  mvnw: /\b(?:test|verify)\b/,
  gradle: /\b(?:test|check)\b/,
  gradlew: /\b(?:test|check)\b/,
  dotnet: /^test\b/,
  pytest: /^/,
  tox: /^/,
  nox: /^/,
  ctest: /^/,
  vitest: /^/,
  jest: /^/,
  bazel: /^test\b/,
  rspec: /^/,
  mix: /^test\b/,
};
/** Actions that make something. */
const ACTIONS =
  /^(?:docker\/(?:build-push|bake)-action|depot\/build-push-action|pypa\/cibuildwheel|pyo3\/maturin-action|hynek\/build-and-inspect-python-package|redhat-actions\/buildah-build|actions-rs\/cargo)$/;

/** Where a job makes something. */
export function buildIn(subject: Subject, file: WorkflowFile, job: JobPart): Hop | undefined {
  return doneIn(subject, file, job, isBuild, 'builds', ACTIONS);
}

/** Where a job tries something. */
export function testIn(subject: Subject, file: WorkflowFile, job: JobPart): Hop | undefined {
  return doneIn(subject, file, job, isTest, 'tests');
}

export function isBuild(invocation: Invocation): boolean {
  return meant(BUILDS, invocation);
}

function isTest(invocation: Invocation): boolean {
  return meant(TESTS, invocation);
}

function meant(table: Readonly<Record<string, RegExp>>, invocation: Invocation): boolean {
  const pattern = Object.hasOwn(table, invocation.program) ? table[invocation.program] : undefined;
  if (pattern === undefined) return false;
  const words = operands(invocation, ['-C', '--prefix', '--filter', '-F', '-f', '--dir', '--cwd', '-j'])
    .slice(0, 8)
    .map(({ value }) => value);
  return pattern.test(words.join(' '));
}

function doneIn(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  does: (invocation: Invocation) => boolean,
  what: string,
  actions?: RegExp,
): Hop | undefined {
  for (const step of job.steps) {
    const { uses, run } = step;
    if (uses?.kind === 'repository' && actions?.test(uses.repository) === true)
      return { at: spanOf(file.source, uses.at, uses.text.length), what };
    if (run === undefined) continue;
    for (const command of subject.script({ file, job, step })?.commands ?? []) {
      const invocation = invocationOf(command);
      if (invocation !== undefined && does(invocation))
        return { at: pieceSpan(file.source, run, command.text), what };
    }
  }
  return undefined;
}
