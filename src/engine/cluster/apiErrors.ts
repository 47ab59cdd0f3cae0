import { AppError, type ErrorDetails } from '../../base/errors.ts';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt, valueAt } from '../model/json.ts';

/** What a call is about, for its errors. All are safe to show. */
export interface CallSubject {
  readonly verb: string;
  readonly group: string;
  /** plural, with the subresource: `deployments`, `pods/log` */
  readonly resource: string;
  /** '' for cluster scope or all namespaces */
  readonly namespace: string;
  readonly name?: string;
}

/** Where a call went. */
export interface CallTarget {
  readonly context: string;
  readonly server: string;
}

const IMMUTABLE =
  /immutable|updates to statefulset spec|pod updates may not change fields|cannot change roleRef|may not be changed|may not change once set|cannot be changed|can not be changed/i;
/** A policy denies with the reason that its author chose: 422 unless told otherwise (apiserver plugin/policy/validating). */
const POLICY = /ValidatingAdmissionPolicy '([^']+)'/;
const SHOWN_VALUE_LENGTH = 120;
/** Where the server's message ends and that of an admission webhook or policy begins. */
const OWN_WORDS =
  /(admission webhook "[^"]*" denied the request|(?:Validating|Mutating)AdmissionPolicy '[^']*' with binding '[^']*'(?: denied request)?|failed calling webhook "[^"]*").+/s;

/**
 * Turns an answer that is no success into an AppError. Secret values that the server quotes are masked.
 * Codes: `unauthorized`, `forbidden`, `quota-exceeded`, `denied-by-admission`, `namespace-terminating`, `not-found`, `namespace-missing`,
 * `unknown-kind`, `already-exists`, `conflict`, `field-conflict`, `gone`, `invalid`, `bad-request`, `dry-run-unsupported`, `too-large`,
 * `too-many-requests`, `server-timeout`, `server-error`.
 * @param status HTTP status
 * @param body parsed body, a `Status` (apimachinery meta/v1) or anything else
 */
export function apiError(status: number, body: JsonValue | undefined, subject: CallSubject, target: CallTarget): AppError {
  const answer: JsonObject = isJsonObject(body) ? body : {};
  const full = stringAt(answer, 'message') ?? (typeof body === 'string' ? body : '');
  const message = safeMessage(full, subject);
  const details = objectAt(answer, 'details');
  const at: ErrorDetails = {
    ...target,
    verb: subject.verb,
    group: subject.group,
    resource: subject.resource,
    namespace: subject.namespace,
    name: subject.name ?? '',
    message,
  };
  const make = (code: string, more: ErrorDetails = {}): AppError => new AppError(code, { ...at, ...more });
  const causes = arrayAt(details, 'causes').filter(isJsonObject);
  switch (status) {
    case 400:
      return make(/dry[- ]?run/i.test(full) && /support/i.test(full) ? 'dry-run-unsupported' : 'bad-request');
    case 401:
      return make('unauthorized');
    case 403:
      return forbidden(full, causes, make);
    case 404:
      return notFound(full, details, subject, make);
    case 409:
      return conflict(answer, causes, make);
    case 410:
      return make('gone');
    case 413:
      return make('too-large');
    case 422: {
      const policy = POLICY.exec(full);
      if (policy !== null) return make('denied-by-admission', { by: policy[1] });
      return make('invalid', {
        fields: causes.map((cause) => stringAt(cause, 'field') ?? ''),
        messages: causes.map((cause) => safeMessage(stringAt(cause, 'message') ?? '', subject)),
        isImmutable: IMMUTABLE.test(full),
      });
    }
    case 429:
      return make('too-many-requests', retryAfter(details));
    case 504:
      return make('server-timeout', retryAfter(details));
    default:
      return make(status >= 500 ? 'server-error' : 'bad-request', { status, ...retryAfter(details) });
  }
}

type Make = (code: string, more?: ErrorDetails) => AppError;

function retryAfter(details: JsonObject): ErrorDetails {
  const seconds = details['retryAfterSeconds'];
  return typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {};
}

/** A 403 comes from RBAC, a quota, an admission plugin or webhook, or a namespace on its way out. */
function forbidden(message: string, causes: readonly JsonObject[], make: Make): AppError {
  if (causes.some((cause) => cause['reason'] === 'NamespaceTerminating') || /because it is being terminated/.test(message)) {
    return make('namespace-terminating');
  }
  const quota = /exceeded quota: ([^,\s]+)/.exec(message);
  if (quota !== null) return make('quota-exceeded', { quota: quota[1] });
  const webhook = /admission webhook "([^"]+)" denied the request/.exec(message);
  if (webhook !== null) return make('denied-by-admission', { by: webhook[1] });
  const policy = POLICY.exec(message);
  if (policy !== null) return make('denied-by-admission', { by: policy[1] });
  if (/violates PodSecurity/.test(message)) return make('denied-by-admission', { by: 'PodSecurity' });
  if (/\bcannot \S+ (resource|path)|attempting to grant RBAC|User "|no RBAC policy/.test(message) || message === '')
    return make('forbidden');
  return make('denied-by-admission', { by: 'admission' });
}

function notFound(message: string, details: JsonObject, subject: CallSubject, make: Make): AppError {
  const kind = stringAt(details, 'kind') ?? '';
  if (kind === 'namespaces' && subject.resource !== 'namespaces') {
    return make('namespace-missing', { namespace: stringAt(details, 'name') ?? subject.namespace });
  }
  if (/could not find the requested resource|^404 page not found/.test(message)) return make('unknown-kind');
  return make('not-found');
}

function conflict(answer: JsonObject, causes: readonly JsonObject[], make: Make): AppError {
  if (answer['reason'] === 'AlreadyExists') return make('already-exists');
  const fields = causes.filter((cause) => cause['reason'] === 'FieldManagerConflict');
  if (fields.length === 0) return make('conflict');
  return make('field-conflict', {
    fields: fields.map((cause) => stringAt(cause, 'field') ?? ''),
    managers: [...new Set(fields.map((cause) => /conflict with "([^"]+)"/.exec(stringAt(cause, 'message') ?? '')?.[1] ?? ''))],
  });
}

/** Shortens a server's message; of Secrets, everything quoted that is not a name is masked. */
function safeMessage(message: string, subject: CallSubject): string {
  let text = message.trim();
  if (isSecret(subject)) {
    const known = new Set([subject.name ?? '', subject.namespace, 'Secret', 'secrets', 'v1', '']);
    // An unclosed quote swallows the rest: better too much than a value. What webhooks and policies say in their own words may be one.
    text = text
      .replace(OWN_WORDS, '$1: ***')
      .replaceAll(/Invalid value: (?!")(.*?)(?=: |$)/g, 'Invalid value: ***')
      .replaceAll(/"((?:[^"\\]|\\.)*)("|$)/g, (quoted: string, inner: string) =>
        known.has(inner) || isFieldName(inner) ? quoted : '"***"',
      );
  }
  text = text.replaceAll(/Invalid value: ("(?:[^"\\]|\\.)*"|\{.*?\}(?=: ))/gs, (found: string) =>
    found.length > SHOWN_VALUE_LENGTH ? `${found.slice(0, SHOWN_VALUE_LENGTH)}…` : found,
  );
  return text.length > 1000 ? `${text.slice(0, 999)}…` : text;
}

/**
 * A warning of the API server as it may be shown. Of Secrets only its own words on fields are: webhooks warn in theirs.
 * @param warning one of {@link warningTexts}
 */
export function safeWarning(warning: string, subject: CallSubject): string {
  if (!isSecret(subject) || /^(unknown|duplicate) field "[\w.[\]-]+"$/.test(warning)) return warning;
  return '***';
}

function isSecret({ group, resource }: CallSubject): boolean {
  return group === '' && resource.startsWith('secrets');
}

/** RBAC messages quote user, resource, API group and verb names. */
function isFieldName(text: string): boolean {
  return /^(system:[\w:.-]+|get|list|watch|create|update|patch|delete)$/.test(text);
}

/**
 * Turns a failure of the connection into an AppError: `tls-failed`, `timed-out` or `unreachable`, each naming the server.
 * @param error what the socket, TLS or DNS gave
 */
export function connectionError(error: unknown, target: CallTarget): AppError {
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const at = { ...target, message: code === '' ? cause.message : (reasonWords[code] ?? cause.message) };
  if (/CERT|SSL|TLS|UNABLE_TO_(GET|VERIFY)|SELF_SIGNED|ERR_OSSL/.test(code)) return new AppError('tls-failed', at, { cause });
  return new AppError(code === 'ETIMEDOUT' ? 'timed-out' : 'unreachable', at, { cause });
}

const reasonWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name cannot be resolved now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no network',
  ETIMEDOUT: 'no answer in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not the one that the kubeconfig trusts',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that the kubeconfig does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that the kubeconfig does not trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an authority that the kubeconfig does not trust',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** Codes after which the server is taken as unreachable, not merely refusing one call. */
export const connectionCodes = ['unreachable', 'timed-out', 'tls-failed'] as const;

/** Codes that only a new login cures. */
export const signInCodes = [
  'sign-in-needed',
  'unauthorized',
  'credential-plugin-failed',
  'credential-plugin-missing',
  'credential-plugin-invalid',
] as const;

/** The reason of an AppError for a state. */
export function reasonOf(error: AppError): { code: string; details: AppError['details'] } {
  return { code: error.code, details: error.details };
}

/** The `Warning` headers' texts (RFC 7234: `299 - "text"`). */
export function warningTexts(headers: string | readonly string[] | undefined): string[] {
  const all = typeof headers === 'string' ? [headers] : (headers ?? []);
  return all.flatMap((header) =>
    [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replaceAll(/\\(.)/g, '$1')),
  );
}

/** The value at a Status's `metadata.continue`, or undefined. */
export function continueOf(list: JsonValue): string | undefined {
  const token = valueAt(list, 'metadata', 'continue');
  return typeof token === 'string' && token !== '' ? token : undefined;
}
