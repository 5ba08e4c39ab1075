/** Structured operational log. Messages and fields hold ids and codes only: no secrets, no personal data. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, event: string): void;
  warn(fields: Readonly<Record<string, unknown>>, event: string): void;
  error(fields: Readonly<Record<string, unknown>>, event: string): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
