/**
 * `latency.signal-to-call`: from the first byte of a partner's `session-revoked` to the first byte of the revoking call at the
 * provider, on 4 connections that push without a pause. Every tenth signal is one, each about somebody else, and leads to a released
 * plan.
 */
import type { Bench } from './bench.ts';
import { startChild } from './child.ts';
import type { Counts } from './counts.ts';
import type { GeneratorArgument, LoadOrder, LoadResult } from './generator.ts';
import { authorization, openOrganisation, people } from './organisation.ts';
import { median, round, spread } from './row.ts';
import type { StandInOrder } from './stand-in.ts';
import { revokingEvery, signTokens, tenthRevokes } from './tokens.ts';

const connections = 4;
const warmUpCount = 400;
const slices = 6;
const sliceCount = 400;
const drainMs = 10_000;

export const latency: Bench = {
  names: ['latency.signal-to-call', 'latency.signal-to-answer'],
  async run({ serviceOptions }) {
    const organisation = await openOrganisation();
    const ending: (() => Promise<void>)[] = [() => organisation.close()];
    try {
      const { provider } = organisation;
      const tokens = await signTokens(organisation, warmUpCount + slices * sliceCount, tenthRevokes);
      await provider.ask({ signIn: people } satisfies StandInOrder);
      const generator = await startChild<object>('generator.ts', {
        tokens: tokens.file,
        path: '/ssf/events/partner',
        authorization,
        mediaType: 'application/secevent+jwt',
        taken: '202',
      } satisfies GeneratorArgument);
      ending.push(() => generator.stop());
      const service = await organisation.startService(serviceOptions);

      const toCall: number[][] = [];
      const toAnswer: number[][] = [];
      let sent = 0;
      const slice = async (count: number) => {
        const from = sent;
        const load = await generator.ask<LoadResult>({ port: service.ready.port, connections, from, count } satisfies LoadOrder);
        if (load.accepted !== count) throw new Error(`the service refused: ${JSON.stringify(load.refused)}`);
        sent += count;
        const revoking = load.sentAt.flatMap((at, n) =>
          (from + n) % revokingEvery === 0 ? [{ at, person: tokens.people[from + n] as string }] : [],
        );
        const calledAt = await callsOf(
          revoking.map(({ person }) => person),
          provider,
        );
        toCall.push(revoking.map(({ at }, n) => (calledAt[n] as number) - at));
        toAnswer.push([...load.latenciesMs]);
      };
      await slice(warmUpCount);
      for (let n = 0; n < slices; n++) await slice(sliceCount);
      const counts = await service.ask<Counts>({ count: true });
      if (counts.signals !== sent || counts.decidedEntries !== sent || counts.releasedPlans !== sent / revokingEvery) {
        throw new Error(`${sent} accepted, and stored are ${JSON.stringify(counts)}`);
      }
      const row = (name: string, of: readonly number[][]) => {
        const measured = of.slice(1);
        return { name, unit: 'ms', value: round(median(measured.map(median))), ...spread(measured.flat()) };
      };
      return [row('latency.signal-to-call', toCall), row('latency.signal-to-answer', toAnswer)];
    } finally {
      for (const end of ending.reverse()) await end();
    }
  },
};

/** When each person's sessions were first called for. Waits for calls that are still to come. */
async function callsOf(wanted: readonly string[], provider: { ask<Answer>(message: object): Promise<Answer> }): Promise<readonly number[]> {
  const startedMs = performance.now();
  for (;;) {
    const calls = await provider.ask<readonly { path: string; at: number }[]>({ calls: true } satisfies StandInOrder);
    const first = new Map<string, number>();
    for (const { path, at } of calls) {
      const person = /\/people\/([^/]+)\/sessions\/revoke$/.exec(path)?.[1];
      if (person !== undefined && !first.has(person)) first.set(person, at);
    }
    const found = wanted.map((person) => first.get(person));
    if (found.every((at) => at !== undefined)) return found;
    if (performance.now() - startedMs > drainMs) throw new Error(`${found.filter((at) => at === undefined).length} signals led to no call`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
