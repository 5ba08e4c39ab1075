/** Everything of a process but its listener: the store, the rooms and what runs in the background. */
import { createHmac, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { createExecutor, createLimiter, createQueue, type PlanRef } from '../actions/index.ts';
import type { AdapterDefinition } from '../adapters/contract.ts';
import { type Bundle, compileBundle } from '../engine/bundle.ts';
import { ceilingFor, lastingOf } from '../guard/index.ts';
import { createAppender, createLedgerReader, createSequencer, ledgerOrigin } from '../ledger/index.ts';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import { createIdMaker, type PlanId, type RandomBytes } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { SourceKind } from '../model/signal.ts';
import { createPipeline } from '../pipeline.ts';
import { configHash, judgingSettings, redactSettings, type Settings } from '../settings/index.ts';
import { createBatcher, type Item } from '../signals/index.ts';
import type { Tx } from '../store/db.ts';
import { claimOrganisation } from '../store/judged-by.ts';
import { openKeyring } from '../store/keyring.ts';
import { createLeadership } from '../store/leadership.ts';
import { insertEntries } from '../store/ledger-append.ts';
import { createLedgerReadStore, createSequencingStore, sequencerLock } from '../store/ledger-log.ts';
import { migrate } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import { ensureMonthlyPartitions } from '../store/partitions.ts';
import { createPlanStore } from '../store/plan-store.ts';
import { registerProcess } from '../store/process-register.ts';
import { createSettleConnection } from '../store/settle-connection.ts';
import { wrapKeyFromFile, wrapKeyFromValue } from '../store/wrap-key.ts';
import { connectAdapters } from './adapters.ts';
import { startBackground } from './background.ts';
import { beneathPolicy } from './beneath-policy.ts';
import { createBreakers } from './breakers.ts';
import { createHeldLevels } from './held-levels.ts';
import { createHoldTimeouts } from './hold-timeouts.ts';
import { openJudging } from './judging.ts';
import { createOwnMarks } from './own-marks.ts';
import { syncConfiguredPeople, syncDirectory } from './people.ts';
import { readPolicyFolder } from './policy-folder.ts';
import { loadProvider } from './providers.ts';
import { type Build, recordBundle, recordConfig, recordStart } from './records.ts';
import { readTargets } from './targets.ts';
import { createTelling } from './telling.ts';
import { createUndos } from './undo.ts';

export interface CoreOptions {
  readonly settings: Settings;
  /** What kind of organisation the data is of; another kind on the same data is refused. */
  readonly kind: 'organisation' | 'demo';
  readonly workingDir: string;
  /**
   * Opens the listener and answers where this process is reached; also where a sandbox of ours issues tokens. Asked once the data
   * folder is held, so that a second start is told who holds it and not that a port is taken.
   */
  readonly listen: () => Promise<string>;
  readonly build: Build;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Adapters by the provider's name. Absent: those that come with the program. */
  readonly loadProvider?: (name: string) => Promise<AdapterDefinition>;
  /** Counts plans by how they end. */
  readonly planFinished?: (connection: string, state: string) => void;
}

export type Core = Awaited<ReturnType<typeof startCore>>;

/** Signals settled in one transaction at most. */
const batchCap = 256;
const drainMs = 10_000;
/** Of the pool's sixteen connections: a list of hundreds that was released at once leaves some to everybody else. */
const planTransactionsAtOnce = 12;
/** This process carries a plan out at once; its job is for the case that the process ends first, and need not race with it. */
const jobAfterMs = 1_000;

/** Reads and compiles the policy folder. Throws AppError `policies.invalid` with every fault. */
export async function loadPolicies(folder: string): Promise<Bundle> {
  const compiled = compileBundle(await readPolicyFolder(folder));
  if (!compiled.ok) {
    const faults = compiled.faults.map((fault) => ({ ...fault, file: `${folder}/${fault.file}` }));
    throw new AppError('policies.invalid', `${faults.length} faults in ${folder}`, { faults });
  }
  return compiled.bundle;
}

function kindsIn(settings: Settings): (source: string) => SourceKind | undefined {
  const kinds = new Map<string, SourceKind>([
    ...settings.connections.map(({ id, kind }) => [id, kind] as const),
    ...settings.transmitters.map(({ id }) => [id, 'transmitters'] as const),
  ]);
  return (source) => kinds.get(source) ?? (source === 'operators' ? 'operators' : source.startsWith('api:') ? 'api' : undefined);
}

/** Twelve bytes tell a person's sessions and devices apart, and no more. */
function refUnder(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest().toString('base64url', 0, 12);
}

/** Starts everything in order; what was started is stopped again where a later step fails. */
export async function startCore(options: CoreOptions) {
  const { settings, clock, random, log, build } = options;
  const ending: (() => Promise<unknown>)[] = [];
  const stopAll = async () => {
    for (const end of ending.reverse())
      await end().catch((error: unknown) => log.error({ error: String((error as Error).name) }, 'process.stopFailed'));
  };
  try {
    return await start();
  } catch (error) {
    await stopAll();
    throw error;
  }

  async function start() {
    const dataDir = resolve(options.workingDir, settings.dataDir);
    const policyFolder = resolve(options.workingDir, settings.policies);
    // Nothing is started for policies that do not load.
    const seed = await loadPolicies(policyFolder);
    const definitions = new Map(
      await Promise.all(
        [...new Set(settings.connections.map((connection) => connection.provider))].map(
          async (name) => [name, await (options.loadProvider ?? loadProvider)(name)] as const,
        ),
      ),
    );

    const store = await openStore({
      ...(settings.database.url === undefined ? {} : { url: settings.database.url }),
      dataDir,
      clock,
      log,
      hold: true,
    });
    ending.push(() => store.close());
    await migrate(store);
    await ensureMonthlyPartitions(store, clock.now());
    const publicUrl = settings.publicUrl ?? 'http://loopback';
    const organisation = await claimOrganisation(store, { origin: publicUrl, kind: options.kind }, clock.now());
    if (organisation.origin !== publicUrl || organisation.kind !== options.kind) {
      throw new AppError(
        'organisation.differs',
        `the data belongs to ${organisation.origin} (${organisation.kind}), and this is ${publicUrl} (${options.kind}): use its own publicUrl, or another dataDir`,
      );
    }

    const origin = await options.listen();
    const ids = createIdMaker(random);
    const wrap =
      settings.keys?.wrap !== undefined
        ? wrapKeyFromValue(settings.keys.wrap)
        : wrapKeyFromFile({
            dir: resolve(options.workingDir, settings.keys?.dir ?? `${settings.dataDir}/keys`),
            random,
            log,
            quiet: options.kind === 'demo',
          });
    const keyring = await openKeyring({ store, wrap, random, ids, clock });
    const append = createAppender<Tx>({
      insert: (tx, rows) => insertEntries(tx, rows, ids.next(clock.now())),
      keyOf: (tx, owner) => keyring.keyOf(tx, owner),
      random,
    });
    // At hand before the first signal of each sender.
    for (const { id } of settings.transmitters) await keyring.connectionKey(id);
    const records = { store, append, ids, clock };

    const judgingConfig = judgingSettings(settings, new Map([...definitions].map(([name, definition]) => [name, definition.manifest])));
    const redacted = redactSettings(settings, (hidden) => keyring.ref('config', hidden));
    const hash = configHash(redacted, judgingConfig);
    await recordConfig({ hash, judging: judgingConfig, redacted }, build, records);
    await recordBundle(seed, records);
    const judging = await openJudging({
      store,
      bundle: seed,
      settings: judgingConfig,
      configHash: hash,
      kindOf: kindsIn(settings),
      clock,
      log,
    });

    const people = { ...records, keyring, risk: () => judging.state().bundle.risk };
    await syncConfiguredPeople(settings.identities, people);
    // Lists may name people who are known only now.
    await judging.refresh();
    const adapters = await connectAdapters({ ...options, origin, definitions, store, keyring });
    ending.push(() => adapters.close());

    const registration = await registerProcess({ connection: store.connection, name: `${process.pid}`, clock, log });
    ending.push(() => registration.stop());
    const queue = createQueue({ connection: store.connection, connections: settings.connections.map((connection) => connection.id), log });
    await queue.start();
    ending.push(() => queue.stop(drainMs));
    const beneath = beneathPolicy({ judging, settings: judgingConfig, clock });
    const turns = createLimiter(planTransactionsAtOnce);
    const plans = createPlanStore({
      db: store,
      transaction: (work) => turns.run(() => store.transaction(work)),
      appendEntries: append,
      admins: beneath.admins,
      targets: (tx, decisionId) => readTargets(tx, decisionId, keyring),
      remediation: createOwnMarks({ judging, log }),
    });
    const executor = createExecutor({
      plans,
      jobs: queue,
      adapter: (connection) => adapters.get(connection),
      process: registration,
      refuses: beneath.refuses,
      spares: beneath.spares,
      ceiling: (connection, identity) => ceilingFor(connection, identity?.groups ?? [], judgingConfig.enforcement),
      ids,
      clock,
      random,
      log,
      lastsMs: (type) => lastingOf(type, judging.state().bundle.guards)?.defaultMs,
      onFinished: ({ plan, state }) => options.planFinished?.(plan.connection, state),
    });

    const jobs = (refs: readonly PlanRef[]) => queue.jobStatements(refs, clock.now() + jobAfterMs);
    /** The job is the guarantee; this process need not wait for it. */
    const begin = (released: readonly PlanId[]) => {
      for (const planId of released)
        executor.run(planId).catch((error: unknown) => log.warn({ planId, error: (error as Error).name }, 'plan.runFailed'));
    };
    const statusUrl = `${settings.publicUrl ?? `${origin}${settings.listen.basePath ?? ''}`}/`;
    const telling = createTelling({ settings, store, ids, statusUrl, clock, log });
    ending.push(() => telling.stop());
    const settling = createSettleConnection(store);
    ending.push(() => settling.close());
    const pipeline = createPipeline({
      judging: () => judging.state(),
      transaction: (work) => settling.transaction(work),
      keys: {
        connectionKey: (id) => keyring.connectionKey(id),
        personKeyOf: (id, wrapped) => keyring.personKeyOf(id, wrapped),
        ref: refUnder,
        pseudonym: (kind, text) => keyring.ref(kind, text),
      },
      notices: (notices, at) => telling.statements(notices, at),
      jobs,
      ids,
      random,
      log,
      committed({ released, newSources, at }) {
        judging.sawSources(newSources, at);
        begin(released);
      },
    });
    const batcher = createBatcher<Item, Awaited<ReturnType<typeof pipeline.settle>>[number]>((items) => pipeline.settle(items), {
      cap: batchCap,
      closed: () => new AppError('store.unavailable', 'the service is stopping'),
    });

    const logOrigin = ledgerOrigin(publicUrl);
    const ledgerKeys = async () => {
      const known = keyring
        .signingKeys('ledger')
        .map((key) => ({ name: logOrigin, publicKey: key.publicKey, privateKey: key.privateKey, retiredAt: key.retiredAt }));
      return { signers: known.filter((key) => key.retiredAt === null || key.retiredAt > clock.now()), known };
    };
    const sequencer = createSequencer({
      store: createSequencingStore(store),
      leadership: createLeadership(store, sequencerLock),
      origin: logOrigin,
      keys: ledgerKeys,
      clock,
      log,
    });
    sequencer.start();
    ending.push(() => sequencer.stop());

    await executor.start();
    ending.push(() => executor.shutdown(drainMs));
    await queue.work((planId) => executor.handle(planId));
    ending.push(() => batcher.drain());
    const started = {
      process: `${process.pid}`,
      ...build,
      node: process.version,
      configHash: hash,
      bundleHash: judging.state().bundle.hash,
    };
    await recordStart(started, records);
    const levels = createHeldLevels({ store, judging, clock, log });
    const breakers = createBreakers({ judging, settings: judgingConfig, batcher, records, telling, clock, log });
    const holds = createHoldTimeouts({ store, judging, keyring, settings, append, telling, ids, clock, jobs, begin }, log);
    const undos = createUndos({
      settings,
      store,
      batcher,
      append,
      adapters,
      telling,
      knows: (type) => judging.state().bundle.risk.types.has(type),
      ids,
      clock,
      log,
    });
    const background = startBackground({
      store,
      judging,
      batcher,
      keyring,
      records,
      people,
      policyFolder,
      adapters,
      levels,
      breakers,
      holds,
      undos,
      pausing: { ...records, judging, settings, telling },
      clock,
      log,
    });
    ending.push(() => background.stop());
    telling.start();

    return {
      settings,
      clock,
      random,
      store,
      keyring,
      ids,
      judging,
      batcher,
      executor,
      jobs,
      begin,
      levels,
      breakers,
      holds,
      undos,
      sequencer,
      ledger: { reader: createLedgerReader(createLedgerReadStore(store)), origin: logOrigin, keys: ledgerKeys },
      append,
      people,
      telling,
      adapters,
      startedAt: clock.now(),
      /** Reads the directories of all connections that have one; to be called once this process listens. */
      async syncDirectories(signal: AbortSignal): Promise<void> {
        for (const { id, adapter } of adapters.all()) await syncDirectory(id, adapter, signal, people);
        await judging.refresh();
      },
      stop: stopAll,
    };
  }
}
