/** HTTP: routes, authentication, problem responses, the API's description, the status page. */
export { seesHr, seesPeople, seesScores } from './authentication.ts';
export { createMetricsServer, createServer } from './create-server.ts';
export { type Listener, openListener } from './listener.ts';
export type * from './parts.ts';
export type * from './subscription-port.ts';
export type * from './undo-port.ts';
