import { drawnReach, type LineOf, linesOf, type Source, type Subject } from '../../gate/index.ts';
import type { Judged } from './judged.ts';
import type { KeptBy } from './kept.ts';
import { sourcesAt } from './sources.ts';

/** What a page shows besides findings. */
export interface Picture {
  /** From events to secrets, as HTML. */
  readonly drawn: string;
  readonly lineOf: LineOf;
}

export function pictureAnew(subject: Subject): Picture {
  return { drawn: drawnReach(subject), lineOf: linesOf(sourcesOf(subject)) };
}

/** The picture as it was drawn for exactly these files and facts by this build. */
export async function pictureKept(
  { kept, key, files }: KeptBy,
  { sources, subject }: Pick<Judged, 'sources' | 'subject'>,
): Promise<Picture> {
  const name = `picture-${key}`;
  const known = keptPicture(await kept.take(name));
  const policies = known === undefined ? undefined : sourcesAt(known.policies, files);
  if (known !== undefined && policies !== undefined)
    return { drawn: known.drawn, lineOf: linesOf((path) => sources.at(path) ?? policies.at(path)) };
  const made = await subject();
  const picture = pictureAnew(made);
  const paths = made.repository.policies.map(({ source }) => source.path);
  await kept.keep(name, { drawn: picture.drawn, policies: paths });
  return picture;
}

function sourcesOf({ repository }: Subject): (path: string) => Source | undefined {
  const { workflows, actions, dependabot, policies } = repository;
  const sources = new Map(
    [...workflows, ...actions, ...dependabot, ...policies].map(({ source }) => [source.path, source]),
  );
  return (path) => sources.get(path);
}

interface Held {
  readonly drawn: string;
  readonly policies: readonly string[];
}

function keptPicture(value: unknown): Held | undefined {
  if (typeof value !== 'object' || value === null || !('drawn' in value) || !('policies' in value))
    return undefined;
  const { drawn, policies } = value;
  if (typeof drawn !== 'string' || !Array.isArray(policies)) return undefined;
  const paths: readonly unknown[] = policies;
  return paths.every((path) => typeof path === 'string') ? { drawn, policies: paths } : undefined;
}
