import { batch, computed, effect, signal } from '@preact/signals';
import { formatJson, parseObject } from '../lib/json';
import { CutOff, probe, send, type GraphQLRequest } from '../lib/transport';
import { joinEvents, type Told } from './events';
import { follow, forget } from './follow';
import { remember } from './history';
import { operationAt, operationsIn } from './operations';
import { prettifyQuery } from './prettify';
import { readResponse, type ResponseView } from './response';
import { activeTab, cursor, edit, history, keepTab, requestHeaders, tabState, traceOn } from './session';
import { tabLabel } from './tabs';

export interface RunResult {
  /** Counts runs; a new one is a new document. */
  run: number;
  view: ResponseView;
  label: string;
  status?: number;
  ms?: number;
  bytes?: number;
  /** Results received so far, for a subscription. */
  events?: number;
  /** The subscription began anew after a cut. */
  anew?: true;
}

export type RunState =
  | { kind: 'idle' }
  | { kind: 'running'; label: string; streaming: boolean }
  | { kind: 'done' }
  | { kind: 'stopped' }
  | { kind: 'failed'; word: string; message: string; /** That failed, when it was begun. */ run?: number };

/** What each tab is doing, and its last result. */
const states = signal<Record<string, RunState>>({});
const results = signal<Record<string, RunResult>>({});
/** Ends what runs in a tab. */
const aborts: Record<string, AbortController> = {};
let runs = 0;
const idle: RunState = { kind: 'idle' };
export const runState = computed(() => states.value[activeTab.value.id] ?? idle);
export const result = computed(() => results.value[activeTab.value.id]);
export const isRunning = computed(() => runState.value.kind === 'running');

export const operations = computed(() => operationsIn(activeTab.value.query));
export const currentOperation = computed(() => operationAt(operations.value, cursor.value));

/** The result on show is of an earlier run than the one that just failed. */
export const isPrevious = computed(
  () => runState.value.kind === 'failed' && result.value !== undefined && runState.value.run !== result.value.run,
);

const openTabs = computed(() => tabState.value.tabs.map((tab) => tab.id).join());

/* A tab that is gone stops what runs in it, and its result is let go. */
effect(() => {
  const open = new Set(openTabs.value.split(','));
  const ofOpen = <T>(all: Record<string, T>) => Object.fromEntries(Object.entries(all).filter(([id]) => open.has(id)));
  for (const [id, abort] of Object.entries(aborts)) if (!open.has(id)) abort.abort();
  for (const id of Object.keys(results.peek())) if (!open.has(id)) forget(id);
  batch(() => {
    results.value = ofOpen(results.peek());
    states.value = ofOpen(states.peek());
  });
});

function setState(tab: string, state: RunState): void {
  states.value = { ...states.peek(), [tab]: state };
}

export function stop(): void {
  aborts[activeTab.peek().id]?.abort();
}

/** Runs the operation at the cursor. */
export async function run(): Promise<void> {
  if (isRunning.peek()) return;
  const tab = activeTab.peek();
  if (tab.query.trim() === '') return fail('Not sent', 'Write a query first, or open an example.');
  const operation = currentOperation.peek();
  const label = operation?.name ?? tabLabel(tab);
  let request: GraphQLRequest;
  let headers: Record<string, string>;
  try {
    request = { query: tab.query, variables: parseObject(tab.variables, 'Variables') };
    if (operation?.name) request.operationName = operation.name;
    headers = { ...(traceOn.peek() ? { 'Thalamus-Trace': '1' } : {}), ...requestHeaders() };
  } catch (error) {
    return fail('Not sent', (error as Error).message);
  }
  const abort = (aborts[tab.id] = new AbortController());
  const turn = ++runs;
  const streaming = operation?.type === 'subscription';
  if (streaming) keepTab();
  setState(tab.id, { kind: 'running', label, streaming });
  const keep = (part: Omit<RunResult, 'label' | 'run'>) => {
    results.value = { ...results.peek(), [tab.id]: { run: turn, label, ...part } };
  };
  try {
    const reply = streaming
      ? await follow(tab.id, request, headers, abort.signal, (told) => keep(shown(told)))
      : await send(request, headers, abort.signal);
    batch(() => {
      if (reply) keep({ view: readResponse(reply.text), status: reply.status, ms: reply.ms, bytes: reply.bytes });
      setState(tab.id, { kind: 'done' });
    });
  } catch (error) {
    if (abort.signal.aborted) setState(tab.id, { kind: 'stopped' });
    else if (error instanceof CutOff) {
      fail('Cut off', `${error.message} Run it again to go on behind the last event.`, tab.id, turn);
      void probe(headers);
    } else fail('No answer', `The endpoint did not answer: ${(error as Error).message}`, tab.id, turn);
  }
  const last = results.peek()[tab.id];
  if (last?.run === turn) note(tab.query, tab.variables, label, last);
}

function shown({ newest, events, bytes, anew }: Told): Omit<RunResult, 'label' | 'run'> {
  return { view: joinEvents(newest), events, bytes, ...(anew ? { anew } : {}) };
}

function note(query: string, variables: string, label: string, last: RunResult): void {
  const ok = last.view.isGraphQL && last.view.problems.length === 0;
  const calls = last.view.trace?.calls.length;
  history.value = remember(history.peek(), {
    query, variables, label, ok, at: Date.now(), ...(calls === undefined ? {} : { calls }),
  });
}

function fail(word: string, message: string, tab = activeTab.peek().id, run?: number): void {
  setState(tab, { kind: 'failed', word, message, ...(run === undefined ? {} : { run }) });
}

/** Formats the query and its variables; text that does not parse stays as it is. */
export function prettify(): void {
  const { query, variables } = activeTab.peek();
  try {
    edit({ query: prettifyQuery(query), variables: formatJson(variables.trim()) });
    if (runState.peek().kind === 'failed') setState(activeTab.peek().id, idle);
  } catch (error) {
    fail('Not formatted', (error as Error).message);
  }
}
