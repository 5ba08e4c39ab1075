/** Whether an account is open. Two holds come and go apart, so that lifting one never opens what the other closed. */
import type { personStatuses } from './settings.ts';

export interface Holds {
  readonly suspended: boolean;
  readonly disabled: boolean;
}

/** As a record keeps it: a status, and beneath `disabled` whether the account is suspended too. */
export interface Standing {
  readonly status: (typeof personStatuses)[number];
  readonly suspendedBeneath?: true | undefined;
}

export function holdsOf({ status, suspendedBeneath }: Standing): Holds {
  return { suspended: status === 'suspended' || suspendedBeneath === true, disabled: status === 'disabled' };
}

export function standingOf({ suspended, disabled }: Holds): Standing {
  if (disabled) return { status: 'disabled', suspendedBeneath: suspended ? true : undefined };
  return { status: suspended ? 'suspended' : 'active', suspendedBeneath: undefined };
}

/** A status that is set by hand: disabling leaves a suspension beneath it alone. */
export function holdsAfter(standing: Standing, status: Standing['status']): Holds {
  return { suspended: status === 'suspended' || (status === 'disabled' && holdsOf(standing).suspended), disabled: status === 'disabled' };
}
