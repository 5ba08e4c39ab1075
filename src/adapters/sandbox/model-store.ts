/**
 * Keeps the OpenID provider's models in the adapter's storage, so that what was revoked stays revoked: a request under way when its
 * grant or sign-in ends can save nothing afterwards.
 */
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import type { Clock } from '../../model/clock.ts';
import type { AdapterStorage, StoredRecord } from '../contract.ts';
import { grantedKinds, isWithdrawn, kinds, kindsOfSession, readModel, readSignIn, spentKinds } from './kinds.ts';

/** The store of one model; the shape is oidc-provider's. */
export function createModelStore(name: string, storage: AdapterStorage, clock: Clock): Adapter {
  const spent = spentKinds[name];
  const ownKinds = spent === undefined ? [name] : [name, spent];

  const find = async (id: string) => {
    const record = (await storage.get(name, id)) ?? (spent === undefined ? undefined : await storage.get(spent, id));
    if (!record || (name === kinds.grant && isWithdrawn(record) && !usesAccessToken(Provider.ctx?.oidc.route))) return undefined;
    return readModel(record).payload as AdapterPayload;
  };

  return {
    find,

    async findByUid(uid) {
      const [record] = await storage.find(name, 'uid', uid);
      return record && (readModel(record).payload as AdapterPayload);
    },

    // Only the device flow asks for it, which is off.
    async findByUserCode() {
      return undefined;
    },

    async upsert(id, payload, expiresInSeconds) {
      const now = clock.now();
      const record: StoredRecord = {
        value: { payload: dropUndefined(payload), begunAt: now },
        ...(payload.accountId === undefined ? {} : { account: payload.accountId }),
        ...(name === kinds.grant ? { grant: id } : payload.grantId === undefined ? {} : { grant: payload.grantId }),
        ...(payload.uid === undefined ? {} : { uid: payload.uid }),
        ...(expiresInSeconds === undefined ? {} : { expiresAt: now + expiresInSeconds * 1000 }),
      };
      if (name === kinds.session && payload.accountId !== undefined && payload.uid !== undefined) {
        // The answer under way may go out: it belongs to the time before the end. Its cookie leads nowhere.
        await keepSession(id, payload.accountId, payload.uid, record);
      } else if (grantedKinds.has(name) && payload.grantId !== undefined) {
        const kept = await storage.put(name, id, record, { onlyIf: { kind: kinds.grant, key: payload.grantId } });
        if (!kept)
          throw name === 'AuthorizationCode' ? new errors.AccessDenied('access was revoked') : new errors.InvalidGrant('grant not found');
      } else {
        await storage.put(name, id, record);
      }
    },

    async consume(id) {
      const record = await storage.get(name, id);
      // Of two uses at once one deletes; the other finds nothing and is refused (RFC 6749 section 4.1.2).
      if (!record || !(await storage.delete(name, id))) throw new errors.InvalidGrant('already used');
      const { payload } = readModel(record);
      const { value, ...indexes } = record;
      const used: StoredRecord = { ...indexes, value: { ...value, payload: { ...payload, consumed: Math.floor(clock.now() / 1000) } } };
      await storage.put(spent ?? name, id, used, record.grant === undefined ? {} : { onlyIf: { kind: kinds.grant, key: record.grant } });
    },

    async destroy(id) {
      const uid = name === kinds.session && Provider.ctx?.oidc.route === 'end_session_confirm' ? (await find(id))?.uid : undefined;
      for (const kind of ownKinds) await storage.delete(kind, id);
      // A sign-out ends the session itself; elsewhere only its cookie is being replaced.
      if (uid !== undefined) await storage.deleteBy(kindsOfSession, 'uid', uid);
    },

    async revokeByGrantId(grantId) {
      await storage.deleteBy(ownKinds, 'grant', grantId);
    },
  };

  async function keepSession(id: string, account: string, uid: string, record: StoredRecord): Promise<void> {
    const onlyIf = { kind: kinds.signIn, key: uid };
    const signIn = (await storage.get(kinds.signIn, uid)) ?? (await beginSignIn(account, uid, record.expiresAt));
    if (!signIn) return;
    // A session ends with its sign-in, however often it is saved: one that outlived it could be neither seen nor ended.
    const expiresAt = Math.min(record.expiresAt ?? Number.POSITIVE_INFINITY, signIn.expiresAt ?? Number.POSITIVE_INFINITY);
    await storage.put(kinds.session, id, Number.isFinite(expiresAt) ? { ...record, expiresAt } : record, { onlyIf });
  }

  /** Turns the pending sign-in of the interaction that resumes here into that of the session; `undefined` where it has been ended. */
  async function beginSignIn(account: string, uid: string, expiresAt: number | undefined): Promise<StoredRecord | undefined> {
    const interaction = Provider.ctx?.oidc.entities.Interaction?.uid;
    const pending = interaction === undefined ? undefined : await storage.get(kinds.pendingSignIn, interaction);
    if (interaction === undefined || !pending || readSignIn(pending).account !== account) return undefined;
    const signIn: StoredRecord = { value: pending.value, account, uid, ...(expiresAt === undefined ? {} : { expiresAt }) };
    const begun = await storage.put(kinds.signIn, uid, signIn, { onlyIf: { kind: kinds.pendingSignIn, key: interaction } });
    if (!begun) return undefined;
    await storage.delete(kinds.pendingSignIn, interaction);
    return signIn;
  }
}

/** Where an access token is used: it outlives the consent that it was issued under. */
function usesAccessToken(route: string | undefined): boolean {
  return route === 'userinfo' || route === 'introspection';
}

function dropUndefined(payload: AdapterPayload): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
}
