import type { Text } from '../workflow/index.ts';
import { itemsOf, spanOf, textOf, valueOf } from './repository/tree.ts';
import type { Span } from './finding.ts';
import type { Subject } from './subject.ts';

/** A repository of hooks that `.pre-commit-config.yaml` names. */
export interface HookRepository {
  readonly url: Text;
  readonly at: Span;
  /** `owner/name` in lower case, where it lies at GitHub. */
  readonly repository?: string;
  readonly rev: string;
}

const GITHUB =
  /^(?:https?:\/\/|git:\/\/|ssh:\/\/git@|git@)(?:www\.)?github\.com[/:]([\w.-]{1,100}\/[\w.-]{1,100}?)(?:\.git)?\/?$/i;

export function hookRepositories({ repository: { preCommit } }: Subject): readonly HookRepository[] {
  return preCommit.flatMap(({ source, tree }) =>
    itemsOf(valueOf(tree, 'repos')).flatMap((item) => {
      const url = textOf(valueOf(item, 'repo'));
      // These two are the repository itself, and pre-commit.
      if (url === undefined || ['local', 'meta', 'builtin'].includes(url.text)) return [];
      const [, named] = GITHUB.exec(url.text.trim()) ?? [];
      return [
        {
          url,
          at: spanOf(source, url.at, url.text.length),
          rev: textOf(valueOf(item, 'rev'))?.text ?? '',
          ...(named !== undefined && { repository: named.toLowerCase() }),
        },
      ];
    }),
  );
}
