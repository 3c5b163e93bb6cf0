export { type Assessment, STATE_WORD, summary } from './assessment.ts';
export { type ItemJudged, judgeChecklist, type State } from './checklist.ts';
export { type Facts, NO_RECORDS, type RecordedRuns } from './facts.ts';
export { factsOf } from './facts-of.ts';
export { assessMarkdown } from './markdown.ts';
export { assessPage } from './page.ts';
export { type PlannedAction, planFrom } from './plan.ts';
export { recordedRuns } from './recorded-runs.ts';
