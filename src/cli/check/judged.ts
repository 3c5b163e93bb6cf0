import { type Json, sha256 } from '../../base/index.ts';
import {
  type Facts,
  type Finding,
  type GatheredFile,
  judge,
  type Judgement,
  readRepository,
  type Repository,
  type Source,
  sourceOf,
  Subject,
} from '../../gate/index.ts';
import type { Kept } from './kept.ts';
import { keptAnswer, keepAnswer } from './kept-answer.ts';
import { treesKept } from './kept-trees.ts';

/** A judgement whose model is made when somebody asks for it: an answer that was kept has none. */
export interface Judged {
  readonly findings: readonly Finding[];
  readonly files: number;
  /** The files in whose comments findings are answered for, as far as they could be read. */
  readonly sources: readonly Source[];
  subject(): Promise<Subject>;
}

export function judgedAnew({ findings, files, subject }: Judgement): Judged {
  return { findings, files, sources: sourcesOf(subject.repository), subject: async () => subject };
}

/** Judges, or tells what was found for exactly these files and facts by this build. */
export async function judged(
  files: readonly GatheredFile[],
  facts: Facts,
  kept: Kept | undefined,
): Promise<Judged> {
  const key = kept === undefined ? '' : keyOf(files, facts);
  const answer = kept === undefined ? undefined : keptAnswer(await kept.take(key));
  if (answer !== undefined) {
    const bytes = new Map(files.map(({ path, read }) => [path, read]));
    const sources = answer.sources.flatMap((path) => {
      const read = bytes.get(path);
      return read?.ok === true ? [sourceOf(path, new TextDecoder().decode(read.value))] : [];
    });
    if (sources.length === answer.sources.length) {
      const subject = async (): Promise<Subject> => new Subject(await repositoryOf(files, kept), facts);
      return { findings: answer.findings, files: answer.files, sources, subject };
    }
  }
  const anew = judgedAnew(judge(await repositoryOf(files, kept), undefined, facts));
  await kept?.keep(key, keepAnswer(anew.findings, anew.files, anew.sources));
  return anew;
}

const MODELS = new WeakMap<readonly GatheredFile[], Promise<Repository>>();

/** The model of these files, made once; trees of files that have not changed are those that were kept. */
export async function repositoryOf(
  files: readonly GatheredFile[],
  kept: Kept | undefined,
): Promise<Repository> {
  const known = MODELS.get(files);
  if (known !== undefined) return known;
  const made = kept === undefined ? readRepository(files) : treesKept(kept, files);
  MODELS.set(files, made);
  return made;
}

function sourcesOf({ workflows, actions, dependabot }: Repository): readonly Source[] {
  return [...workflows, ...actions, ...dependabot].map(({ source }) => source);
}

/** All that an answer follows from, besides the build: paths, kinds and contents, what could not be read, what is known. */
function keyOf(files: readonly GatheredFile[], { refs, advisories, uses }: Facts): string {
  const all: Json = [
    files.map(({ path, kind, read }) => [
      path,
      kind,
      read.ok ? sha256(read.value) : JSON.stringify(read.error),
    ]),
    JSON.stringify([[...refs], advisories ?? null, uses ?? null]),
  ];
  return `answer-${sha256(JSON.stringify(all)).slice(7)}`;
}
