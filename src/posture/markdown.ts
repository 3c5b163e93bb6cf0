import { type Assessment, STATE_WORD, summary } from './assessment.ts';

const MAX_PLACES = 5;

/** The assessment as Markdown. Text of the repository stands in code, and cannot end it. */
export function assessMarkdown({ facts, items, plan }: Assessment): string {
  const rows = items.map(({ title, state, evidence, findings }) => {
    const places = findings.slice(0, MAX_PLACES).map(({ at }) => code(`${at.file}:${at.line}`));
    const more = findings.length > MAX_PLACES ? [`and ${findings.length - MAX_PLACES} more`] : [];
    return `| ${title} | ${STATE_WORD[state]} | ${[...evidence.map(plain), ...places, ...more].join('<br>')} |`;
  });
  const actions = plan.map(
    ({ title, phase, effort, exposure, done, first }, index) =>
      `| ${done ? '–' : index + 1} | ${title} | day ${phase} | ${effort} | ${done ? 'done, as far as is seen' : exposure} | ${plain(first)} |`,
  );
  return [
    `# CI security: ${code(facts.name)}`,
    '',
    `${summary(items)}. ${facts.workflows} workflows, ${facts.jobs} jobs, ${facts.records.runs} recorded runs.`,
    '',
    '| checklist | state | evidence |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '| | what to do | by | effort | exposure | begin with |',
    '| --- | --- | --- | --- | --- | --- |',
    ...actions,
    '',
  ].join('\n');
}

function code(text: string): string {
  return `\`${text.replaceAll(/[\r\n|]/g, (one) => (one === '|' ? '\\|' : ' ')).replaceAll('`', '\u02cb')}\``;
}

function plain(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|]/g, (one) => `\\${one}`);
}
