/** What a person orders about somebody, outside of any policy. */
import type { ActionParameters, ActionType } from './action.ts';

/** The signal type under which an order is settled; only the service makes it. */
export const orderType = 'operator_order';

export interface OrderedAction {
  readonly type: ActionType;
  /** Absent: wherever the person has an account. */
  readonly connection?: string;
  readonly parameters: ActionParameters;
}
