import { type Refusal, REFUSAL_STATUS } from '../../base/index.ts';
import { visible } from '../../audit/index.ts';

/** A refusal as text: what, where, why it is so and what mends it. Hostile characters are shown, not obeyed. */
export function renderRefusal(refused: Refusal): string {
  const where = refused.where;
  const place =
    where === undefined
      ? ''
      : `${[where.file, where.line, where.column].filter((part) => part !== undefined).join(':')}${where.pointer === undefined ? '' : ` ${where.pointer}`}: `;
  return `cofferdam: ${visible(place)}${visible(refused.why)}  [${refused.rule}]\n  fix: ${visible(refused.fix)}\n`;
}

export function exitStatus(refused: Refusal): number {
  return REFUSAL_STATUS[refused.kind];
}
