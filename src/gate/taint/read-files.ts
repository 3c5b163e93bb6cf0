import { spanOf } from '../repository/tree.ts';
import type { Site } from '../subject.ts';
import { folderOf, within } from './folder.ts';
import { readsFile } from './known-actions.ts';
import type { Following, Taint } from './value.ts';

const MAX_PATHS = 20;

/** What an action gives as its output that reads a file which a stranger may have filled. */
export function readByAction(taints: Following, site: Site): readonly Taint[] {
  const { uses, with: given } = site.step;
  const inputs = uses?.kind === 'repository' ? readsFile(uses.repository) : undefined;
  if (uses === undefined || inputs === undefined) return [];
  const earlier = taints
    .filled({ file: site.file, ...(site.job !== undefined && { job: site.job }) })
    .filter(({ step }) => step.index < site.step.index);
  if (earlier.length === 0) return [];
  const paths = given
    .filter(({ name }) => inputs.includes(name.toLowerCase()))
    .flatMap(({ value }) => value.text.split(/[\s'"]+/).slice(0, MAX_PATHS))
    .map((path) => folderOf(path, '', site));
  const { taint } =
    earlier.find(({ place: { folder, others } }) =>
      paths.length === 0
        ? folder === ''
        : paths.some((path) =>
            path === undefined
              ? folder === ''
              : within(path, folder) && !others.some((other) => within(path, other)),
          ),
    ) ?? {};
  if (taint === undefined) return [];
  const at = spanOf(site.file.source, uses.at, uses.text.length);
  return [{ ...taint, holds: 'text', hops: [...taint.hops, { at, what: 'reads one of its files' }] }];
}
