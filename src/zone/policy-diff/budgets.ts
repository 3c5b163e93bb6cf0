import {
  type AllowEntry,
  type EgressRule,
  matchesPath,
  METHODS,
  pathKinds,
  programText,
  readsRequests,
  strictness,
} from '../../config/index.ts';
import { placesOf, programsOf, rulesFor } from './egress-cells.ts';

const BUDGETS = [
  ['uploadBytes', 'bytes to'],
  ['downloadBytes', 'bytes from'],
  ['requests', 'requests to'],
] as const;

/** What can be said, as far as rules tell it apart. */
interface Said {
  readonly method: string;
  readonly path: readonly string[];
  readonly git: boolean;
}

const METHODS_AND_ANOTHER = [...METHODS, 'another method'];

/**
 * Where both lists let something be reached and `wider` lets more pass there. A rule's bound is for all that the rule decides, so each
 * kind of request is asked for which rule decides it in both: what was one bound may be several, which then add up.
 */
export function budgetsBeyond(
  wider: readonly AllowEntry[],
  narrower: readonly AllowEntry[],
): readonly string[] {
  const programs = programsOf([...wider, ...narrower]);
  const instead = new Map<EgressRule, Set<EgressRule>>();
  for (const { host, port } of placesOf([...wider, ...narrower])) {
    for (const program of programs) {
      const [theirs, ours] = [rulesFor(wider, host, port, program), rulesFor(narrower, host, port, program)];
      if (theirs.length === 0 || ours.length === 0) continue;
      for (const said of kindsOf([...theirs, ...ours])) {
        const [more, less] = [deciding(theirs, said), deciding(ours, said)];
        if (more === undefined || less === undefined) continue;
        instead.set(less, (instead.get(less) ?? new Set()).add(more));
      }
    }
  }
  const found = [...instead].flatMap(([less, all]) =>
    BUDGETS.flatMap(([key, words]) => {
      const most = less[key] ?? Number.POSITIVE_INFINITY;
      const more = [...all].reduce((sum, one) => sum + (one[key] ?? Number.POSITIVE_INFINITY), 0);
      if (more <= most) return [];
      const number = more === Number.POSITIVE_INFINITY ? 'any number of' : `${more}`;
      return [`${number} ${words} ${placeText(less)}, where ${most} were the most`];
    }),
  );
  return [...new Set(found)];
}

function placeText({ to, programs = [] }: EgressRule): string {
  return programs.length === 0 ? to : `${to} by ${programs.map(programText).join(' or ')}`;
}

/** Each kind of request that the rules tell apart; undefined is what is not read. */
function kindsOf(rules: readonly EgressRule[]): readonly (Said | undefined)[] {
  const bounded = rules.some((rule) => BUDGETS.some(([key]) => rule[key] !== undefined));
  if (!bounded) return [];
  const paths = pathKinds(['/**', ...new Set(rules.flatMap((rule) => rule.paths ?? []))]);
  return [
    undefined,
    ...METHODS_AND_ANOTHER.flatMap((method) =>
      paths.flatMap((path) => [false, true].map((git) => ({ method, path, git }))),
    ),
  ];
}

/** The rule that decides, as the gateway finds it: one under which nothing is read, else the first whose words it is. */
function deciding(rules: readonly EgressRule[], said: Said | undefined): EgressRule | undefined {
  const sorted = rules.toSorted((a, b) => strictness(a) - strictness(b));
  const unread = sorted.find((rule) => !readsRequests(rule));
  if (unread !== undefined || said === undefined) return unread;
  const { method, path, git } = said;
  return sorted.find(
    (rule) =>
      (rule.git === undefined || (git && (method === 'GET' || method === 'POST'))) &&
      (rule.methods === undefined || rule.methods.some((one) => one === method)) &&
      (rule.paths === undefined || rule.paths.some((pattern) => matchesPath(pattern, path))),
  );
}
