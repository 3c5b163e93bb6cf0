import { isAlarming, type RecordEvent, visible } from '../../audit/index.ts';
import { describeRisk } from './risks.ts';

const MAX_WIDTH = 300;

interface By {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** One event as a line for a person; `!` stands before what was denied, what is a risk, and what was not seen. */
export function eventLine(event: RecordEvent): string {
  const text = `${event.type.padEnd(20)} ${visible(said(event), MAX_WIDTH)}`;
  return `${isRemarkable(event) ? '!' : ' '} ${text}`;
}

function isRemarkable(event: RecordEvent): boolean {
  switch (event.type) {
    case 'risk.attempted':
      return isAlarming(event);
    case 'dns.question':
    case 'network.connection':
      return event.verdict === 'denied';
    case 'network.refused':
    case 'process.outlived':
    case 'limit.hit':
    case 'telemetry.gap':
    case 'policy.refused':
      return true;
    default:
      return false;
  }
}

function said(event: RecordEvent): string {
  switch (event.type) {
    case 'risk.attempted':
      return `${event.step}  ${event.outcome}  ${describeRisk(event)}${by(event.process)}${times(event.count)}`;
    case 'process.started':
      return `${event.step}  ${command(event)} (pid ${event.pid} of ${event.parent})${event.notFound === true ? '  not found' : ''}`;
    case 'process.exited': {
      const { exit, durationMs, cpuMs } = event;
      const how = exit.signal ?? (exit.code === null ? 'how is not known' : `status ${exit.code}`);
      const after = durationMs === undefined ? '' : ` after ${durationMs} ms`;
      return `${event.step}  pid ${event.pid}  ${how}${after}${cpuMs === undefined ? '' : `, processor ${cpuMs} ms`}`;
    }
    case 'process.outlived':
      return `${event.step}  left running${by(event)} for ${event.runningMs} ms`;
    case 'network.listening':
      return `${event.step}  ${event.protocol} ${event.address}${event.port === undefined ? '' : ` port ${event.port}`}${by(event.process)}`;
    default: {
      const { type: _type, ...rest } = event;
      return JSON.stringify(rest);
    }
  }
}

function command({
  argv,
  truncated,
}: {
  readonly argv: readonly string[];
  readonly truncated: boolean;
}): string {
  return `${argv.join(' ')}${truncated ? ' …' : ''}`;
}

function by({ pid, argv }: By): string {
  return argv.length === 0 ? '' : `   by ${argv.join(' ')} (pid ${pid})`;
}

function times(count: number | undefined): string {
  return count === undefined ? '' : `   ${count} times`;
}
