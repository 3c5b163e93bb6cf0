export {
  evaluateCondition,
  evaluateText,
  evaluateValue,
  type WorkspaceFunctions,
} from './expressions/evaluate-text.ts';
export type * from './model.ts';
