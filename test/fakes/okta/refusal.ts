/** Okta's errors: code, status and summary as its documents give them. A handler throws one and the server writes it. */

const known = {
  E0000001: [400, 'Api validation failed'],
  E0000003: [400, 'The request body was not well-formed.'],
  E0000004: [401, 'Authentication failed'],
  E0000005: [403, 'Invalid session'],
  E0000006: [403, 'You do not have permission to perform the requested action'],
  E0000007: [404, 'Not found: Resource not found'],
  E0000009: [500, 'Internal Server Error'],
  E0000010: [503, 'Service is in read only mode'],
  E0000011: [401, 'Invalid token provided'],
  E0000014: [403, 'Update of credentials failed'],
  E0000015: [401, 'You do not have permission to access the feature you are requesting'],
  E0000016: [403, 'Activation failed because the user is already active'],
  E0000017: [403, 'Password reset failed'],
  E0000022: [405, 'The endpoint does not support the provided HTTP method'],
  E0000028: [400, 'The request is missing a required parameter.'],
  E0000031: [400, 'Invalid search criteria.'],
  E0000032: [403, "Unlock is not allowed for this user's current status."],
  E0000038: [403, "This operation is not allowed in the user's current status."],
  E0000047: [429, 'API call exceeded rate limit due to too many requests.'],
  E0000053: [400, 'Invalid filter'],
  E0000060: [501, 'Unsupported operation.'],
  E0000107: [403, 'You do not have permission to transition from the current state'],
  E0000112: [409, 'The operation is not allowed while the user is being activated or deactivated.'],
} as const satisfies Record<string, readonly [status: number, summary: string]>;

export type ErrorCode = keyof typeof known;

export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly causes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;

  /** `about` follows the summary: of `E0000007` the resource that is not there. `status` only where it is not the code's own. */
  constructor(
    code: ErrorCode,
    given: { about?: string; status?: number; causes?: readonly string[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    const [status, summary] = known[code];
    super(given.about === undefined ? summary : `${summary}: ${given.about}`);
    this.code = code;
    this.status = given.status ?? status;
    this.causes = given.causes ?? [];
    this.headers = given.headers ?? {};
  }
}

export const notFound = (id: string, kind: string): Refusal => new Refusal('E0000007', { about: `${id} (${kind})` });
export const invalid = (about: string, cause: string): Refusal => new Refusal('E0000001', { about, causes: [`${about}: ${cause}`] });

/** The code that goes with a bare status. */
export function codeOf(status: number): ErrorCode {
  const byStatus: Readonly<Record<number, ErrorCode>> = {
    400: 'E0000001',
    401: 'E0000011',
    403: 'E0000006',
    404: 'E0000007',
    429: 'E0000047',
    503: 'E0000010',
  };
  return byStatus[status] ?? 'E0000009';
}

export function errorBody(refusal: Refusal, errorId: string): Readonly<Record<string, unknown>> {
  const { code: errorCode, message: errorSummary, causes } = refusal;
  return { errorCode, errorSummary, errorLink: errorCode, errorId, errorCauses: causes.map((cause) => ({ errorSummary: cause })) };
}
