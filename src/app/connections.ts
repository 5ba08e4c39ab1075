/** Connections as people see them: how far each may go, whether its provider sends events here, and the ways to change that. */
import { type Adapter, type Subscription, SubscriptionFault, type SubscriptionState } from '../adapters/contract.ts';
import { ceilingFor } from '../guard/index.ts';
import { AppError } from '../model/errors.ts';
import { type Caller, type Item, type RecordReader, type SubscriptionPort, seesScores } from '../server/index.ts';
import type { ConnectionSettings, Settings } from '../settings/index.ts';
import type { Core } from './core.ts';
import { readHeard } from './heard.ts';
import { type Build, recordSubscription } from './records.ts';
import { type SubscriptionView, viewSubscription } from './subscription-view.ts';
import { heardView } from './views.ts';

type Heard = Awaited<ReturnType<typeof readHeard>>;
type Parts = Pick<Core, 'adapters' | 'append' | 'clock' | 'ids' | 'judging' | 'settings' | 'store'>;

const answerMs = 15_000;
/** Lists are read often, and a provider counts every call. */
const rememberedMs = 30_000;

export function createConnections(parts: Parts, build: Build): { readonly reader: RecordReader; readonly subscriptions: SubscriptionPort } {
  const { settings, adapters, clock } = parts;
  const remembered = new Map<string, { readonly at: number; readonly view: Promise<SubscriptionView> }>();
  const byId = new Map(settings.connections.map((connection) => [connection.id, connection]));
  const soon = () => AbortSignal.timeout(answerMs);

  async function subscriptionOf(id: string): Promise<SubscriptionView | null> {
    const subscription = adapters.get(id)?.subscription;
    if (subscription === undefined) return null;
    const known = remembered.get(id);
    if (known !== undefined && clock.now() - known.at < rememberedMs) return known.view;
    const view = viewSubscription(subscription, addressOf(settings, id), soon());
    remembered.set(id, { at: clock.now(), view });
    return view;
  }

  const shown = async ({ id, provider, kind, profile }: ConnectionSettings, heard?: Heard): Promise<Item> => ({
    id,
    provider,
    kind,
    profile,
    ...ceilingFor(id, [], settings.enforcement),
    actions: parts.judging.state().settings.connections[id]?.actions ?? [],
    subscription: await subscriptionOf(id),
    heard: heardView((heard ?? (await readHeard(parts.store)))(id)),
  });

  /**
   * What is done at the provider stands in the log as the change of configuration that it is, also where it was half done, and not where
   * nothing changed.
   */
  async function change(id: string, caller: Caller, work: (subscription: Subscription) => Promise<unknown>) {
    const connection = byId.get(id);
    if (connection === undefined) return undefined;
    const subscription = needed(id, adapters.get(id));
    const before = await asked(() => subscription.status(soon()));
    const failure = await asked(() => work(subscription)).then(
      () => undefined,
      (error: unknown) => error,
    );
    remembered.delete(id);
    const after = await subscription.status(soon()).catch(() => undefined);
    // Who does not answer any more may have done it.
    const done = after === undefined ? 'changed' : differenceOf(before, after);
    if (done !== null) await recordSubscription({ connection: id, change: done, by: caller.name }, build, parts);
    if (failure !== undefined) throw failure;
    return shown(connection);
  }

  return {
    reader: {
      async list(_filter, { limit, after }) {
        const page = [...byId.values()].filter(({ id }) => after === undefined || id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
        const heard = await readHeard(parts.store);
        return Promise.all(page.slice(0, limit).map((connection) => shown(connection, heard)));
      },
      async get(id, { probe }, caller) {
        const connection = byId.get(id);
        if (connection === undefined) return undefined;
        if (probe === undefined) return shown(connection);
        if (!seesScores(caller)) throw new AppError('auth.forbidden', 'Trying a connection is for roles that see decisions.');
        remembered.delete(id);
        const found = await adapters
          .get(id)
          ?.probe(soon())
          .catch(() => [{ check: 'reachable', ok: false, hint: 'the provider could not be asked' }]);
        return { ...(await shown(connection)), probe: found ?? [] };
      },
    },
    subscriptions: {
      subscribe: (id, caller) => change(id, caller, (subscription) => subscription.ensure(neededAddress(settings, id), soon())),
      unsubscribe: (id, caller) => change(id, caller, (subscription) => subscription.remove(soon())),
      async steps(id) {
        if (!byId.has(id)) return undefined;
        const subscription = needed(id, adapters.get(id));
        const address = neededAddress(settings, id);
        return { address, steps: subscription.steps(address) };
      },
    },
  };
}

function differenceOf(before: SubscriptionState, after: SubscriptionState): 'added' | 'removed' | 'changed' | null {
  if (before.id === null || after.id === null) return before.id === after.id ? null : before.id === null ? 'added' : 'removed';
  return JSON.stringify(before) === JSON.stringify(after) ? null : 'changed';
}

/** Where a provider sends the events of a connection; null where nobody outside could reach us. */
export function addressOf({ publicUrl }: Pick<Settings, 'publicUrl'>, id: string): string | null {
  return publicUrl === null ? null : `${publicUrl}/hooks/${id}`;
}

function neededAddress(settings: Settings, id: string): string {
  const address = addressOf(settings, id);
  if (address === null) throw new AppError('conflict', 'publicUrl is not set: the provider has no address to send events to.');
  return address;
}

function needed(id: string, adapter: Adapter | undefined): Subscription {
  if (adapter?.subscription === undefined)
    throw new AppError('conflict', `The provider of ${id} keeps no subscription that could be made from here.`);
  return adapter.subscription;
}

/** What the provider says becomes what the caller is told: the grant that is missing by its own name. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof SubscriptionFault && error.code !== 'unreachable')
      throw new AppError('conflict', `${error.code}: ${error.hint}`, { cause: error });
    const hint = error instanceof SubscriptionFault ? error.hint : 'the provider could not be asked';
    throw new AppError('provider.unreachable', hint, { cause: error });
  }
}
