/** Which guard binds which cause, at the least. A document may bind more causes, never fewer. */
import { type Cause, causes } from '../model/signal.ts';

const risks: readonly Cause[] = ['risk', 'partner'];

/** In the order in which guards are asked. */
export const bindingTable = {
  killSwitch: causes,
  profile: causes,
  protected: causes,
  adminFloor: causes,
  nonPerson: causes,
  ceiling: ['risk', 'partner', 'leaver', 'drill'],
  promotion: ['risk', 'partner', 'leaver'],
  approval: ['risk', 'partner', 'leaver', 'leaver.immediate', 'person', 'declared', 'undo'],
  ownerApproval: ['risk', 'partner', 'leaver', 'leaver.immediate', 'person', 'declared'],
  executiveApproval: ['risk', 'partner', 'person', 'declared'],
  scoreAgainstRung: risks,
  corroboration: risks,
  freshContext: risks,
  learning: risks,
  lateEvidence: risks,
  cooldown: risks,
  quietHours: risks,
  surge: risks,
  source: risks,
  people: risks,
  rungs: risks,
  policy: risks,
  group: risks,
  tier0: ['risk', 'partner', 'person'],
  breaker: risks,
  expiry: ['risk', 'partner', 'person', 'declared', 'drill'],
  leavers: ['leaver', 'leaver.immediate'],
  operator: ['leaver.immediate', 'person', 'risk'],
  declared: ['declared'],
  undo: ['undo'],
  drill: ['drill'],
} as const satisfies Record<string, readonly Cause[]>;

export type GuardId = keyof typeof bindingTable;
export const guardIds = Object.keys(bindingTable) as readonly GuardId[];

/**
 * The guards that this version applies. The others are read, checked and carried with the bundle, and bind nobody yet; a status
 * page that lists guards must list these only. The guard profile is held to connections when the configuration is read.
 */
export const guardsInForce: readonly GuardId[] = [
  'killSwitch',
  'profile',
  'protected',
  'nonPerson',
  'adminFloor',
  'ceiling',
  'approval',
  'ownerApproval',
  'executiveApproval',
  'scoreAgainstRung',
  'corroboration',
  'freshContext',
  'learning',
  'lateEvidence',
  'cooldown',
  'quietHours',
  'surge',
  'source',
  'people',
  'rungs',
  'policy',
  'group',
  'tier0',
  'leavers',
  'operator',
  'breaker',
  'expiry',
  'undo',
];
