/** Composition root: the only file that names adapters, store, keys and the clock, and hands them to the rooms. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Adapter } from './adapters/contract.ts';
import { createFetchJson, createHttpClient, type HttpClient } from './adapters/http.ts';
import { createExecutor, createQueue, type Executor } from './actions/index.ts';
import { type Judging, openJudging } from './app/judging.ts';
import { type PeopleParts, syncConfiguredPeople, syncDirectory } from './app/people.ts';
import { readPolicyFolder } from './app/policy-folder.ts';
import { loadProvider, providerSchemas } from './app/providers.ts';
import { type Build, recordBundle, recordConfig, recordStart } from './app/records.ts';
import { type Bundle, compileBundle } from './engine.ts';
import { ceilingFor, refusesProtected } from './guard/index.ts';
import { type AppendEntries, createAppender, createLedgerReader, createSequencer, ledgerOrigin, type LedgerReader, type Sequencer } from './ledger/index.ts';
import type { Clock } from './model/clock.ts';
import { AppError } from './model/errors.ts';
import { createIdMaker, type IdMaker, type RandomBytes } from './model/ids.ts';
import type { Log } from './model/log.ts';
import type { Acknowledgement } from './model/signal.ts';
import { createPipeline } from './pipeline.ts';
import { configHash, judgingSettings, redactSettings, type Settings } from './settings/index.ts';
import { type Batcher, createApiDoor, createBatcher, createPushDoor, type Item, type PushDoor } from './signals/index.ts';
import { createKeySource } from './ssf/index.ts';

export { providerSchemas };
