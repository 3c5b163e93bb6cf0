export {
  type ConnectionInput,
  type FindingInput,
  type JobInput,
  NO_STEP,
  NOTHING,
  type Point,
  POINTS,
  type ResultInput,
  type RuleInput,
  type RunInput,
  type StepInput,
  type WorkflowInput,
} from './input.ts';
export { type Rulebook, rulebook, type RuleDenial } from './rulebook.ts';
export { inputSchema, inputTable } from './shape.ts';
export { type RuleTest, type RuleTestResult, runRuleTests } from './run-tests.ts';
