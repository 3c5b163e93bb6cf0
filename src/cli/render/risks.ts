import type { RecordEvent, RiskOperation } from '../../audit/index.ts';

type Risk = Extract<RecordEvent, { readonly type: 'risk.attempted' }>;

/** What was done or tried, said so that it needs no manual. */
const WHAT: Readonly<Record<RiskOperation, string>> = {
  'process-memory': 'read another process',
  identity: 'become another user',
  'set-user-id': 'set a set-user-id bit',
  namespace: 'make or enter a namespace',
  mount: 'mount',
  'kernel-module': 'load a kernel module',
  'kernel-interface': 'use a kernel interface',
  keyring: 'use the kernel keyring',
  'file-handle': 'open a file without its path',
  'terminal-input': 'type into a terminal',
  clock: 'change the clock',
  'machine-control': 'control the machine',
  'shell-configuration': 'write shell configuration',
  'git-configuration': 'write git configuration',
  'package-manager-configuration': 'write package-manager configuration',
  'tool-configuration': 'write settings that tools obey',
  hook: 'write a hook',
  'workflow-file': 'write a workflow file',
};

export function describeRisk({ operation, call, target }: Risk): string {
  const by = [call, target].filter((part) => part !== undefined).join(' ');
  return `${WHAT[operation]}${by === '' ? '' : `  ${by}`}`;
}
