import type { StepContext } from './step-context.ts';

/** What actions left to be done at the end, last first; each is wanted by its own condition. */
export async function runPosts(context: StepContext): Promise<void> {
  for (const post of context.post.toReversed()) {
    const wanted = await post.wanted();
    if (!wanted.ok || !wanted.value || context.kill.aborted) continue;
    // What clears up is not ended by the cancellation that it clears up after.
    const signal = context.signal.aborted ? new AbortController().signal : context.signal;
    const started = Date.now();
    context.cell.setStep(post.id);
    context.log.setStep(post.id);
    await context.journal.write({ type: 'step.started', job: context.jobId, step: post.id, name: post.name });
    const result = await post.run(signal);
    if (result !== 'success') context.state.status = result;
    await context.journal.write({
      type: 'step.finished',
      job: context.jobId,
      step: post.id,
      name: post.name,
      result,
      durationMs: Date.now() - started,
    });
  }
}
