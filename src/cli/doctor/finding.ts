/** What `doctor` says of one thing that it looked at. */
export interface Finding {
  /** `process`, or a connection's id. */
  readonly about: string;
  readonly check: string;
  /** `doubt`: works, and deserves a look; only a `fault` is a no. */
  readonly state: 'ok' | 'doubt' | 'fault';
  readonly hint?: string;
  /** Of a permission: whether it is there to read, or to act. */
  readonly for?: 'read' | 'write';
}

export const ok = (about: string, check: string, hint?: string): Finding => finding(about, check, 'ok', hint);
export const doubt = (about: string, check: string, hint: string): Finding => finding(about, check, 'doubt', hint);
export const fault = (about: string, check: string, hint: string): Finding => finding(about, check, 'fault', hint);

function finding(about: string, check: string, state: Finding['state'], hint: string | undefined): Finding {
  return { about, check, state, ...(hint === undefined ? {} : { hint }) };
}

/** What an error may be shown as: an `AppError` holds no secret, anything else only its name. */
export function shownError(error: unknown): string {
  const { code, detail } = error as { readonly code?: unknown; readonly detail?: unknown };
  if (typeof code === 'string' && typeof detail === 'string') return `${detail} (${code})`;
  return error instanceof Error ? error.name : 'it failed';
}
