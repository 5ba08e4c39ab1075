export { composeGraph, type Graph, type GraphRows } from './graph.ts';
export { addressOf, type Ref } from './pseudonym.ts';
export { resolveClaim } from './resolve.ts';
export { composeSituation } from './situation.ts';
