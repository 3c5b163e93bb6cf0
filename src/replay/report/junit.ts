import type { PendingAttack } from '../attack.ts';
import type { Replayed } from '../replay.ts';

/**
 * The results as JUnit XML: one case with one runtime a test. Broken ones are errors; what is pending, or does not apply,
 * is skipped.
 */
export function junit(results: readonly Replayed[], pending: readonly PendingAttack[]): string {
  const count = (verdict: string): number => results.filter((one) => one.verdict === verdict).length;
  const seconds = results.reduce((sum, one) => sum + one.durationMs, 0) / 1_000;
  const cases = [
    ...results.map((one) => {
      const open = `    <testcase classname="replay.${text(one.attack)}" name="${text(one.case)} (${text(one.runtime)}): ${text(one.control)}" time="${(one.durationMs / 1_000).toFixed(3)}"`;
      if (one.verdict === 'contained') return `${open}/>`;
      if (one.verdict === 'not-applicable')
        return `${open}>\n      <skipped message="does not apply: ${text(one.why)}"/>\n    </testcase>`;
      const kind = one.verdict === 'broken' ? 'error' : 'failure';
      return `${open}>\n      <${kind} message="${text(one.why)}"/>\n    </testcase>`;
    }),
    ...pending.map(
      (one) =>
        `    <testcase classname="replay.${text(one.name)}" name="${text(one.title)}">\n      <skipped message="pending: waits for ${text(one.waitsFor)}"/>\n    </testcase>`,
    ),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="cofferdam replay" tests="${cases.length}" failures="${count('not-contained')}" errors="${count('broken')}" skipped="${pending.length + count('not-applicable')}" time="${seconds.toFixed(3)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text of an attribute; what XML 1.0 cannot hold is left out. */
function text(value: string): string {
  return value
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? '')
    .replace(/\s+/g, ' ');
}
