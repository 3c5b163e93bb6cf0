import type { DispatchInput, EventTrigger } from '../model.ts';
import { checkCall } from './read-call.ts';
import type { Reader } from './reader.ts';
import type { Tree } from './yaml-tree.ts';

/** Events that GitHub knows (its events reference); one that is not listed is a mistake and never starts anything. */
const KNOWN = new Set(
  `branch_protection_rule check_run check_suite create delete deployment deployment_status discussion discussion_comment
  fork gollum image_version issue_comment issues label merge_group milestone page_build project project_card project_column public
  pull_request pull_request_comment pull_request_review pull_request_review_comment pull_request_target push registry_package
  release repository_dispatch schedule status watch workflow_call workflow_dispatch workflow_run`.split(
    /\s+/,
  ),
);
const FILTERS = [
  'types',
  'branches',
  'branches-ignore',
  'tags',
  'tags-ignore',
  'paths',
  'paths-ignore',
  'workflows',
  'names',
  'versions',
] as const;

export function readEvents(reader: Reader, tree: Tree): readonly EventTrigger[] {
  if (tree.kind === 'scalar')
    return known(reader, tree.text, tree) ? [{ event: tree.text, at: tree.at }] : [];
  if (tree.kind === 'sequence') {
    return tree.items.flatMap((item) => {
      const event = reader.text(item, 'on')?.text;
      return event !== undefined && known(reader, event, item) ? [{ event, at: item.at }] : [];
    });
  }
  return tree.entries.flatMap(({ key, keyAt, value }) => {
    if (!known(reader, key, { ...value, at: keyAt })) return [];
    return [{ event: key, at: keyAt, ...details(reader, key, value) }];
  });
}

function known(reader: Reader, event: string, tree: Tree): boolean {
  if (KNOWN.has(event)) return true;
  reader.refuse(
    'event',
    `${JSON.stringify(event.slice(0, 100))} is not an event`,
    'use an event of GitHub\u2019s events reference',
    tree.at,
  );
  return false;
}

function details(reader: Reader, event: string, tree: Tree): Partial<EventTrigger> {
  if (tree.kind === 'scalar' && tree.value === null) return {};
  if (event === 'schedule') {
    const cron = reader.items(tree, 'on.schedule').flatMap((item) => {
      const keys = reader.mapping(item, 'a schedule', ['cron', 'timezone']);
      return reader.text(keys.cron, 'cron')?.text ?? [];
    });
    return { cron };
  }
  if (event === 'workflow_dispatch') {
    const keys = reader.mapping(tree, 'on.workflow_dispatch', ['inputs']);
    return keys.inputs === undefined ? {} : { inputs: readInputs(reader, keys.inputs) };
  }
  if (event === 'workflow_call') {
    checkCall(reader, tree);
    return {};
  }
  const keys = reader.mapping(tree, `on.${event}`, FILTERS);
  for (const [one, other] of [
    ['branches', 'branches-ignore'],
    ['tags', 'tags-ignore'],
    ['paths', 'paths-ignore'],
  ] as const) {
    const both = keys[one] !== undefined ? keys[other] : undefined;
    if (both !== undefined)
      reader.refuse(
        'event-filter',
        `on.${event} has both ${one} and ${other}`,
        `keep one of them; patterns with ! exclude`,
        both.at,
      );
  }
  const words = (key: (typeof FILTERS)[number]): readonly string[] | undefined =>
    keys[key] === undefined
      ? undefined
      : reader.words(keys[key], `on.${event}.${key}`).map((word) => word.text);
  const found = {
    types: words('types'),
    branches: words('branches'),
    branchesIgnore: words('branches-ignore'),
    tags: words('tags'),
    tagsIgnore: words('tags-ignore'),
    paths: words('paths'),
    pathsIgnore: words('paths-ignore'),
    workflows: words('workflows'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

const INPUT_KEYS = ['description', 'required', 'default', 'type', 'options', 'deprecationMessage'] as const;

function readInputs(reader: Reader, tree: Tree): readonly DispatchInput[] {
  if (tree.kind === 'scalar' && tree.value === null) return [];
  return reader.entries(tree, 'inputs').map(({ key, value }) => {
    const keys = value.kind === 'scalar' ? {} : reader.mapping(value, `the input ${key}`, INPUT_KEYS);
    const {
      required,
      default: given,
      type,
      options,
    } = keys as Partial<Record<(typeof INPUT_KEYS)[number], Tree>>;
    const kind = reader.text(type, 'type')?.text ?? 'string';
    const kinds = ['string', 'boolean', 'number', 'choice', 'environment'] as const;
    const known_ = kinds.find((candidate) => candidate === kind);
    if (known_ === undefined && type !== undefined)
      reader.refuse(
        'input-type',
        `${JSON.stringify(kind)} is not a type of an input`,
        `use one of ${kinds.join(', ')}`,
        type.at,
      );
    const fallback = given?.kind === 'scalar' && given.value !== null ? given.value : undefined;
    return {
      name: key,
      type: known_ ?? 'string',
      required: required?.kind === 'scalar' && required.value === true,
      ...(fallback !== undefined && { default: fallback }),
      ...(options !== undefined && { options: reader.words(options, 'options').map((word) => word.text) }),
    };
  });
}
