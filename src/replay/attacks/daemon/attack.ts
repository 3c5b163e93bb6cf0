import type { Attack } from '../../attack.ts';

export const attack: Attack = {
  name: 'daemon',
  title: 'A process that waits for the next job',
  story:
    'On a runner that is used again, a process that a job leaves behind, in a session of its own and without a parent, waits ' +
    'for the next job and takes what that one holds. Reported again and again by those who attack self-hosted runners.',
  sources: ['Praetorian, self-hosted runners, 2024', 'practical guide §1, §5'],
  cases: [
    {
      name: 'outlives-its-job',
      control: 'all processes end with the job',
      without: ['process-namespace', 'ending'],
      holdsCanary: true,
      harm: ({ processes, canary }) =>
        processes(`daemon-${canary}`).length > 0 ? 'it lives after its job has ended' : undefined,
      event: {
        name: 'process.started',
        matches: (event, canary) =>
          event.type === 'process.started' && event.argv.includes(`daemon-${canary}`),
      },
    },
  ],
};
