import { isRecord } from '../lib/storage';
import { formatJson } from '../lib/json';
import { readTrace, type Trace } from '../trace/trace';

export interface Problem {
  message: string;
  code?: string;
  path?: string;
  /** The argument or header that it is about. */
  argument?: string;
}

export interface Degradation {
  title: string;
  detail: string;
}

/** A reply, taken apart for the panels. */
export interface ResponseView {
  text: string;
  problems: Problem[];
  degraded: Degradation[];
  trace?: Trace;
  hasData: boolean;
  isGraphQL: boolean;
}

export function readResponse(text: string): ResponseView {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { text, problems: [], degraded: [], hasData: false, isGraphQL: false };
  }
  const fields = isRecord(body) ? body : {};
  const extensions = isRecord(fields.extensions) ? fields.extensions : {};
  const trace = readTrace(extensions);
  return {
    text: formatJson(text),
    problems: Array.isArray(fields.errors) ? fields.errors.map(readProblem) : [],
    degraded: asList(extensions.degraded).map(readDegradation),
    ...(trace ? { trace } : {}),
    hasData: isRecord(fields.data),
    isGraphQL: 'data' in fields || 'errors' in fields,
  };
}

function readProblem(error: unknown): Problem {
  if (!isRecord(error)) return { message: String(error) };
  const extensions = isRecord(error.extensions) ? error.extensions : {};
  return {
    message: typeof error.message === 'string' ? error.message : JSON.stringify(error),
    ...(typeof extensions.code === 'string' ? { code: extensions.code } : {}),
    ...(Array.isArray(error.path) ? { path: error.path.join('.') } : {}),
    ...(Array.isArray(extensions.argument) ? { argument: extensions.argument.join('.') } : {}),
  };
}

/** What was skipped or stale: a name, or an object that says more. Any further fields become the detail. */
function readDegradation(item: unknown): Degradation {
  if (!isRecord(item)) return { title: String(item), detail: '' };
  const named = ['role', 'backend', 'store', 'name'].filter((key) => typeof item[key] === 'string');
  const detail = Object.entries(item)
    .filter(([key, value]) => !named.includes(key) && value != null && value !== '')
    .map(([key, value]) => (key === 'reason' || key === 'message' ? String(value) : `${key} ${describe(value)}`))
    .join(', ');
  const title = [...new Set(named.map((key) => String(item[key]).toLowerCase()))].join(' · ');
  return { title: title || 'degraded', detail };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return value.map(describe).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function asList(value: unknown): unknown[] {
  if (value == null) return [];
  if (Array.isArray(value)) return value;
  if (isRecord(value)) return Object.entries(value).map(([name, detail]) => (isRecord(detail) ? { name, ...detail } : { name, detail }));
  return [value];
}
