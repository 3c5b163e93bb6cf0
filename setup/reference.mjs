// `npm run reference`: writes what is derived from the schema of cofferdam.yaml, and the list of attacks.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { jsonSchema, keyTable } from '../src/config/reference.ts';
import { inputSchema, inputTable } from '../src/custom-rules/index.ts';
import { RULES } from '../src/gate/rules.ts';
import { ruleTable } from '../src/gate/index.ts';
import { fixLine, withFixLine } from '../src/gate/report/fix-line.ts';
import { reportSchema } from '../src/gate/report/json-schema.ts';
import { attackTable, ATTACKS, PENDING } from '../src/replay/index.ts';

const top = join(import.meta.dirname, '..');
mkdirSync(join(top, 'schema'), { recursive: true });
writeFileSync(join(top, 'schema/cofferdam.schema.json'), jsonSchema());
writeFileSync(join(top, 'schema/rule-input.schema.json'), inputSchema());
writeFileSync(join(top, 'schema/check-report.schema.json'), reportSchema());
const derived = [
  ['docs/configuration.md', /(<!-- keys -->\n)[^]*(<!-- end of keys -->)/, keyTable()],
  ['docs/check.md', /(<!-- rules -->\n)[^]*(<!-- end of rules -->)/, ruleTable()],
  ['docs/custom-rules.md', /(<!-- fields -->\n)[^]*(<!-- end of fields -->)/, inputTable()],
  ['docs/replay.md', /(<!-- attacks -->\n)[^]*(<!-- end of attacks -->)/, attackTable(ATTACKS, PENDING)],
];
for (const [name, marks, text] of derived) {
  const page = join(top, name);
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(marks, (_, begin, end) => `${begin}${text}${end}`),
  );
}
for (const { id, mend } of RULES) {
  const folder = join(top, 'src/gate/rules', id);
  const cases = parse(readFileSync(join(folder, 'cases.yaml'), 'utf8'));
  const page = readFileSync(join(folder, 'rule.md'), 'utf8');
  writeFileSync(join(folder, 'rule.md'), withFixLine(page, fixLine(mend !== undefined, cases)));
}
