// Used by the test that keeps schema/ and docs/ true, and by `npm run reference`, which writes them. Never at run time.
import { z } from 'zod';
import { configurationSchema } from './schema.ts';

interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: boolean | Schema;
}

/** The JSON Schema (draft 2020-12) of `cofferdam.yaml`, for editors and other tools. */
export function jsonSchema(): string {
  const schema = z.toJSONSchema(configurationSchema, { io: 'input' });
  return `${JSON.stringify({ title: 'cofferdam.yaml', ...schema }, null, 2)}\n`;
}

/** Every key with its type and meaning, as a Markdown table. */
export function keyTable(): string {
  const rows: string[] = [];
  const schema = JSON.parse(jsonSchema()) as Schema;
  walk(schema, '', rows);
  return ['| key | value | meaning |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

const ZONE_KEYS = /^zones\.(internal|release)\./;

function walk(schema: Schema, path: string, rows: string[]): void {
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? key : `${path}.${key}`;
    // The three zones have the same keys: they are shown once.
    if (ZONE_KEYS.test(`${at}.`)) continue;
    const shown = at.replace(/^zones\.untrusted/, 'zones.ZONE');
    rows.push(
      `| \`${shown}\` | ${kind(value)} | ${cell(value.description ?? value.items?.description ?? '')} |`,
    );
    walk(value, at, rows);
    // An item in two spellings: the longer one has the keys.
    const item = value.items?.anyOf?.find(({ properties }) => properties !== undefined) ?? value.items;
    if (item?.properties !== undefined) walk(item, `${at}[]`, rows);
  }
}

function kind(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(kind).join(' or ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.type === 'array') return `list of ${kind(schema.items ?? {})}`;
  if (schema.type === 'object') {
    return typeof schema.additionalProperties === 'object' ? 'scope to level' : 'mapping';
  }
  if (schema.pattern?.includes('GiB') === true) return 'size';
  if (schema.pattern?.includes('ms|s|m|h') === true) return 'duration';
  if (schema.minimum !== undefined) return `${schema.minimum} to ${schema.maximum ?? ''}`;
  return schema.type === 'boolean' ? '`true`, `false`' : 'text';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
