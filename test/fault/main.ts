/** `npm run fault`: every kill point under several seeds. Exit 1 where anything was lost, done twice or left open. */
import { parseArgs } from 'node:util';
import { startTestServer } from '../support/database.ts';
import { runRounds } from './rounds.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '3' } } });
const server = await startTestServer();
let failed = false;
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  const { points, missed, unnumbered, lostAnswers, findings, accepted } = await runRounds(await server.database(), seed, (line) =>
    console.log(line),
  );
  const { lost, effects, plans, calls, openIntents, openPlans, unsequenced, ledger } = findings;
  console.log(
    JSON.stringify({
      seed,
      points: points.length,
      missed,
      unnumbered,
      accepted,
      lost,
      plans,
      effects,
      calls,
      lostAnswers,
      openIntents,
      openPlans,
      unsequenced,
      ledger,
    }),
  );
  failed ||=
    missed.length + unnumbered.length + lost.length + openIntents + openPlans + unsequenced + ledger.length > 0 || effects !== plans * 2;
}
await server.stop();
process.exitCode = failed ? 1 : 0;
