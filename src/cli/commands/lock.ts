import { visible } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { operatorConfiguration } from '../../config/index.ts';
import {
  actionsLockFrom,
  makeLock,
  readIds,
  readImages,
  readMirrors,
  verifyLock,
  writeWhole,
} from '../../dependencies/index.ts';
import {
  ACTIONS_LOCK,
  actionsLockText,
  disagreements,
  OWN_LOCK,
  ownLockText,
  partsOf,
  pinOf,
  readRepository,
  Subject,
} from '../../gate/index.ts';
import { checkSubject } from '../check-subject.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { lockChanges } from '../lock-changes.ts';
import { parseOptions } from '../options.ts';
import { jsonLine } from '../render/json-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';

const help = `usage: cofferdam lock [REPOSITORY] [options]

Writes what the workflows use from elsewhere, transitively, into ${OWN_LOCK}: each action and reusable
workflow at its commit with the digest of its content, and each image. ${ACTIONS_LOCK}, GitHub\u2019s own lock, is
written as well where the numbers of owners and repositories are known. Nothing of what is fetched is checked out or run.

  --check               write nothing; say where locks and workflows do not agree, and, with --mirror, where a mirror does not
  --update NAME         look up again: owner/name, owner/name@ref or all; repeatable. What is locked stays otherwise
  --mirror PLACE        where repositories lie: a folder or an https:// address with owner/name below it, or owner/name=PLACE
                        for one; repeatable. The operator\u2019s file has more: lock.mirrors
  --image NAME=FOLDER   the digest of an image that workflows name by a tag, from its OCI image layout; repeatable. What is
                        locked stays otherwise; no registry is asked
  --offline             ask no server
  --id O/N=OWNER:REPO   GitHub\u2019s numbers of a repository and its owner, for ${ACTIONS_LOCK}; repeatable
  --config FILE         the operator\u2019s configuration instead of ~/.config/cofferdam/cofferdam.yaml
  --json                one JSON object
  -h, --help

Exit status: 0 it was written, or all agrees; 1 --check found something; 2 usage; 3 something that is used cannot be locked; 69 a
repository cannot be reached.

example: cofferdam lock --check
`;

const OPTIONS = {
  check: { type: 'boolean' },
  update: { type: 'string', multiple: true },
  mirror: { type: 'string', multiple: true },
  image: { type: 'string', multiple: true },
  offline: { type: 'boolean' },
  id: { type: 'string', multiple: true },
  config: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const OUTSIDE = [
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
];

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('lock', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  const found = await checkSubject(positionals[0] ?? '.', context.directory);
  if (!found.ok) return refuse(context, [found.error]);
  const { root, files } = found.value;
  const operator = await operatorConfiguration(context.environment, {
    notIn: root,
    ...(values.config !== undefined && { named: values.config }),
  });
  if (!operator.ok) return refuse(context, operator.error);
  const configured = operator.value?.configuration.lock?.mirrors ?? {};
  const mirrors = readMirrors(values.mirror ?? [], configured, context.directory, values.offline === true);
  if (!mirrors.ok) return refuse(context, [mirrors.error]);
  const outside = Object.fromEntries(
    OUTSIDE.flatMap((name) => {
      const value = context.environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const images = readImages(values.image ?? [], context.directory);
  if (!images.ok) return refuse(context, [images.error]);
  const repository = await readRepository(files);
  const subject = new Subject(repository);
  if (values.check === true) {
    const told = disagreements(subject, { literal: true }).map(
      ({ at, why }) => `${at.file}:${at.line}: ${why}`,
    );
    const { own, actions } = repository.locks;
    if (own === undefined && actions === undefined && told.length === 0)
      told.push(`there is neither ${OWN_LOCK} nor ${ACTIONS_LOCK}`);
    for (const [name, digest] of images.value) {
      const locked = own?.images.get(name);
      if (locked !== digest)
        told.push(`${name} is ${digest}, and ${locked === undefined ? 'not locked' : `locked at ${locked}`}`);
    }
    const named = (values.mirror ?? []).length > 0;
    const held = own === undefined || !named ? undefined : await verifyLock(own, mirrors.value, outside);
    const wrong = [...told, ...(held?.wrong ?? []).map(({ why }) => why)];
    if (values.json === true)
      context.stdout.write(
        jsonLine({
          agrees: wrong.length === 0,
          wrong,
          verified: held?.verified ?? [],
          unseen: held?.unseen ?? [],
        }),
      );
    else {
      for (const one of wrong) context.stdout.write(`${visible(one, 600)}\n`);
      const also =
        held === undefined
          ? ''
          : `; ${held.verified.length} held against mirrors, ${held.unseen.length} not seen`;
      context.stdout.write(
        `${wrong.length === 0 ? 'the lock agrees' : `${wrong.length} ${wrong.length === 1 ? 'disagreement' : 'disagreements'}`}${also}\n`,
      );
    }
    return wrong.length === 0 ? EXIT.ok : EXIT.failed;
  }
  const broken = repository.unread.filter(({ why }) => why.rule !== 'lock/unreadable');
  if (broken.length > 0)
    return refuse(
      context,
      broken.map(({ why }) => why),
    );
  const update = updates(values.update ?? [], [
    ...(repository.locks.own?.actions.keys() ?? []),
    ...(repository.locks.actions?.dependencies.keys() ?? []),
    ...(repository.locks.own?.images.keys() ?? []),
  ]);
  if (!update.ok) return refuse(context, [update.error]);
  const ids = readIds(values.id ?? []);
  if (!ids.ok) return refuse(context, [ids.error]);
  const made = await makeLock(subject, {
    mirrors: mirrors.value,
    outside,
    update: update.value,
    images: images.value,
  });
  if (!made.ok) return refuse(context, made.error);
  const github = actionsLockFrom(subject, made.value, ids.value);
  if (!github.ok) return refuse(context, github.error);
  const { lock, notes } = made.value;
  const texts = [
    [OWN_LOCK, ownLockText(lock)],
    ...(github.value === undefined ? [] : [[ACTIONS_LOCK, actionsLockText(github.value)]]),
  ] as const;
  for (const [path = '', text = ''] of texts) {
    const written = await writeWhole(root, path, text);
    if (!written.ok) return refuse(context, [written.error]);
  }
  const changes = lockChanges(repository.locks, lock);
  const written = texts.map(([path]) => path);
  if (values.json === true)
    context.stdout.write(
      jsonLine({ written, changes, notes, actions: lock.actions.size, images: lock.images.size }),
    );
  else {
    for (const one of changes) context.stdout.write(`${visible(one, 400)}\n`);
    for (const one of notes) context.stderr.write(`note: ${visible(one, 400)}\n`);
    context.stdout.write(
      `${lock.actions.size} actions and ${lock.images.size} images of ${lock.workflows.size} workflows in ${written.join(' and ')}\n`,
    );
  }
  return EXIT.ok;
}

/** Which pins `--update` means. */
function updates(
  given: readonly string[],
  locked: readonly string[],
): Result<(pin: string) => boolean, Refusal> {
  const names = new Set<string>();
  for (const text of given) {
    const name = pinOf(text) ?? text.toLowerCase();
    if (name !== 'all' && !locked.some((pin) => pin === name || partsOf(pin).repository === name))
      return err(
        refusal(
          'usage',
          'lock/update',
          `${JSON.stringify(text.slice(0, 200))} is not locked`,
          'name what the lock has: owner/name, owner/name@ref or all',
        ),
      );
    names.add(name);
  }
  return ok((pin) => names.has('all') || names.has(pin) || names.has(partsOf(pin).repository));
}

function refuse(context: CommandContext, why: readonly Refusal[]): number {
  for (const one of why) context.stderr.write(renderRefusal(one));
  return why[0] === undefined ? EXIT.defect : exitStatus(why[0]);
}

export const command: Command = { help, run };
