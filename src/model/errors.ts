/** Every error code there is: what it means, how HTTP shows it, whether to try again, what the operator does. */
import type { Fault } from './document.ts';

interface ErrorDefinition {
  readonly status: number;
  readonly meaning: string;
  /** `later`: the same call may succeed without a change. */
  readonly retry: 'never' | 'later';
  readonly operator: string;
}

export const errorTable = {
  'config.invalid': {
    status: 500,
    meaning: 'The configuration has faults.',
    retry: 'never',
    operator: 'Mend each fault at the place that is named; nothing was started.',
  },
  'policies.invalid': {
    status: 500,
    meaning: 'The policy folder has faults.',
    retry: 'never',
    operator: 'Run `rescind policy lint` and mend each fault.',
  },
  'store.unavailable': {
    status: 503,
    meaning: 'The database cannot be reached.',
    retry: 'later',
    operator: 'Check the database; nothing was accepted meanwhile.',
  },
  'store.folderInUse': {
    status: 500,
    meaning: 'Another process holds the data folder.',
    retry: 'never',
    operator: 'Stop the named process, or give this one another data folder.',
  },
  'store.folderClosed': {
    status: 500,
    meaning: 'A folder above the database is closed to its user.',
    retry: 'never',
    operator: 'Open the named folder (`chmod o+x`), or run as an ordinary user.',
  },
  'store.startFailed': {
    status: 500,
    meaning: 'The embedded database did not start.',
    retry: 'never',
    operator: 'Read the last lines of its log in the message: a full disk or a damaged folder is named there.',
  },
  'store.schemaNewer': {
    status: 500,
    meaning: 'The database was written by a newer version.',
    retry: 'never',
    operator: 'Run the version that is named, or restore the backup made before the upgrade.',
  },
  'store.majorDiffers': {
    status: 500,
    meaning: 'The data folder belongs to another PostgreSQL major version.',
    retry: 'never',
    operator: 'Dump with the old version, start with an empty folder, restore.',
  },
  'request.invalid': {
    status: 400,
    meaning: 'The request is not what the route expects.',
    retry: 'never',
    operator: 'Mend the named member.',
  },
  'request.tooLarge': { status: 413, meaning: 'The body is over the limit of its route.', retry: 'never', operator: 'Send smaller parts.' },
  'request.mediaType': {
    status: 415,
    meaning: 'The body has another media type than the route takes.',
    retry: 'never',
    operator: 'Set Content-Type.',
  },
  'request.unprocessable': {
    status: 422,
    meaning: 'Well formed, but a value is not known here.',
    retry: 'never',
    operator: 'See the named member.',
  },
  'request.tooMany': {
    status: 429,
    meaning: 'More requests than the limit allows.',
    retry: 'later',
    operator: 'Wait as Retry-After says.',
  },
  'auth.required': {
    status: 401,
    meaning: 'No valid credential was sent.',
    retry: 'never',
    operator: 'Send a bearer token made with `rescind token create`.',
  },
  'auth.forbidden': {
    status: 403,
    meaning: 'The credential lacks the role.',
    retry: 'never',
    operator: 'Use a token with one of the named roles.',
  },
  notFound: { status: 404, meaning: 'There is no such record or route.', retry: 'never', operator: 'Check the id.' },
  'method.notAllowed': {
    status: 405,
    meaning: 'The route does not take this method.',
    retry: 'never',
    operator: 'Use one of the methods in Allow.',
  },
  conflict: { status: 409, meaning: 'The state of the record forbids it.', retry: 'never', operator: 'See the reason.' },
  internal: {
    status: 500,
    meaning: 'A fault of Rescind itself.',
    retry: 'later',
    operator: 'Report it with the request id; the log has the detail.',
  },
  'keys.unusable': {
    status: 500,
    meaning: 'The wrapping key does not open the stored keys.',
    retry: 'never',
    operator: 'Give back the wrapping key that belongs to this database.',
  },
  'ledger.notCanonical': {
    status: 500,
    meaning: 'A value has no single written form and cannot be hashed.',
    retry: 'never',
    operator: 'Report it with the named member; nothing was written.',
  },
  'ledger.broken': {
    status: 500,
    meaning: 'The stored decision log does not fit its own signed head.',
    retry: 'never',
    operator:
      'Keep the database as it is, run `rescind ledger verify`, and compare with a checkpoint kept elsewhere; nothing new is signed.',
  },
  'organisation.differs': {
    status: 500,
    meaning: 'The data folder belongs to another origin or kind of organisation.',
    retry: 'never',
    operator: 'Use its own publicUrl, or another data folder.',
  },
  'adapter.misconfigured': {
    status: 500,
    meaning: 'A connection cannot work as it is configured.',
    retry: 'never',
    operator: 'Mend the named connection.',
  },
  'address.forbidden': {
    status: 502,
    meaning: 'An outgoing address is not allowed.',
    retry: 'never',
    operator: 'Use https to a public address, or list the private network in network.allowPrivate.',
  },
  'fetch.failed': {
    status: 502,
    meaning: 'A document could not be fetched from another server.',
    retry: 'later',
    operator: 'Check that the named host answers and serves JSON there.',
  },
  'provider.unreachable': {
    status: 503,
    meaning: 'A provider did not answer.',
    retry: 'later',
    operator: 'Run `rescind doctor`: it tries every connection.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorTable;

/** A broken promise or a refused request. `detail` may be shown to the caller: it holds no secret and no personal data. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly faults: readonly Fault[];

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; faults?: readonly Fault[] } = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.faults = options.faults ?? [];
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}
