import { visible } from '../../audit/index.ts';
import { type Refusal, refusal } from '../../base/index.ts';
import {
  daysBetween,
  fetchAdvisories,
  keepAdvisories,
  knownAdvisories,
  OLD_AFTER_DAYS,
} from '../../dependencies/index.ts';
import type { Advisory } from '../../gate/index.ts';
import { oldAdvisories } from '../check/facts.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { jsonLine } from '../render/json-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';

const help = `usage: cofferdam advisories [update FILE|URL] [options]

Lists the advisories of actions that cofferdam check knows, and of which day they are: those that this version was shipped with,
and yours. Nothing is fetched unless you say so.

  update FILE|URL   keep these as yours: JSON in OSV form (one advisory, a list, or {"date": "2026-11-25", "advisories": [...]})
                    of a file or an https:// address, to which it goes directly, by no proxy. Read strictly, or not taken at all
  --json            one JSON object
  -h, --help

Yours are kept beside the operator\u2019s file: ~/.config/cofferdam/advisories.json. What the later of both says counts.

Exit status: 0, 2 what was given is no list of advisories, 69 the address does not answer.

example: cofferdam advisories update advisories.json
`;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('advisories', context.args, { json: { type: 'boolean' } });
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const [verb, place, ...more] = positionals;
  if (verb !== undefined && (verb !== 'update' || place === undefined || more.length > 0))
    return refuse(
      context,
      refusal(
        'usage',
        'cli/arguments',
        'advisories takes nothing, or update and one place',
        'see cofferdam advisories --help',
      ),
    );
  const now = new Date();
  if (place !== undefined) {
    const text = await fetchAdvisories(place, context.directory);
    if (!text.ok) return refuse(context, text.error);
    const kept = await keepAdvisories(context.environment, text.value, place, now);
    if (!kept.ok) return refuse(context, kept.error);
    const { advisories, others, date, file } = kept.value;
    if (values.json === true)
      context.stdout.write(jsonLine({ date, file, advisories: advisories.length, others }));
    else
      context.stdout.write(
        `${advisories.length} advisories of ${date} kept in ${visible(file)}${others === 0 ? '' : `; ${others} for other things than actions passed over`}\n`,
      );
    return EXIT.ok;
  }
  const known = await knownAdvisories(context.environment);
  if (!known.ok) return refuse(context, known.error);
  const { advisories, date, file } = known.value;
  const days = daysBetween(date, now);
  if (values.json === true) {
    context.stdout.write(
      jsonLine({ date, days, old: days > OLD_AFTER_DAYS, ...(file !== undefined && { file }), advisories }),
    );
    return EXIT.ok;
  }
  for (const one of advisories) context.stdout.write(`${line(one)}\n`);
  const from = file === undefined ? 'shipped with this version' : `with those of ${visible(file)}`;
  context.stdout.write(`${advisories.length} advisories of ${date}, ${days} days old, ${from}\n`);
  const note = oldAdvisories(date, now);
  if (note !== undefined) context.stderr.write(`${note}\n`);
  return EXIT.ok;
}

function line({ id, aliases, affected, severity, published, summary, source }: Advisory): string {
  const what = affected.map(({ name, ranges, commits }) => {
    const spans = ranges.map(({ introduced, fixed, lastAffected }) =>
      `${introduced === '0' ? '' : `>= ${introduced} `}${fixed === undefined ? (lastAffected === undefined ? '' : `<= ${lastAffected}`) : `< ${fixed}`}`.trim(),
    );
    return `${name} ${[...spans, ...commits.map((commit) => commit.slice(0, 12))].join(' or ')}`;
  });
  const also = aliases.length === 0 ? '' : ` (${aliases.join(', ')})`;
  return visible(
    `${id}${also}  ${severity}  ${published.slice(0, 10)}  ${what.join('; ')}: ${summary}  ${source}`,
    1_000,
  );
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
