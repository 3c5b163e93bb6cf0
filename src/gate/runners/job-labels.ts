import { expressionsIn, type Text, type Tree } from '../../workflow/index.ts';
import { type System, systemOf } from '../known/runner-labels.ts';
import type { JobPart } from '../repository/model.ts';
import { itemsOf, textOf, textsIn, valueOf, wordsOf } from '../repository/tree.ts';

const MAX_LABELS = 300;
const MAX_OF_ONE = 30;

/** Labels of one leg of a job: all of them together choose the machine. */
export interface JobLabels {
  /** Each possible set of labels, each with the place where it is written. */
  readonly sets: readonly (readonly Text[])[];
  /** Nothing else can come of it. */
  readonly whole: boolean;
}

/** The labels that a job's `runs-on` stands for: as written, or from a matrix of plain values. */
export function labelsOf(job: JobPart): JobLabels {
  const runsOn = valueOf(job.tree, 'runs-on');
  const written = runsOn?.kind === 'mapping' ? valueOf(runsOn, 'labels') : runsOn;
  const alone = textOf(written);
  if (alone !== undefined) {
    const trees = resolved(job, alone);
    if (trees === undefined) return { sets: [], whole: false };
    return {
      sets: trees.slice(0, MAX_LABELS).map((tree) => wordsOf(tree).slice(0, MAX_OF_ONE)),
      whole: true,
    };
  }
  const labels: Text[] = [];
  const sets: (readonly Text[])[] = [];
  for (const word of wordsOf(written).slice(0, MAX_OF_ONE)) {
    const trees = resolved(job, word);
    if (trees === undefined) return { sets: [labels], whole: false };
    if (trees.length === 1) labels.push(...wordsOf(trees[0]));
    else sets.push(...trees.map((tree) => wordsOf(tree)));
  }
  return {
    sets: sets.length === 0 ? [labels] : sets.slice(0, MAX_LABELS).map((set) => [...labels, ...set]),
    whole: true,
  };
}

const NAME = /^matrix((?:\.[A-Za-z_][\w-]{0,60}){1,4})$/i;

function resolved(job: JobPart, text: Text): readonly Tree[] | undefined {
  const [expression, ...more] = expressionsIn(text.text);
  if (expression === undefined && !text.text.includes('${{'))
    return [{ kind: 'scalar', value: text.text, text: text.text, at: text.at }];
  if (expression === undefined || more.length > 0 || !/^\s*\$\{\{[^}]*\}\}\s*$/.test(text.text))
    return undefined;
  const path = NAME.exec(expression)?.[1]?.slice(1).split('.');
  if (path === undefined || job.matrix?.kind !== 'mapping') return undefined;
  const found: Tree[] = [];
  const [first = '', ...rest] = path;
  for (const { key, value } of job.matrix.entries) {
    if (key.toLowerCase() === first.toLowerCase()) {
      if (value.kind !== 'sequence') return undefined;
      found.push(...value.items);
    } else if (key === 'include') {
      if (value.kind !== 'sequence') return undefined;
      found.push(...itemsOf(value).flatMap((item) => member(item, first) ?? []));
    }
  }
  const below = found.flatMap(
    (tree) => rest.reduce<Tree | undefined>((at, name) => member(at, name), tree) ?? [],
  );
  return below.some((tree) => textsIn(tree).some((one) => one.text.includes('${{'))) ? undefined : below;
}

function member(tree: Tree | undefined, name: string): Tree | undefined {
  return tree?.kind === 'mapping'
    ? tree.entries.find(({ key }) => key.toLowerCase() === name.toLowerCase())?.value
    : undefined;
}

/** The operating systems that a job may run on; undefined when that is not known. */
export function systemsOf(job: JobPart): ReadonlySet<System> | undefined {
  const { sets, whole } = labelsOf(job);
  // A container is one of Linux; that there is one is known only where its image is written.
  if (job.container?.image?.text.includes('${{') === false) return new Set(['Linux']);
  if (!whole || sets.length === 0) return undefined;
  const systems = new Set<System>();
  for (const set of sets) {
    const system = set.map(({ text }) => systemOf(text)).find((one) => one !== undefined);
    if (system === undefined) return undefined;
    systems.add(system);
  }
  return systems;
}
