/** What people and machines may do who use Rescind itself. */
export const roles = ['admin', 'approver', 'analyst', 'helpdesk', 'hr', 'auditor', 'ingest'] as const;
/** `auditor` only reads; `ingest` only sends signals. */
export type Role = (typeof roles)[number];

/** Roles whose word counts as a person's: on what is true, what to do, what to undo. */
export const operatorRoles: readonly Role[] = ['admin', 'approver', 'analyst'];
