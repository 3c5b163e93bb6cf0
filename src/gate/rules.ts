import type { Rule } from './rule.ts';
import { rule as actionMetadata } from './rules/action-metadata/rule.ts';
import { rule as adhocPackages } from './rules/adhoc-packages/rule.ts';
import { rule as anonymousDefinition } from './rules/anonymous-definition/rule.ts';
import { rule as approvalRace } from './rules/approval-race/rule.ts';
import { rule as archivedUses } from './rules/archived-uses/rule.ts';
import { rule as artifactRetention } from './rules/artifact-retention/rule.ts';
import { rule as automaticMerge } from './rules/automatic-merge/rule.ts';
import { rule as cachePoisoning } from './rules/cache-poisoning/rule.ts';
import { rule as callInputs } from './rules/call-inputs/rule.ts';
import { rule as commentCommand } from './rules/comment-command/rule.ts';
import { rule as concurrencyLimits } from './rules/concurrency-limits/rule.ts';
import { rule as confusableCharacters } from './rules/confusable-characters/rule.ts';
import { rule as containerLimits } from './rules/container-limits/rule.ts';
import { rule as containerOptions } from './rules/container-options/rule.ts';
import { rule as credentialsInArtifacts } from './rules/credentials-in-artifacts/rule.ts';
import { rule as dangerousTriggers } from './rules/dangerous-triggers/rule.ts';
import { rule as debugEnabled } from './rules/debug-enabled/rule.ts';
import { rule as dependabotCooldown } from './rules/dependabot-cooldown/rule.ts';
import { rule as dependabotExecution } from './rules/dependabot-execution/rule.ts';
import { rule as deprecatedCommands } from './rules/deprecated-commands/rule.ts';
import { rule as environmentFileInjection } from './rules/environment-file-injection/rule.ts';
import { rule as environmentFileWrites } from './rules/environment-file-writes/rule.ts';
import { rule as eventFilters } from './rules/event-filters/rule.ts';
import { rule as excessivePermissions } from './rules/excessive-permissions/rule.ts';
import { rule as expressionInCode } from './rules/expression-in-code/rule.ts';
import { rule as expressionTypes } from './rules/expression-types/rule.ts';
import { rule as forbiddenUses } from './rules/forbidden-uses/rule.ts';
import { rule as githubAppToken } from './rules/github-app-token/rule.ts';
import { rule as hardcodedCredentials } from './rules/hardcoded-credentials/rule.ts';
import { rule as identityBesideCode } from './rules/identity-beside-code/rule.ts';
import { rule as ignoredFailure } from './rules/ignored-failure/rule.ts';
import { rule as impostorCommit } from './rules/impostor-commit/rule.ts';
import { rule as insecureCommands } from './rules/insecure-commands/rule.ts';
import { rule as insecureUrl } from './rules/insecure-url/rule.ts';
import { rule as installScriptsInPrivilegedJob } from './rules/install-scripts-in-privileged-job/rule.ts';
import { rule as knownVulnerableActions } from './rules/known-vulnerable-actions/rule.ts';
import { rule as lockMismatch } from './rules/lock-mismatch/rule.ts';
import { rule as longLivedCredentials } from './rules/long-lived-credentials/rule.ts';
import { rule as matrixValues } from './rules/matrix-values/rule.ts';
import { rule as misfeature } from './rules/misfeature/rule.ts';
import { rule as missingLockfileInstall } from './rules/missing-lockfile-install/rule.ts';
import { rule as missingTimeout } from './rules/missing-timeout/rule.ts';
import { rule as obfuscation } from './rules/obfuscation/rule.ts';
import { rule as outdatedActions } from './rules/outdated-actions/rule.ts';
import { rule as outputClobbering } from './rules/output-clobbering/rule.ts';
import { rule as overprovisionedSecrets } from './rules/overprovisioned-secrets/rule.ts';
import { rule as permissionsPerJob } from './rules/permissions-per-job/rule.ts';
import { rule as persistedCredentials } from './rules/persisted-credentials/rule.ts';
import { rule as promptInjection } from './rules/prompt-injection/rule.ts';
import { rule as rebuiltRelease } from './rules/rebuilt-release/rule.ts';
import { rule as refConfusion } from './rules/ref-confusion/rule.ts';
import { rule as refVersionMismatch } from './rules/ref-version-mismatch/rule.ts';
import { rule as releaseWithoutEnvironment } from './rules/release-without-environment/rule.ts';
import { rule as releaseWithoutProvenance } from './rules/release-without-provenance/rule.ts';
import { rule as runnerLabels } from './rules/runner-labels/rule.ts';
import { rule as scriptSyntax } from './rules/script-syntax/rule.ts';
import { rule as secretReach } from './rules/secret-reach/rule.ts';
import { rule as secretsInherit } from './rules/secrets-inherit/rule.ts';
import { rule as secretsOutsideEnvironment } from './rules/secrets-outside-environment/rule.ts';
import { rule as selfHostedRunner } from './rules/self-hosted-runner/rule.ts';
import { rule as sharedRunners } from './rules/shared-runners/rule.ts';
import { rule as shellEvaluation } from './rules/shell-evaluation/rule.ts';
import { rule as shellName } from './rules/shell-name/rule.ts';
import { rule as spoofableActor } from './rules/spoofable-actor/rule.ts';
import { rule as staleActionRefs } from './rules/stale-action-refs/rule.ts';
import { rule as superfluousActions } from './rules/superfluous-actions/rule.ts';
import { rule as templateInjection } from './rules/template-injection/rule.ts';
import { rule as typosquattedUses } from './rules/typosquatted-uses/rule.ts';
import { rule as unboundedMatrix } from './rules/unbounded-matrix/rule.ts';
import { rule as undefinedReference } from './rules/undefined-reference/rule.ts';
import { rule as undocumentedPermissions } from './rules/undocumented-permissions/rule.ts';
import { rule as unownedWorkflows } from './rules/unowned-workflows/rule.ts';
import { rule as unpinnedImages } from './rules/unpinned-images/rule.ts';
import { rule as unpinnedTools } from './rules/unpinned-tools/rule.ts';
import { rule as unpinnedUses } from './rules/unpinned-uses/rule.ts';
import { rule as unreachableCode } from './rules/unreachable-code/rule.ts';
import { rule as unreadFile } from './rules/unread-file/rule.ts';
import { rule as unredactedSecrets } from './rules/unredacted-secrets/rule.ts';
import { rule as unreproducibleBuild } from './rules/unreproducible-build/rule.ts';
import { rule as unsoundCondition } from './rules/unsound-condition/rule.ts';
import { rule as unsoundTernary } from './rules/unsound-ternary/rule.ts';
import { rule as untrustedCheckout } from './rules/untrusted-checkout/rule.ts';
import { rule as untrustedTarget } from './rules/untrusted-target/rule.ts';
import { rule as unverifiedDownload } from './rules/unverified-download/rule.ts';
import { rule as unverifiedRelease } from './rules/unverified-release/rule.ts';
import { rule as workflowSyntax } from './rules/workflow-syntax/rule.ts';
import { rule as workspaceAction } from './rules/workspace-action/rule.ts';

/** All rules; one more is one more folder, and one more line here. */
export const RULES: readonly Rule[] = [
  actionMetadata,
  adhocPackages,
  anonymousDefinition,
  approvalRace,
  archivedUses,
  artifactRetention,
  automaticMerge,
  cachePoisoning,
  callInputs,
  commentCommand,
  concurrencyLimits,
  confusableCharacters,
  containerLimits,
  containerOptions,
  credentialsInArtifacts,
  dangerousTriggers,
  debugEnabled,
  dependabotCooldown,
  dependabotExecution,
  deprecatedCommands,
  environmentFileInjection,
  environmentFileWrites,
  eventFilters,
  excessivePermissions,
  expressionInCode,
  expressionTypes,
  forbiddenUses,
  githubAppToken,
  hardcodedCredentials,
  identityBesideCode,
  ignoredFailure,
  impostorCommit,
  insecureCommands,
  insecureUrl,
  installScriptsInPrivilegedJob,
  knownVulnerableActions,
  lockMismatch,
  longLivedCredentials,
  matrixValues,
  misfeature,
  missingLockfileInstall,
  missingTimeout,
  obfuscation,
  outdatedActions,
  outputClobbering,
  overprovisionedSecrets,
  permissionsPerJob,
  persistedCredentials,
  promptInjection,
  rebuiltRelease,
  refConfusion,
  refVersionMismatch,
  releaseWithoutEnvironment,
  releaseWithoutProvenance,
  runnerLabels,
  scriptSyntax,
  secretReach,
  secretsInherit,
  secretsOutsideEnvironment,
  selfHostedRunner,
  sharedRunners,
  shellEvaluation,
  shellName,
  spoofableActor,
  staleActionRefs,
  superfluousActions,
  templateInjection,
  typosquattedUses,
  unboundedMatrix,
  undefinedReference,
  undocumentedPermissions,
  unownedWorkflows,
  unpinnedImages,
  unpinnedTools,
  unpinnedUses,
  unreachableCode,
  unreadFile,
  unredactedSecrets,
  unreproducibleBuild,
  unsoundCondition,
  unsoundTernary,
  untrustedCheckout,
  untrustedTarget,
  unverifiedDownload,
  unverifiedRelease,
  workflowSyntax,
  workspaceAction,
];

export function isRule(id: string): boolean {
  return RULES.some((rule) => rule.id === id);
}
