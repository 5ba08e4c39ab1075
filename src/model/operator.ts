/** What people and machines may do who use Rescind itself. */
export const roles = ['admin', 'approver', 'analyst', 'helpdesk', 'hr', 'auditor', 'ingest'] as const;
/** `auditor` only reads; `ingest` only sends signals. */
export type Role = (typeof roles)[number];
