import type { Boot } from './boots.ts';

/** A boot whose attacks have their names. */
export type NamedBoot = Boot & { readonly replay: readonly string[] };

/** What a machine gave back: the text of each file of its results; what it did not write is absent. */
export type Results = Readonly<Partial<Record<ResultName, string>>>;
export const RESULT_NAMES = [
  'machine',
  'doctor',
  'doctor.status',
  'tests',
  'tests.status',
  'replay',
  'replay.status',
  'done',
] as const;
type ResultName = (typeof RESULT_NAMES)[number];

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** What was wrong, each a sentence; empty: all was executed, and all of it held. */
  readonly wrong: readonly string[];
}

/**
 * Judges a boot by what its machine wrote. What was asked for and is not there has failed: a machine that went off early, a
 * suite without a test, a replay that did not run, a test that was left out, and a machine that is not the one meant.
 */
export function judge(boot: NamedBoot, results: Results): Verdict {
  const parts = [
    judgeMachine(boot, results.machine),
    ...(boot.holds.length > 0 ? [judgeDoctor(boot, results.doctor, results['doctor.status'])] : []),
    ...(boot.suites.length > 0 ? [judgeTests(boot, results.tests, results['tests.status'])] : []),
    ...(boot.replay.length > 0 ? [judgeReplays(boot, results.replay, results['replay.status'])] : []),
  ];
  const all = [...parts, ...(results.done === undefined ? [{ wrong: ['it did not come to its end'] }] : [])];
  const wrong = all.flatMap((part) => part.wrong);
  return {
    passed: sum(parts.map(({ passed = 0 }) => passed)),
    // What was not reached is no better than what did not hold.
    failed: Math.max(sum(parts.map(({ failed = 0 }) => failed)), wrong.length > 0 ? 1 : 0),
    wrong,
  };
}

interface Part {
  readonly passed?: number;
  readonly failed?: number;
  readonly wrong: readonly string[];
}

function judgeMachine(boot: Boot, text = ''): Part {
  return {
    wrong: boot.proof
      .filter((word) => !text.includes(word))
      .map((word) => `it is not the machine meant: no ${word}`),
  };
}

function judgeDoctor(boot: Boot, text = '', status = ''): Part {
  const found = lines(text);
  const held = (name: string): boolean => found.some((one) => one['name'] === name && one['held'] === true);
  const lacking = boot.holds.filter((name) => !held(name));
  return {
    passed: boot.holds.length - lacking.length,
    failed: lacking.length,
    wrong: [
      ...lacking.map((name) => `doctor: ${name} does not hold`),
      ...(status.trim() === '0' ? [] : [`doctor ended with ${status.trim() || 'nothing'}`]),
    ],
  };
}

function judgeTests(boot: Boot, text = '', status = ''): Part {
  const report = parsed(text);
  const count = (name: string): number => (typeof report[name] === 'number' ? report[name] : 0);
  const files = Array.isArray(report['testResults']) ? report['testResults'].map(fileOf) : [];
  const [passed, failed, total] = [count('numPassedTests'), count('numFailedTests'), count('numTotalTests')];
  const without = boot.suites.filter(
    (suite) => !files.some((one) => one.path.includes(suite) && one.tests > 0),
  );
  return {
    passed,
    failed: Math.max(failed, total - passed),
    wrong: [
      ...without.map((suite) => `no test of ${suite} was executed`),
      ...(passed > 0 && passed === total && status.trim() === '0'
        ? []
        : [`tests: ${passed} of ${total} passed, and they ended with ${status.trim() || 'nothing'}`]),
    ],
  };
}

function fileOf(value: unknown): { readonly path: string; readonly tests: number } {
  const file = value as { readonly name?: unknown; readonly assertionResults?: unknown };
  return {
    path: typeof file.name === 'string' ? file.name : '',
    tests: Array.isArray(file.assertionResults) ? file.assertionResults.length : 0,
  };
}

function judgeReplays(boot: NamedBoot, text = '', status = ''): Part {
  const replays = lines(text).filter(({ verdict }) => verdict !== 'pending' && verdict !== 'not-applicable');
  const contained = replays.filter((one) => one['verdict'] === 'contained').length;
  const others = replays.filter((one) => one['verdict'] !== 'contained');
  const ran = new Set(replays.flatMap((one) => [one['attack'], `${one['attack']}/${one['case']}`]));
  const unreached = boot.replay.filter((name) => !ran.has(name));
  return {
    passed: contained,
    failed: others.length + unreached.length,
    wrong: [
      ...unreached.map((name) => `replay ${name} did not run`),
      ...others.map((one) => `replay ${one['attack']}/${one['case']}: ${one['verdict']}: ${one['why']}`),
      ...(contained > 0 && status.trim() === '0'
        ? []
        : [`${contained} replays contained, status ${status.trim() || 'none'}`]),
    ],
  };
}

function lines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text.split('\n').filter(Boolean).map(parsed);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
