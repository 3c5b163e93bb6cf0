import type { Operation } from '../../../workflow/index.ts';
import type { MendPlan } from '../../fix/mend.ts';
import { isAt, sitesOf, stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { majorOf, restoring } from '../../reach/caches.ts';
import type { Site, Subject } from '../../subject.ts';
import { versionUsed } from '../../uses.ts';

/** Actions that without their cache do all that they did, and that nobody asks whether there was one. */
const ONLY_SLOWER =
  /^(?:actions\/setup-(?:node|go|python|java|dotnet)|astral-sh\/setup-uv|swatinem\/rust-cache|actions-rust-lang\/setup-rust-toolchain|gradle\/actions|jdx\/mise-action|mlugg\/setup-zig)$/;

/** The input that switches the cache says so, or is gone where it would name one. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const site = sitesOf(subject, finding).find(
    ({ step }) => step.uses !== undefined && isAt(step.uses.at, finding),
  );
  const by = site === undefined ? undefined : switchOf(subject, site);
  if (site === undefined || by === undefined) return undefined;
  const { uses, with: given, id } = site.step;
  const written = given.find(({ name }) => name.toLowerCase() === by.input);
  if (written?.value.text.includes('${{') === true) return undefined;
  const path = [...stepPath(site), 'with', written?.name ?? by.input];
  const off = ['false', 'true'].find((value) => !by.on(value));
  const operation: Operation | undefined = by.on('')
    ? off === undefined
      ? undefined
      : { kind: 'set', path, value: off === 'true' }
    : { kind: 'remove', path };
  if (operation === undefined) return undefined;
  const slower = uses?.kind === 'repository' && ONLY_SLOWER.test(uses.repository) && id === undefined;
  return {
    title: `take nothing from a cache: ${operation.kind === 'remove' ? `without ${by.input}` : `${by.input}: ${off}`}`,
    safety: slower ? 'safe' : 'unsafe',
    operations: [operation],
  };
}

function switchOf(
  subject: Subject,
  { file, job, step }: Site,
): NonNullable<ReturnType<typeof restoring>>['by'] {
  const { uses } = step;
  if (uses?.kind !== 'repository') return undefined;
  const at = {
    file: file.source.path,
    line: uses.at.line ?? 1,
    column: uses.at.column ?? 1,
    length: uses.text.length,
  };
  const version = versionUsed(subject, {
    file,
    step,
    uses,
    at,
    kind: 'action',
    ...(job !== undefined && { job }),
  });
  return restoring(step, majorOf(version?.text))?.by;
}
