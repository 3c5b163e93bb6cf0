export { parseEnvironmentFile, parsePathFile } from './commands/command-files.ts';
export { type CommandLine, parseCommandLine } from './commands/command-line.ts';
export {
  type EvaluationMeans,
  evaluateCondition,
  evaluateText,
  evaluateValue,
} from './expressions/evaluate-text.ts';
export {
  brokenTemplate,
  expressionsIn,
  isOneExpression,
  parseAnywhere,
  type ReadExpression,
  readExpression,
} from './expressions/anywhere.ts';
export { writtenOutcome } from './expressions/constant.ts';
export { calledIn, type Expression } from './expressions/tree.ts';
export { EvaluationWork } from './expressions/work.ts';
export { type FilteredEvent, type Matched, matchesEvent } from './jobs/event-filter.ts';
export { wantedJobs } from './jobs/wanted-jobs.ts';
export {
  type Combination,
  expandMatrix,
  isChosen,
  type MatrixChoice,
  matrixName,
  valueAt,
} from './jobs/matrix.ts';
export { type FileChoice, readFilePatterns } from './jobs/file-patterns.ts';
export { type ShellCommand, shellCommand } from './jobs/shell-command.ts';
export type * from './model.ts';
export { type CommentedFile, readComments } from './read/comments.ts';
export { readActionMetadata } from './read/read-action.ts';
export { readWorkflow } from './read/read-workflow.ts';
export { packedTree, unpackedTree } from './read/packed-tree.ts';
export { type Entry, readYaml, type Tree } from './read/yaml-tree.ts';
export { type Portion, unsupported, unsupportedRunsOn, unsupportedStep } from './read/unsupported.ts';
export { type Layout, openLayout, provesItself } from './edit/layout.ts';
export { type Operation, type Piece, pieced, type PlainValue, type YamlPath } from './edit/operation.ts';
