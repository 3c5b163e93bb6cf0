export { isRule } from './rules.ts';
export { atLeast, judge, type Judgement, type KnownParts, shownTo, told } from './check.ts';
export { connectedParts, type Part } from './connected.ts';
export { type Finding, type Persona, PERSONAS, SEVERITIES, type Severity, type Span } from './finding.ts';
export { type FixedFile, type Fixes, fixAll } from './fix/fix-all.ts';
export type { Mend, Safety, ToldMend } from './fix/mend.ts';
export { mendsOf, provenMends } from './fix/mends.ts';
export { fingerprints } from './fingerprint.ts';
export { type GatheredFile, gatherFiles, kindOf, MAX_BYTES, plainFile } from './repository/gather-files.ts';
export { looseFiles, looseKind } from './repository/loose-files.ts';
export type { JobPart, Repository, Source } from './repository/model.ts';
export { holdersIn } from './reach/holders.ts';
export { readRepository, type TreeReader } from './repository/read-repository.ts';
export { mermaid } from './reach/mermaid.ts';
export { type PlacedRun, placedRuns } from './reach/zones.ts';
export { ORIGINS, reach, type Reach } from './reach/reach.ts';
export { lineAt, sourceOf } from './repository/tree.ts';
export { githubReport } from './report/github.ts';
export type { LineOf } from './report/html/finding-article.ts';
export { drawnReach, htmlReport, linesOf } from './report/html/html-report.ts';
export { jsonReport } from './report/json.ts';
export { counted, markdownReport } from './report/markdown.ts';
export { ruleTable } from './report/rule-table.ts';
export { sarifReport } from './report/sarif.ts';
export { type Sifted, sift } from './suppressions.ts';
export { disagreements, type Disagreement, lockedUse, type LockedUse } from './lock/agreement.ts';
export {
  ACTIONS_LOCK,
  type ActionsLock,
  type ActionsLockEntry,
  type LockedWorkflow,
  type Locks,
  OWN_LOCK,
  type OwnLock,
  type OwnLockEntry,
  type Pin,
} from './lock/model.ts';
export { isCommit, partsOf, pinOf } from './lock/pin.ts';
export { digestOf, type Wanted, wantedBy } from './lock/wanted.ts';
export { actionsLockText, ownLockText } from './lock/write-locks.ts';
export { Subject } from './subject.ts';
export type { ActionFile, StepPart, UsesPart, WorkflowFile } from './repository/model.ts';
export { type FindingSettings, settleFindings } from './settings.ts';
export type { Advisory } from './advisories/advisory.ts';
export { type AdvisorySnapshot, MAX_ADVISORY_BYTES, readAdvisories } from './advisories/read-osv.ts';
export { mergedAdvisories, shippedAdvisories } from './advisories/shipped.ts';
export { type Facts, NO_FACTS, type RefFacts, type UsesPolicy } from './facts.ts';
export { pinOfUses, repositoryUses } from './uses.ts';
export { escaped } from './report/html/escaped.ts';
export { PAGE_STYLE } from './report/html/page-style.ts';
export { publishes } from './taint/publication.ts';
