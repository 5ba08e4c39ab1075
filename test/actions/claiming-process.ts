/** A process of its own that claims the plan it is given, says so, and then hangs until it is killed. */
import pg from 'pg';
import type { PlanId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import { asTx } from '../../src/store/db.ts';
import { claimPlan } from '../../src/store/plan-claim.ts';
import { registerProcess } from '../../src/store/process-register.ts';
import { systemClock } from '../support/system-clock.ts';

const [planId = '', connection = '{}'] = process.argv.slice(2);
const parsed = JSON.parse(connection) as pg.ClientConfig;
const registration = await registerProcess({ connection: parsed, name: 'claiming', clock: systemClock, log: silentLog });
const client = new pg.Client(parsed);
await client.connect();
// The clocks of tests may stand in the past or in the future; the plan is due for any.
await claimPlan(asTx(client), planId as PlanId, registration.current() as number, systemClock.now());
process.stdout.write('claimed\n');
