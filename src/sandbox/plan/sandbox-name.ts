import { sha256 } from '../../base/index.ts';

/** The path of a socket may be 107 bytes long (unix(7)), and one lies in the sandbox's folder. */
const MAX_JOB = 32;
const MARK = 8;

/** What a job's sandbox is called: its folder and, in lower case, its control groups and container. Unique in the machine. */
export function sandboxName(runId: string, jobId: string): string {
  if (jobId.length <= MAX_JOB) return `${runId}-${jobId}`;
  const mark = sha256(jobId).slice('sha256:'.length, 'sha256:'.length + MARK);
  return `${runId}-${jobId.slice(0, MAX_JOB - MARK - 1)}-${mark}`;
}

/** Of the job by which `tryName` names the sandbox of a try of KVM, whose run has the name of the sandbox that it is made for. */
export const TRY = 'kvm';

/** What the sandbox of a try is called that is made for the one of that name, in whose folder it lies. */
export function tryName(name: string): string {
  return sandboxName(name, TRY);
}
