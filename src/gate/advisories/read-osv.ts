import { err, ok, type Json, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Advisory, Affected, VersionRange } from './advisory.ts';

export const ECOSYSTEM = 'GitHub Actions';
export const MAX_ADVISORY_BYTES = 16 * 2 ** 20;
const MAX_ADVISORIES = 20_000;
const MAX_AFFECTED = 500;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const NAME = /^[A-Za-z0-9][\w.-]{0,99}\/[\w.-]{1,100}(?:\/[\w.-]{1,100}){0,10}$/;
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{2,100}$/;

export interface AdvisorySnapshot {
  /** The day of which it is, `2026-11-25`. */
  readonly date: string;
  readonly advisories: readonly Advisory[];
  /** Advisories that were taken back. */
  readonly withdrawn: readonly string[];
  /** Advisories for other things than actions, that were passed over. */
  readonly others: number;
}

type Members = Readonly<Record<string, Json | undefined>>;

class Wrong extends Error {}

/**
 * Reads advisories in OSV form, strictly: one, a list, or a snapshot (`{"date", "advisories"}`). One that is about actions and not of
 * the form makes the whole be refused: half a list would be taken for all. Sizes are bounded; the text may come from anywhere.
 */
export function readAdvisories(text: string): Result<AdvisorySnapshot, Refusal> {
  if (text.length > MAX_ADVISORY_BYTES) return bad(`it is larger than ${MAX_ADVISORY_BYTES} bytes`);
  try {
    const whole = JSON.parse(text) as Json;
    const snapshot = isMembers(whole) && 'advisories' in whole ? whole : undefined;
    const list = snapshot === undefined ? (Array.isArray(whole) ? whole : [whole]) : snapshot['advisories'];
    if (!Array.isArray(list)) throw new Wrong('its advisories are no list');
    if (list.length === 0) throw new Wrong('it holds none');
    if (list.length > MAX_ADVISORIES) throw new Wrong(`it holds more than ${MAX_ADVISORIES}`);
    const advisories: Advisory[] = [];
    const withdrawn: string[] = [];
    let others = 0;
    let newest = '';
    for (const one of list as readonly Json[]) {
      const members = membersOf(one, 'an advisory');
      const id = wordOf(members, 'id', ID);
      const modified = wordOf(members, 'modified', TIME);
      if (modified > newest) newest = modified;
      const affected = affectedBy(members, id);
      if (affected.length === 0) others += 1;
      else if (members['withdrawn'] !== undefined) withdrawn.push(id);
      else advisories.push(advisoryFrom(members, id, modified, affected));
    }
    if (new Set(advisories.map(({ id }) => id)).size !== advisories.length)
      throw new Wrong('it holds one twice');
    const date = snapshot === undefined ? newest.slice(0, 10) : wordOf(snapshot, 'date', /^\d{4}-\d\d-\d\d$/);
    return ok({ date, advisories, withdrawn, others });
  } catch (error) {
    if (error instanceof Wrong) return bad(error.message);
    if (error instanceof SyntaxError) return bad('it is no JSON');
    throw error;
  }
}

function advisoryFrom(
  members: Members,
  id: string,
  modified: string,
  affected: readonly Affected[],
): Advisory {
  const references = listOf(members, 'references').map((one) => membersOf(one, `a reference of ${id}`));
  const pages = references.map((one) => wordOf(one, 'url', /^https?:\/\/[^\s"<>]{1,1000}$/));
  const specific = members['database_specific'];
  const named = isMembers(specific) ? String(specific['severity'] ?? '').toUpperCase() : '';
  return {
    id,
    modified,
    published: members['published'] === undefined ? modified : wordOf(members, 'published', TIME),
    aliases: listOf(members, 'aliases').map((one) => textOf(one, ID, `an alias of ${id}`)),
    summary: members['summary'] === undefined ? id : wordOf(members, 'summary', /^[^\u0000-\u001f]{1,500}$/),
    severity: named === 'LOW' ? 'low' : named === 'MODERATE' || named === 'MEDIUM' ? 'medium' : 'high',
    source: pages.find((page) => page.includes(id)) ?? pages[0] ?? `https://osv.dev/vulnerability/${id}`,
    affected,
  };
}

function affectedBy(members: Members, id: string): readonly Affected[] {
  const list = listOf(members, 'affected');
  if (list.length > MAX_AFFECTED) throw new Wrong(`${id} affects more than ${MAX_AFFECTED}`);
  return list.flatMap((one) => {
    const affected = membersOf(one, `what ${id} affects`);
    const named = affected['package'];
    if (!isMembers(named) || named['ecosystem'] !== ECOSYSTEM) return [];
    const ranges: VersionRange[] = [];
    const commits: string[] = [];
    for (const range of listOf(affected, 'ranges')) {
      const { type, events } = rangeOf(range, id);
      if (type === 'GIT') commits.push(...exactly(events));
      else ranges.push(...rangesFrom(events, id));
    }
    const versions = listOf(affected, 'versions').map((text) =>
      textOf(text, /^[^\s]{1,100}$/, `a version of ${id}`),
    );
    return [{ name: wordOf(named, 'name', NAME).toLowerCase(), ranges, versions, commits }];
  });
}

type Events = readonly (readonly [string, string])[];

function rangeOf(range: Json, id: string): { readonly type: string; readonly events: Events } {
  const members = membersOf(range, `a range of ${id}`);
  const type = wordOf(members, 'type', /^(?:ECOSYSTEM|SEMVER|GIT)$/);
  const events = listOf(members, 'events').map((event) => {
    const [[name, value] = ['', ''], ...more] = Object.entries(membersOf(event, `an event of ${id}`));
    if (more.length > 0 || !['introduced', 'fixed', 'last_affected', 'limit'].includes(name))
      throw new Wrong(`an event of ${id} is not of its form`);
    return [name, textOf(value ?? null, /^[^\s]{1,100}$/, `an event of ${id}`)] as const;
  });
  return { type, events };
}

function rangesFrom(events: Events, id: string): readonly VersionRange[] {
  const ranges: { introduced: string; fixed?: string; lastAffected?: string }[] = [];
  for (const [name, value] of events) {
    const open = ranges.at(-1);
    if (name === 'introduced') ranges.push({ introduced: value });
    else if (open === undefined) throw new Wrong(`a range of ${id} begins nowhere`);
    else if (name === 'fixed') open.fixed = value;
    else if (name === 'last_affected') open.lastAffected = value;
  }
  return ranges;
}

/** Of a range of commits only one that is a single commit can be told without its repository. */
function exactly(events: Events): readonly string[] {
  const from = events.find(([name]) => name === 'introduced')?.[1];
  const to = events.find(([name]) => name === 'last_affected')?.[1];
  return from !== undefined && from === to && /^[0-9a-f]{40}$/.test(from) ? [from] : [];
}

function isMembers(value: Json | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function membersOf(value: Json, what: string): Members {
  if (!isMembers(value)) throw new Wrong(`${what} is not of its form`);
  return value;
}

function listOf(members: Members, key: string): readonly Json[] {
  const value = members[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Wrong(`${key} is no list`);
  return value as readonly Json[];
}

function textOf(value: Json, form: RegExp, what: string): string {
  if (typeof value !== 'string' || !form.test(value)) throw new Wrong(`${what} is not of its form`);
  return value;
}

function wordOf(members: Members, key: string, form: RegExp): string {
  return textOf(
    members[key] ?? null,
    form,
    `${key} of ${typeof members['id'] === 'string' ? members['id'].slice(0, 50) : 'an advisory'}`,
  );
}

function bad(why: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'advisories/unreadable',
      `these are no advisories in OSV form: ${why}`,
      'give the JSON of one advisory, or a list of them; docs/check.md says where to get some',
    ),
  );
}
