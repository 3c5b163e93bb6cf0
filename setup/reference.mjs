// `npm run reference`: writes what is derived from the schema of cofferdam.yaml.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema, keyTable } from '../src/config/reference.ts';

const top = join(import.meta.dirname, '..');
mkdirSync(join(top, 'schema'), { recursive: true });
writeFileSync(join(top, 'schema/cofferdam.schema.json'), jsonSchema());
const page = join(top, 'docs/configuration.md');
const marks = /(<!-- keys -->\n)[^]*(<!-- end of keys -->)/;
writeFileSync(
  page,
  readFileSync(page, 'utf8').replace(marks, (_, begin, end) => `${begin}${keyTable()}${end}`),
);
