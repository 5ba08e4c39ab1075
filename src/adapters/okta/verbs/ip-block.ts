/**
 * Addresses in a blocklist zone that is ours alone. Okta replaces a zone as a whole and keeps no version of it: one write at a time, what is
 * written is read again, and each entry has an end of its own.
 */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Clock, Timer } from '../../../model/clock.ts';
import { parseDuration } from '../../../model/duration.ts';
import type { Log } from '../../../model/log.ts';
import type { ActionOrder, AdapterStorage } from '../../contract.ts';
import type { OktaClient } from '../client.ts';
import { OktaFailure } from '../failure.ts';
import { shaped } from '../reads.ts';
import type { OktaSettings } from '../settings.ts';
import type { Errand } from '../transport.ts';
import { defineVerb } from './verb.ts';

const zoneSchema = z.looseObject({
  type: z.string(),
  name: z.string(),
  usage: z.string(),
  gateways: z.array(z.object({ type: z.string(), value: z.string() })).nullish(),
});
type Zone = z.output<typeof zoneSchema>;

export interface BlockZone {
  read(errand: Errand): Promise<Zone>;
  /** When our entry ends; undefined where it is not ours. */
  endOf(entry: string): Promise<number | undefined>;
  /** Adds the entry until then, or puts off its end; answers once it was seen in the zone. */
  add(entry: string, until: number, errand: Errand): Promise<void>;
  /** Takes out what has ended. */
  sweep(errand: Errand): Promise<void>;
  /** Sweeps each minute from now on. */
  start(): void;
  close(): void;
}

/** Okta's own, for a zone of this usage. */
const mostEntries = 1_000;
const sweepMs = 60_000;
/** Writes of others that came between are overwritten and ours are written again, so often. */
const tries = 3;
const blockKind = 'block';

export function createBlockZone(parts: {
  readonly okta: OktaClient;
  readonly settings: OktaSettings;
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly log: Log;
}): BlockZone {
  const { okta, storage, clock, log } = parts;
  const zoneId = parts.settings.blockZone ?? '';
  const closing = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  let timer: Timer | undefined;

  /** One after the other in this process; a second process is seen by reading again. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  }

  const read = async (errand: Errand) =>
    shaped(zoneSchema, await okta.call(errand, (sdk) => sdk.networkZoneApi.getNetworkZone({ zoneId })));

  async function replace(zone: Zone, values: readonly string[], errand: Errand): Promise<void> {
    const gateways = values.map((value) => ({ type: 'CIDR', value }));
    const given = { zoneId, zone: { ...zone, gateways } };
    await okta.call(errand, (sdk) =>
      sdk.networkZoneApi.replaceNetworkZone(given as Parameters<typeof sdk.networkZoneApi.replaceNetworkZone>[0]),
    );
  }

  async function ended(): Promise<ReadonlySet<string>> {
    const kept = await storage.list(blockKind, undefined, mostEntries);
    return new Set(kept.filter(({ value }) => Number(value['until']) <= clock.now()).map(({ key }) => key));
  }

  async function endOf(entry: string): Promise<number | undefined> {
    const kept = await storage.get(blockKind, entry);
    return kept && Number(kept.value['until']);
  }

  async function add(entry: string, until: number, errand: Errand): Promise<void> {
    await storage.put(blockKind, entry, { value: { until } });
    for (let nth = 0; nth < tries; nth += 1) {
      const over = await ended();
      const zone = await read(errand);
      const values = entriesOf(zone);
      if (values.includes(entry)) return;
      const left = values.filter((value) => !over.has(value));
      if (left.length >= mostEntries) throw new OktaFailure({ outcome: 'refused', code: 'zoneFull' });
      await replace(zone, [...left, entry], errand);
      for (const value of over) await storage.delete(blockKind, value);
    }
    if (!entriesOf(await read(errand)).includes(entry)) throw new OktaFailure({ outcome: 'unknown', code: 'zoneContended' });
  }

  async function sweep(errand: Errand): Promise<void> {
    const over = await ended();
    if (over.size === 0) return;
    const zone = await read(errand);
    const values = entriesOf(zone);
    const left = values.filter((value) => !over.has(value));
    if (left.length < values.length) await replace(zone, left, errand);
    else for (const value of over) await storage.delete(blockKind, value);
  }

  function start(): void {
    timer = clock.after(sweepMs, () => {
      alone(() => sweep({ urgency: 'readBack', signal: closing.signal }))
        .catch((error: Error) => log.warn({ error: error.message }, 'okta.zoneNotSwept'))
        .finally(() => {
          if (!closing.signal.aborted) start();
        });
    });
  }

  return {
    read,
    endOf,
    add: (entry, until, errand) => alone(() => add(entry, until, errand)),
    sweep: (errand) => alone(() => sweep(errand)),
    start,
    close() {
      closing.abort();
      timer?.cancel();
    },
  };
}

function entriesOf({ gateways }: Zone): readonly string[] {
  return (gateways ?? []).map(({ value }) => value);
}

/** As the zone writes it; undefined where the order names no address. */
function entryOf({ parameters: { address } }: ActionOrder): string | undefined {
  if (typeof address !== 'string' || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return `${parsed.toString()}/${parsed.kind() === 'ipv4' ? 32 : 128}`;
}

/** Only public addresses, and none from which the organisation's own people come. */
function addressFault(order: ActionOrder, { blockZone, egress }: OktaSettings): string | undefined {
  if (blockZone === undefined) return 'blockZoneMissing';
  const { address, expires } = order.parameters;
  if (address === undefined || expires === undefined) return 'parameterMissing';
  if (entryOf(order) === undefined || parseDuration(String(expires)) === undefined) return 'parameterInvalid';
  const parsed = ipaddr.process(String(address));
  if (parsed.range() !== 'unicast') return 'addressNotPublic';
  return egress.some((network) => isIn(parsed, network)) ? 'addressOwn' : undefined;
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, network: string): boolean {
  const [base, length] = ipaddr.parseCIDR(network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`);
  return address.kind() === base.kind() && address.match([base, length] as never);
}

interface Blocked {
  readonly zone: Zone;
  /** Infinity where somebody else blocks it; undefined where nobody does. */
  readonly until: number | undefined;
}

const untilOf = ({ parameters, intendedAt }: ActionOrder) => intendedAt + (parseDuration(String(parameters.expires)) ?? 0);

export const ipBlock = defineVerb<Blocked>({
  fault: addressFault,
  async read(order, errand, tools) {
    const [entry, zone] = [entryOf(order) ?? '', await tools.zone.read(errand)];
    if (!entriesOf(zone).includes(entry)) return { zone, until: undefined };
    return { zone, until: (await tools.zone.endOf(entry)) ?? Number.POSITIVE_INFINITY };
  },
  // Ends are kept to the minute.
  open: ({ until }, order) => (until !== undefined && until >= untilOf(order) - sweepMs ? undefined : 'addressOpen'),
  bar: ({ zone: { type, usage } }) => (type === 'IP' && usage === 'BLOCKLIST' ? undefined : 'zoneUnfit'),
  async write(_state, order, errand, { zone }) {
    await zone.add(entryOf(order) ?? '', untilOf(order), errand);
    return 1;
  },
});
