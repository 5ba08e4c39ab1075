/**
 * `ingest.set.push`: SETs that a partner pushes on 32 connections, accepted, decided and written down, against the same tokens at a
 * bare server and against the same rows in plain inserts. Slices of the three take turns, so that a noisy minute strikes all.
 */
import type { Bench } from './bench.ts';
import { startChild } from './child.ts';
import { type Counts, checkCounts } from './counts.ts';
import type { GeneratorArgument, LoadOrder, LoadResult } from './generator.ts';
import { cpuMsOf, databaseProcesses } from './machine.ts';
import { authorization, openOrganisation } from './organisation.ts';
import { median, type Row, round, spread } from './row.ts';
import { averageBatch, openRowWriter } from './row-writer.ts';
import { signTokens } from './tokens.ts';

const connections = 32;
const slices = 7;
const warmUpCount = 1600;
const sliceCount = 1600;

export const ingest: Bench = {
  names: [
    'baseline.express-jose',
    'baseline.pg-rows',
    'ingest.set.push',
    'ingest.set.push.rows',
    'ingest.set.push.cpu-node',
    'ingest.set.push.cpu-postgres',
  ],
  async run({ serviceOptions }) {
    const organisation = await openOrganisation();
    const ending: (() => Promise<void>)[] = [() => organisation.close()];
    try {
      const { transmitter, audience } = organisation;
      const tokens = await signTokens(organisation, warmUpCount + slices * sliceCount);
      const bare = await startChild<{ port: number }>('bare-server.ts', {
        jwk: transmitter.publicJwk,
        issuer: transmitter.issuer,
        audience,
      });
      ending.push(() => bare.stop());
      const generator = await startChild<object>('generator.ts', {
        tokens: tokens.file,
        path: '/ssf/events/partner',
        authorization,
        mediaType: 'application/secevent+jwt',
        taken: '202',
      } satisfies GeneratorArgument);
      ending.push(() => generator.stop());
      const service = await organisation.startService(serviceOptions);
      const database = () => databaseProcesses(organisation.database).reduce((sum, pid) => sum + cpuMsOf(pid), 0);
      const load = (port: number, from: number, count: number) =>
        generator.ask<LoadResult>({ port, connections, from, count } satisfies LoadOrder);

      let accepted = 0;
      const push = async (from: number, count: number) => {
        const result = await load(service.ready.port, from, count);
        if (result.accepted !== count) throw new Error(`the service refused: ${JSON.stringify(result.refused)}`);
        accepted += result.accepted;
        return result;
      };
      await load(bare.ready.port, 0, warmUpCount);
      await push(0, warmUpCount);
      const rows = await openRowWriter(service.ready.database, await averageBatch(service.ready.database));
      ending.push(() => rows.close());
      await rows.write();

      const measured: { bare: LoadResult; service: LoadResult; rowsPerSecond: number; nodeCpuMs: number; databaseCpuMs: number }[] = [];
      for (let slice = 0; slice < slices; slice++) {
        const from = warmUpCount + slice * sliceCount;
        const atBare = await load(bare.ready.port, from, sliceCount);
        const [nodeBefore, databaseBefore] = [cpuMsOf(service.pid), database()];
        const atService = await push(from, sliceCount);
        const [nodeCpuMs, databaseCpuMs] = [cpuMsOf(service.pid) - nodeBefore, database() - databaseBefore];
        measured.push({ bare: atBare, service: atService, rowsPerSecond: await rows.write(), nodeCpuMs, databaseCpuMs });
      }
      checkCounts(await service.ask<Counts>({ count: true }), accepted);

      const rate = ({ elapsedMs }: LoadResult) => (sliceCount * 1000) / elapsedMs;
      const value = round(median(measured.map((slice) => rate(slice.service))));
      const latencies = (of: (slice: (typeof measured)[number]) => LoadResult) =>
        spread(measured.flatMap((slice) => of(slice).latenciesMs));
      const ratio = (to: (slice: (typeof measured)[number]) => number) =>
        round(median(measured.map((slice) => rate(slice.service) / to(slice))));
      return [
        {
          name: 'baseline.express-jose',
          unit: 'SET/s',
          value: round(median(measured.map((slice) => rate(slice.bare)))),
          ...latencies((slice) => slice.bare),
        },
        { name: 'baseline.pg-rows', unit: 'signals/s', value: round(median(measured.map((slice) => slice.rowsPerSecond))) },
        {
          name: 'ingest.set.push',
          unit: 'SET/s',
          value,
          ...latencies((slice) => slice.service),
          ratioTo: 'baseline.express-jose',
          ratio: ratio((slice) => rate(slice.bare)),
        },
        {
          name: 'ingest.set.push.rows',
          unit: 'signals/s',
          value,
          ratioTo: 'baseline.pg-rows',
          ratio: ratio((slice) => slice.rowsPerSecond),
        },
        { name: 'ingest.set.push.cpu-node', unit: 'ms', value: round(median(measured.map((slice) => slice.nodeCpuMs / sliceCount))) },
        {
          name: 'ingest.set.push.cpu-postgres',
          unit: 'ms',
          value: round(median(measured.map((slice) => slice.databaseCpuMs / sliceCount))),
        },
      ] satisfies Row[];
    } finally {
      for (const end of ending.reverse()) await end();
    }
  },
};
