import type { RecordEvent } from '../../audit/index.ts';
import type { GatewayEvent } from '../../egress/index.ts';
import type { Observation, Sandbox } from '../../sandbox/index.ts';
import { ownerOf } from './attribution.ts';
import type { JobPrograms } from './job-programs.ts';
import { riskOfCall, targetOfCall } from './risk-of-call.ts';

const RISK_OF = { 'set-user-id': 'set-user-id', memory: 'process-memory' } as const;

export interface Where {
  readonly job: string;
  readonly step: string;
}

/** What the gateway saw, in the record's words, with the process that did it where it can be found. */
export async function gatewayRecord(
  event: GatewayEvent,
  at: Where,
  sandbox: Sandbox | undefined,
  programs: JobPrograms,
): Promise<RecordEvent> {
  // It belongs to the step in which it happened, also when its process is found later.
  const { job, step } = at;
  const process = await ownerOf(sandbox, event);
  const program = await programs.evidence(event, process);
  const by = { ...(process !== undefined && { process }), ...(program !== undefined && { program }) };
  switch (event.kind) {
    case 'dns': {
      const { kind: _kind, type, clientPort: _port, ...rest } = event;
      return { type: 'dns.question', job, step, queryType: type, ...rest, ...by };
    }
    case 'connect': {
      const { kind: _kind, id, clientPort: _port, family: _family, ...rest } = event;
      return { type: 'network.connection', job, step, connection: id, ...rest, ...by };
    }
    case 'request': {
      const { kind: _kind, id, clientPort: _port, ...rest } = event;
      return {
        type: 'network.request',
        job,
        step,
        connection: id,
        ...rest,
        ...(process !== undefined && { process }),
      };
    }
    case 'closed': {
      const { kind: _kind, id, ...rest } = event;
      return { type: 'network.closed', job, step, connection: id, ...rest };
    }
    case 'refused-packet': {
      const { kind: _kind, family, uid: _uid, ...rest } = event;
      return { type: 'network.refused', job, step, family: `ipv${family}`, ...rest };
    }
    case 'gap':
      return { type: 'telemetry.gap', job, step, what: 'network', why: event.why };
  }
}

export function observationRecord(seen: Observation, at: Where): RecordEvent {
  const { job, step } = at;
  switch (seen.kind) {
    case 'process': {
      const { process } = seen;
      return {
        type: 'process.started',
        job,
        step,
        pid: process.pid,
        parent: process.parent,
        argv: process.argv,
        truncated: process.truncated,
        at: new Date(process.startedAt).toISOString(),
        ...(process.executable !== undefined && { executable: process.executable }),
        ...(process.uid !== undefined && { uid: process.uid }),
        ...(process.notFound === true && { notFound: true }),
      };
    }
    case 'attempt': {
      const { attempt } = seen;
      const target = targetOfCall(attempt);
      return {
        type: 'risk.attempted',
        job,
        step,
        operation: riskOfCall(attempt.call),
        outcome: attempt.refused ? 'denied' : 'allowed',
        call: attempt.call,
        ...(target !== undefined && { target }),
        at: new Date(attempt.at).toISOString(),
        process: attempt.process,
        ...(attempt.count > 1 && { count: attempt.count }),
      };
    }
    case 'exit': {
      const { pid, at: when, durationMs, cpuMs, code, signal } = seen.exit;
      return {
        type: 'process.exited',
        job,
        step,
        pid,
        at: new Date(when).toISOString(),
        exit: { code, signal },
        ...(durationMs !== undefined && { durationMs }),
        ...(cpuMs !== undefined && { cpuMs }),
      };
    }
    case 'file': {
      const { what, path, at: when, refused, process } = seen.file;
      return {
        type: 'risk.attempted',
        job,
        step,
        operation: what === 'written' ? (seen.is ?? 'tool-configuration') : RISK_OF[what],
        outcome: refused ? 'denied' : 'allowed',
        target: path,
        at: new Date(when).toISOString(),
        process,
      };
    }
    case 'listening':
      return { type: 'network.listening', job, step, ...seen.listener };
    case 'refused-packet':
      return { type: 'network.refused', job, step, family: seen.family, protocol: seen.protocol };
    case 'gap':
      return { type: 'telemetry.gap', job, step, what: 'processes', why: seen.why };
  }
}
