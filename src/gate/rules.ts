import type { Rule } from './rule.ts';
import { rule as environmentFileInjection } from './rules/environment-file-injection/rule.ts';
import { rule as excessivePermissions } from './rules/excessive-permissions/rule.ts';
import { rule as overprovisionedSecrets } from './rules/overprovisioned-secrets/rule.ts';
import { rule as persistedCredentials } from './rules/persisted-credentials/rule.ts';
import { rule as secretsInherit } from './rules/secrets-inherit/rule.ts';
import { rule as selfHostedRunner } from './rules/self-hosted-runner/rule.ts';
import { rule as templateInjection } from './rules/template-injection/rule.ts';
import { rule as unpinnedUses } from './rules/unpinned-uses/rule.ts';
import { rule as unreadFile } from './rules/unread-file/rule.ts';
import { rule as untrustedCheckout } from './rules/untrusted-checkout/rule.ts';
import { rule as workflowSyntax } from './rules/workflow-syntax/rule.ts';

/** All rules; one more is one more folder, and one more line here. */
export const RULES: readonly Rule[] = [
  environmentFileInjection,
  excessivePermissions,
  overprovisionedSecrets,
  persistedCredentials,
  secretsInherit,
  selfHostedRunner,
  templateInjection,
  unpinnedUses,
  unreadFile,
  untrustedCheckout,
  workflowSyntax,
];
