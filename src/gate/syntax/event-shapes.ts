import { FILLED, type Shape, text, words } from './shape.ts';
import { row } from '../known/row.ts';

/** Activity types by event. Source: GitHub's events reference and the schema of its language services, read 2026-11. */
const PULL_REQUEST = `assigned unassigned labeled unlabeled opened edited closed reopened synchronize converted_to_draft locked
  unlocked enqueued dequeued milestoned demilestoned ready_for_review review_requested review_request_removed
  auto_merge_enabled auto_merge_disabled stacked`;
const COMMENTS = 'created edited deleted';
const TYPES: Readonly<Record<string, string>> = {
  branch_protection_rule: COMMENTS,
  check_run: 'completed created rerequested requested_action',
  check_suite: 'completed',
  discussion: `created edited deleted transferred pinned unpinned labeled unlabeled locked unlocked category_changed answered
    unanswered`,
  discussion_comment: COMMENTS,
  image_version: 'created ready deleted',
  issue_comment: COMMENTS,
  issues: `opened edited deleted transferred pinned unpinned closed reopened assigned unassigned labeled unlabeled locked
    unlocked milestoned demilestoned field_added field_removed typed untyped`,
  label: COMMENTS,
  merge_group: 'checks_requested',
  milestone: 'created closed opened edited deleted',
  project: 'created closed reopened edited deleted',
  project_card: 'created moved converted edited deleted',
  project_column: 'created updated moved deleted',
  pull_request: PULL_REQUEST,
  pull_request_comment: COMMENTS,
  pull_request_review: 'submitted edited dismissed',
  pull_request_review_comment: COMMENTS,
  pull_request_target: PULL_REQUEST,
  registry_package: 'published updated',
  release: 'published unpublished created edited deleted prereleased released',
  watch: 'started',
  workflow_run: 'requested completed in_progress',
};
const BRANCHES = ['branches', 'branches-ignore'];
const PATHS = ['paths', 'paths-ignore'];
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  push: [...BRANCHES, 'tags', 'tags-ignore', ...PATHS],
  pull_request: [...BRANCHES, ...PATHS],
  pull_request_target: [...BRANCHES, ...PATHS],
  merge_group: BRANCHES,
  workflow_run: [...BRANCHES, 'workflows'],
  image_version: ['names', 'versions'],
  repository_dispatch: ['types'],
};
/** They have neither types nor filters. */
const PLAIN = 'create delete deployment deployment_status fork gollum page_build public status'.split(' ');

const INPUT_KEYS = { description: text() } as const;
const DISPATCH_INPUT: Shape = {
  kind: 'mapping',
  what: 'an input',
  empty: true,
  keys: {
    ...INPUT_KEYS,
    required: { kind: 'truth value' },
    default: text(),
    type: text(undefined, { oneOf: ['string', 'boolean', 'number', 'choice', 'environment'] }),
    options: { kind: 'list', what: 'options', items: text() },
  },
};
const CALL: Shape = {
  kind: 'mapping',
  what: 'on.workflow_call',
  empty: true,
  keys: {
    inputs: {
      kind: 'names',
      what: 'inputs',
      name: 'id',
      empty: true,
      values: {
        kind: 'mapping',
        what: 'an input of workflow_call',
        required: ['type'],
        keys: {
          ...INPUT_KEYS,
          required: { kind: 'truth value' },
          default: { kind: 'text', place: 'run', wanted: 'anything' },
          type: text(undefined, { oneOf: ['string', 'boolean', 'number'] }),
        },
      },
    },
    secrets: {
      kind: 'names',
      what: 'secrets',
      name: 'id',
      empty: true,
      values: {
        kind: 'mapping',
        what: 'a secret of workflow_call',
        empty: true,
        keys: { description: text(), required: { kind: 'truth value' } },
      },
    },
    outputs: {
      kind: 'names',
      what: 'outputs',
      name: 'id',
      empty: true,
      values: {
        kind: 'mapping',
        what: 'an output of workflow_call',
        required: ['value'],
        keys: { description: text(), value: text('callOutput', { filled: true }) },
      },
    },
  },
};

function shapeOf(event: string): Shape {
  const types = row(TYPES, event)?.split(/\s+/);
  const keys: Record<string, Shape> = Object.fromEntries(
    (row(FILTERS, event) ?? []).map((key) => [key, words(`on.${event}.${key}`)]),
  );
  if (types !== undefined) {
    const one = text(undefined, { oneOf: types });
    const what = `on.${event}.types`;
    keys['types'] = {
      kind: 'either',
      what,
      scalar: one,
      sequence: { kind: 'list', what, items: one, filled: true },
    };
  }
  return { kind: 'mapping', what: `on.${event}`, empty: true, keys };
}

export const EVENTS: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(
    [...Object.keys(TYPES), ...Object.keys(FILTERS), ...PLAIN].map((event) => [event, shapeOf(event)]),
  ),
  schedule: {
    kind: 'list',
    what: 'on.schedule',
    filled: true,
    items: {
      kind: 'mapping',
      what: 'a schedule',
      required: ['cron'],
      keys: { cron: FILLED, timezone: FILLED },
    },
  },
  workflow_call: CALL,
  workflow_dispatch: {
    kind: 'mapping',
    what: 'on.workflow_dispatch',
    empty: true,
    keys: {
      inputs: { kind: 'names', what: 'inputs', name: 'id', empty: true, values: DISPATCH_INPUT },
    },
  },
};
