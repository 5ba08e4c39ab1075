/** What a person says of a decision afterwards, and how much of the evidence behind it a `false` takes back. */

/** `benign`: true, and no harm in it. */
export const verdicts = ['true', 'benign', 'false', 'unsure'] as const;
export type Verdict = (typeof verdicts)[number];

/**
 * `occurrence`: what the decision's own signal left, with the events that share its ten minutes; `family`: everything of its type,
 * severity and source up to now; `type`: everything of its type that there is now.
 */
export const dismissalScopes = ['occurrence', 'family', 'type'] as const;
export type DismissalScope = (typeof dismissalScopes)[number];

/** The signal type under which a verdict is settled; only the service makes it. */
export const verdictType = 'verdict';
