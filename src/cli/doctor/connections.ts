/** What `doctor` tries of each connection: reachable, credentials, each permission, the subscription. It calls nothing that writes. */
import type { Adapter, AdapterDefinition, AdapterStorage, ProbeResult } from '../../adapters/contract.ts';
import { openAdapter } from '../../app/adapters.ts';
import { addressOf } from '../../app/connections.ts';
import { viewSubscription } from '../../app/subscription-view.ts';
import type { ConnectionSettings, Settings } from '../../settings/index.ts';
import { doubt, type Finding, fault, ok, shownError } from './finding.ts';

export type ConnectionParts = Omit<Parameters<typeof openAdapter>[2], 'storage' | 'settings'> & {
  readonly settings: Settings;
  /** Only what reading needs is asked for, and a permission to act is one too many. */
  readonly reportOnly: boolean;
  readonly ended: AbortSignal;
};

const answerMs = 30_000;

/** Never throws: what goes wrong is a finding. */
export async function examineConnection(
  connection: ConnectionSettings,
  definition: AdapterDefinition,
  parts: ConnectionParts,
): Promise<readonly Finding[]> {
  const about = connection.id;
  let opened: Awaited<ReturnType<typeof openAdapter>>;
  try {
    opened = await openAdapter(connection, definition, { ...parts, storage: forgetful });
  } catch (error) {
    return [fault(about, 'configured', shownError(error))];
  }
  const signal = AbortSignal.any([parts.ended, AbortSignal.timeout(answerMs)]);
  try {
    const probed = await opened.adapter.probe(signal);
    const permissions = probed.map((result) => permissionFinding(about, result, parts.reportOnly));
    return [...permissions, ...(await subscriptionFindings(about, opened.adapter, parts.settings, signal))];
  } catch (error) {
    return [fault(about, 'reachable', shownError(error))];
  } finally {
    await opened.close().catch(() => {});
  }
}

/** A permission that is there and has a hint could not be looked at: whether it is one too many is for people. */
function permissionFinding(about: string, { check, ok: there, hint, for: use }: ProbeResult, reportOnly: boolean): Finding {
  const named = use === undefined ? {} : { for: use };
  const needed = there ? ok(about, check, hint) : fault(about, check, hint ?? 'it is missing');
  if (!reportOnly || use !== 'write') return { ...needed, ...named };
  if (!there) return { ...ok(about, check, 'absent, as it should be'), ...named };
  if (hint !== undefined) return { ...doubt(about, check, hint), ...named };
  return { ...fault(about, check, 'this permission to act is there, and report-only needs none: take it away'), ...named };
}

/** What cannot be read is no fault here: without that grant the events are polled for. */
async function subscriptionFindings(
  about: string,
  { subscription }: Adapter,
  settings: Settings,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (subscription === undefined) return [];
  const view = await viewSubscription(subscription, addressOf(settings, about), signal);
  switch (view.state) {
    case 'inForce':
      return [ok(about, 'subscription')];
    case 'drifted':
      return [doubt(about, 'subscription', `${view.drift.join(', ')}: \`rescind connection subscribe ${about}\` mends it`)];
    case 'none':
      return [doubt(about, 'subscription', `there is none, events are polled for: \`rescind connection subscribe ${about}\``)];
    case 'unreadable':
      return [doubt(about, 'subscription', view.hint)];
    default:
      return view satisfies never;
  }
}

/**
 * Nothing is there, and what is put down is forgotten: an adapter that finds no work of earlier days left over does none while it is looked
 * at.
 */
const forgetful: AdapterStorage = {
  get: async () => undefined,
  put: async () => true,
  delete: async () => false,
  find: async () => [],
  deleteBy: async () => 0,
  list: async () => [],
};
