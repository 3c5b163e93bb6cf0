import { createHash } from 'node:crypto';
import {
  type Facts,
  type Finding,
  type GatheredFile,
  judge,
  type Judgement,
  mendsOf,
  readRepository,
  type Repository,
  type Source,
  Subject,
  told,
} from '../../gate/index.ts';
import type { Kept, KeptBy } from './kept.ts';
import { keptAnswer, keepAnswer } from './kept-answer.ts';
import { type Mends, mendsKept } from './kept-mends.ts';
import { type Picture, pictureAnew, pictureKept } from './kept-picture.ts';
import { partsKept } from './kept-parts.ts';
import { treesKept } from './kept-trees.ts';
import { type Sources, sourcesAt, sourcesRead } from './sources.ts';

/** A judgement whose model is made when somebody asks for it: an answer that was kept has none. */
export interface Judged {
  readonly findings: readonly Finding[];
  readonly files: number;
  /** The files in whose comments findings are answered for, as far as they could be read. */
  readonly sources: Sources;
  /** What would mend findings, proven. */
  mends(findings: readonly Finding[]): Promise<Mends>;
  picture(): Promise<Picture>;
  subject(): Promise<Subject>;
}

export function judgedAnew({ findings, files, subject }: Judgement): Judged {
  return {
    findings,
    files,
    sources: sourcesRead(sourcesOf(subject.repository)),
    mends: async (of) => mendsOf(subject, of),
    picture: async () => pictureAnew(subject),
    subject: async () => subject,
  };
}

/** Judges, or tells what was found for exactly these files and facts by this build. */
export async function judged(
  files: readonly GatheredFile[],
  facts: Facts,
  kept: Kept | undefined,
): Promise<Judged> {
  if (kept === undefined) return judgedAnew(judge(await repositoryOf(files, kept), undefined, facts));
  const key = keyOf(files, facts);
  const answer = keptAnswer(await kept.take(`answer-${key}`));
  const sources = answer === undefined ? undefined : sourcesAt(answer.sources, files);
  if (answer === undefined || sources === undefined) {
    const repository = await repositoryOf(files, kept);
    const parts = await partsKept(kept, repository, files, facts);
    const made = judge(repository, undefined, facts, parts.known);
    const anew = judgedAnew(made);
    const answered = keepAnswer(made.every, anew.files, sourcesOf(repository));
    // What is not known is asked for again.
    if (answered !== undefined && made.failed.size === 0) {
      await kept.keep(`answer-${key}`, answered);
      await parts.keep(made, `answer-${key}`);
    }
    return keepingMore(anew, { kept, key, files });
  }
  let made: Promise<Subject> | undefined;
  const subject = (): Promise<Subject> =>
    (made ??= repositoryOf(files, kept).then((repository) => new Subject(repository, facts)));
  return keepingMore(
    { findings: told(answer.findings), files: answer.files, sources, subject },
    { kept, key, files },
  );
}

/** The same, of which what is asked for besides findings is kept as well. */
function keepingMore(of: Pick<Judged, 'findings' | 'files' | 'sources' | 'subject'>, by: KeptBy): Judged {
  return {
    ...of,
    mends: async (findings) => mendsKept(by, of, findings),
    picture: async () => pictureKept(by, of),
  };
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
  const whole = createHash('sha256');
  for (const { path, kind, read } of files) {
    // Its length goes before each part, so that no two lists are one text.
    const head = JSON.stringify([path, kind, read.ok ? read.value.length : read.error]);
    whole.update(`${head.length}:${head}`);
    if (read.ok) whole.update(read.value);
  }
  return whole.update(JSON.stringify([[...refs], advisories ?? null, uses ?? null])).digest('hex');
}
