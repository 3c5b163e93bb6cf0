import type { Refusal } from '../../base/index.ts';
import type { Assignment, Text, Tree } from '../../workflow/index.ts';
import type { Span } from '../finding.ts';
import type { Locks } from '../lock/model.ts';

/**
 * A repository's automation as it is written, whatever of it is wrong: each file by itself, so that one that cannot be read
 * hides nothing in another. Everything in it may come from a stranger.
 */
export interface Repository {
  readonly workflows: readonly WorkflowFile[];
  readonly actions: readonly ActionFile[];
  readonly dependabot: readonly TreeFile[];
  /** `cofferdam.yaml`, as it lies there. */
  readonly policies: readonly TreeFile[];
  /** `.pre-commit-config.yaml`: programs of other repositories that run at each commit, and mostly in CI as well. */
  readonly preCommit: readonly TreeFile[];
  /** What its lock files say of what it uses. */
  readonly locks: Locks;
  /** Patterns and owners of CODEOWNERS; absent: there is no such file. */
  readonly codeowners?: { readonly path: string; readonly entries: readonly OwnersEntry[] };
  /** What could not be read, and why. */
  readonly unread: readonly { readonly path: string; readonly why: Refusal }[];
}

export interface OwnersEntry {
  readonly pattern: string;
  readonly owners: readonly string[];
  readonly line: number;
}

/** The text of a file by its lines, for positions and frames. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** Offset of each line's first character. */
  readonly starts: readonly number[];
}

export interface TreeFile {
  readonly source: Source;
  readonly tree: Tree;
}

export interface WorkflowFile extends TreeFile {
  readonly kind: 'workflow';
  readonly name?: Text;
  readonly runName?: Text;
  readonly triggers: readonly Trigger[];
  readonly env: readonly Assignment[];
  readonly permissions?: PermissionsPart;
  readonly hasConcurrency: boolean;
  readonly defaultShell?: Text;
  readonly jobs: readonly JobPart[];
}

export interface Trigger {
  readonly event: string;
  readonly at: Span;
  /** What stands below it; absent when it is named alone. */
  readonly value?: Tree;
  readonly inputs: readonly InputPart[];
}

export interface InputPart {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: Text;
  readonly at: Span;
}

export interface PermissionsPart {
  readonly at: Span;
  /** `read-all` or `write-all`. */
  readonly all?: 'read' | 'write';
  readonly scopes: readonly { readonly scope: string; readonly level: string; readonly at: Span }[];
}

export interface JobPart {
  readonly id: string;
  readonly at: Span;
  readonly tree: Tree;
  readonly name?: Text;
  readonly if?: Text;
  readonly needs: readonly Text[];
  readonly runsOn: readonly Text[];
  readonly runnerGroup?: Text;
  readonly permissions?: PermissionsPart;
  readonly environment?: Text;
  readonly env: readonly Assignment[];
  readonly outputs: readonly Assignment[];
  readonly matrix?: Tree;
  readonly timeout?: Text;
  readonly continueOnError?: Text;
  readonly defaultShell?: Text;
  readonly container?: ContainerPart;
  readonly services: readonly ContainerPart[];
  readonly steps: readonly StepPart[];
  /** A reusable workflow that it calls. */
  readonly uses?: UsesPart;
  readonly with: readonly Assignment[];
  readonly secrets: readonly Assignment[];
  readonly inheritsSecrets?: Span;
}

export interface ContainerPart {
  readonly at: Span;
  readonly image?: Text;
  readonly options?: Text;
  readonly volumes: readonly Text[];
  readonly credentials: readonly Assignment[];
  readonly env: readonly Assignment[];
}

export interface StepPart {
  readonly index: number;
  readonly at: Span;
  readonly id?: string;
  readonly name?: Text;
  readonly if?: Text;
  readonly env: readonly Assignment[];
  readonly run?: Text;
  readonly shell?: Text;
  readonly workingDirectory?: Text;
  readonly uses?: UsesPart;
  readonly with: readonly Assignment[];
  readonly continueOnError?: Text;
}

export type UsesPart = Text &
  (
    | { readonly kind: 'local'; readonly path: string }
    | {
        readonly kind: 'repository';
        /** `owner/name` in lower case. */
        readonly repository: string;
        readonly path: string;
        readonly ref: string;
      }
    | { readonly kind: 'docker'; readonly image: string }
    | { readonly kind: 'unknown' }
  );

export interface ActionFile extends TreeFile {
  readonly kind: 'action';
  /** Its folder in the repository: `.` for the root. */
  readonly folder: string;
  readonly inputs: readonly InputPart[];
  readonly outputs: readonly Assignment[];
  readonly using: string;
  readonly image?: Text;
  readonly steps: readonly StepPart[];
}
