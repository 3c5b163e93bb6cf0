import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import { operatorConfiguration } from '../../config/index.ts';
import {
  daysBetween,
  knownAdvisories,
  mirrorFacts,
  OLD_AFTER_DAYS,
  readMirrors,
} from '../../dependencies/index.ts';
import { type Facts, repositoryUses, Subject } from '../../gate/index.ts';
import type { CheckSubject } from '../check-subject.ts';
import type { CommandContext } from '../command.ts';
import type { Kept } from './kept.ts';
import { repositoryOf } from './judged.ts';
import type { Wanted } from './wanted.ts';

/**
 * What a check knows besides the repository: advisories, what the operator\u2019s file says of `uses`, and, with --mirror, what folders know
 * of refs. Old advisories are told once, where there is anything that they could speak of.
 */
export async function checkFacts(
  context: CommandContext,
  { root, files }: CheckSubject,
  wanted: Wanted,
  kept: Kept | undefined,
): Promise<Result<Facts, Refusal>> {
  const { environment, directory, stderr } = context;
  const operator = await operatorConfiguration(environment, { notIn: root });
  if (!operator.ok) {
    const [first] = operator.error;
    if (first !== undefined) return err(first);
  }
  const configuration = operator.ok ? operator.value?.configuration : undefined;
  const advisories = await knownAdvisories(environment);
  if (!advisories.ok) return advisories;
  const { date, advisories: list } = advisories.value;
  const mirrors = readMirrors(wanted.mirrors, configuration?.lock?.mirrors ?? {}, directory, true);
  if (!mirrors.ok) return mirrors;
  const looked = wanted.mirrors.length > 0 || configuration?.lock?.mirrors !== undefined;
  const note = wanted.format === 'text' && !wanted.quiet ? oldAdvisories(date, new Date()) : undefined;
  const subject = looked || note !== undefined ? new Subject(await repositoryOf(files, kept)) : undefined;
  if (subject !== undefined && note !== undefined && repositoryUses(subject).length > 0)
    stderr.write(`${note}\n`);
  const uses = configuration?.gate?.uses;
  return ok({
    refs: subject === undefined || !looked ? new Map() : await mirrorFacts(subject, mirrors.value),
    advisories: { date, list },
    ...(uses !== undefined && { uses }),
  });
}

/** What is said of advisories that are too old to be relied on; undefined of those that are not. */
export function oldAdvisories(date: string, now: Date): string | undefined {
  const days = daysBetween(date, now);
  return days <= OLD_AFTER_DAYS
    ? undefined
    : `note: the advisories are of ${date}, ${days} days old: cofferdam advisories update FILE|URL`;
}
