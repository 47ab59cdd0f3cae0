import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiError, type CallSubject, connectionError, safeWarning, warningTexts } from '../../../src/engine/cluster/apiErrors.ts';
import { describe as inWords } from '../../../src/engine/model/describe.ts';
import { clusterMessages } from '../../../src/engine/model/messages/cluster.ts';

const TARGET = { context: 'prod', server: 'https://prod' };
const DEPLOYMENT: CallSubject = { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' };
const SECRET: CallSubject = { verb: 'create', group: '', resource: 'secrets', namespace: 'shop', name: 'db' };

function status(message: string, more: object = {}): Parameters<typeof apiError>[1] {
  return { kind: 'Status', message, ...more };
}

test('what policies and webhooks say of a Secret in their own words is withheld, of other objects it is told', () => {
  const said = [
    `secrets "db" is forbidden: ValidatingAdmissionPolicy 'quotes' with binding 'b' denied request: the value hunter2 must stay`,
    `secrets "db" is forbidden: ValidatingAdmissionPolicy 'quotes' with binding 'b': expression 'x' resulted in error: no hunter2`,
    'admission webhook "deny.example.com" denied the request: hunter2\nis weak',
    'Internal error occurred: failed calling webhook "deny.example.com": hunter2',
  ];
  assert.deepEqual(
    said.map((message) => String(apiError(403, status(message), SECRET, TARGET).details['message'])),
    [
      `secrets "db" is forbidden: ValidatingAdmissionPolicy 'quotes' with binding 'b' denied request: ***`,
      `secrets "db" is forbidden: ValidatingAdmissionPolicy 'quotes' with binding 'b': ***`,
      'admission webhook "***" denied the request: ***',
      'Internal error occurred: failed calling webhook "***": ***',
    ],
  );
  assert.match(String(apiError(403, status(said[0] ?? ''), DEPLOYMENT, TARGET).details['message']), /hunter2/);
});

test('answers are told apart by what refuses', () => {
  const rbac =
    'deployments.apps "web" is forbidden: User "u" cannot patch resource "deployments" in API group "apps" in the namespace "shop"';
  const cases: [number, string, object, string, Record<string, unknown>][] = [
    [401, 'Unauthorized', {}, 'unauthorized', {}],
    [403, rbac, {}, 'forbidden', { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop' }],
    [
      403,
      'pods "p" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
      {},
      'quota-exceeded',
      { quota: 'small' },
    ],
    [403, 'admission webhook "deny.example.com" denied the request: no', {}, 'denied-by-admission', { by: 'deny.example.com' }],
    [403, 'pods "p" is forbidden: violates PodSecurity "restricted:latest": x', {}, 'denied-by-admission', { by: 'PodSecurity' }],
    [
      403,
      `x is forbidden: ValidatingAdmissionPolicy 'limits' with binding 'b' denied request: no`,
      {},
      'denied-by-admission',
      { by: 'limits' },
    ],
    [403, 'unable to create new content in namespace shop because it is being terminated', {}, 'namespace-terminating', {}],
    [404, 'namespaces "shop" not found', { details: { kind: 'namespaces', name: 'shop' } }, 'namespace-missing', { namespace: 'shop' }],
    [404, 'the server could not find the requested resource', {}, 'unknown-kind', {}],
    [404, 'deployments.apps "web" not found', { details: { kind: 'deployments', name: 'web' } }, 'not-found', { name: 'web' }],
    [409, 'the object has been modified', { reason: 'Conflict' }, 'conflict', {}],
    [409, 'exists', { reason: 'AlreadyExists' }, 'already-exists', {}],
    [410, 'too old resource version', {}, 'gone', {}],
    [429, 'slow down', { details: { retryAfterSeconds: 3 } }, 'too-many-requests', { retryAfterSeconds: 3 }],
    [400, 'admission webhook "w" does not support dry run', {}, 'dry-run-unsupported', {}],
    [400, 'bad', {}, 'bad-request', {}],
    [406, 'not acceptable', {}, 'bad-request', { status: 406 }],
    [500, 'etcdserver: leader changed', {}, 'server-error', { status: 500 }],
    [504, 'timeout', {}, 'server-timeout', {}],
  ];
  assert.deepEqual(
    cases.map(([code, message, more, , details]) => {
      const error = apiError(code, status(message, more), DEPLOYMENT, TARGET);
      return [
        error.code,
        Object.fromEntries(Object.keys(details).map((name) => [name, error.details[name]])),
        error.code in clusterMessages,
      ];
    }),
    cases.map(([, , , code, details]) => [code, details, true]),
  );
});

test('field conflicts name managers and fields; invalid answers name fields and immutability', () => {
  const causes = [
    { reason: 'FieldManagerConflict', field: '.spec.replicas', message: 'conflict with "hpa" using autoscaling/v2' },
    { reason: 'FieldManagerConflict', field: '.spec.paused', message: 'conflict with "hpa"' },
  ];
  const conflict = apiError(409, status('Apply failed', { reason: 'Conflict', details: { causes } }), DEPLOYMENT, TARGET);
  const words = 'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"a":"b"}: field is immutable';
  const invalidCauses = [{ reason: 'FieldValueInvalid', field: 'spec.selector', message: 'Invalid value: {"a":"b"}: field is immutable' }];
  const invalid = apiError(422, status(words, { details: { causes: invalidCauses } }), DEPLOYMENT, TARGET);
  assert.deepEqual(
    [
      conflict.code,
      conflict.details['managers'],
      conflict.details['fields'],
      invalid.details['fields'],
      invalid.details['messages'],
      invalid.details['isImmutable'],
    ],
    [
      'field-conflict',
      ['hpa'],
      ['.spec.replicas', '.spec.paused'],
      ['spec.selector'],
      ['Invalid value: {"a":"b"}: field is immutable'],
      true,
    ],
  );
  assert.equal(
    inWords('forbidden', apiError(403, status('User "u" cannot patch resource'), DEPLOYMENT, TARGET).details),
    'Not allowed on prod: patch deployments (apps) in namespace shop. Ask an administrator for this right.',
  );
});

test('values of Secrets never stand in an error', () => {
  const messages = [
    'Secret "db" is invalid: data[p]: Invalid value: "czNjcjN0": must be no more than 5 bytes',
    'Secret "db" is invalid: stringData: Invalid value: s3cr3t czNjcjN0: wrong',
    'Secret "db" is invalid: data[p]: Invalid value: {"p":"czNjcjN0"}: wrong',
    'json: cannot unmarshal string into Go value "czNjcjN0" and "s3cr3t',
    'Secret "db" is invalid: metadata.labels: Invalid value: "s3cr3t\\"czNjcjN0": bad',
  ];
  for (const message of messages) {
    const causes = [{ field: 'data[p]', message: message.slice(message.indexOf('Invalid')) }];
    const error = apiError(422, status(message, { details: { causes } }), SECRET, TARGET);
    const shown = `${error.message} ${JSON.stringify(error.details)} ${inWords(error.code, error.details)}`;
    assert.doesNotMatch(shown, /czNjcjN0|s3cr3t/, message);
    assert.match(shown, /db/);
  }
});

test('failures of the connection name the server and the cause', () => {
  const failure = (code: string): unknown => {
    const error = connectionError(Object.assign(new Error('raw'), { code }), TARGET);
    return [error.code, error.details['server'], error.details['message']];
  };
  assert.deepEqual(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'CERT_HAS_EXPIRED', 'EOTHER'].map(failure), [
    ['unreachable', 'https://prod', 'connection refused'],
    ['unreachable', 'https://prod', 'the name cannot be resolved'],
    ['timed-out', 'https://prod', 'no answer in time'],
    ['tls-failed', 'https://prod', 'its certificate has expired'],
    ['unreachable', 'https://prod', 'raw'],
  ]);
});

test('warnings are read from their headers', () => {
  assert.deepEqual(
    [warningTexts(undefined), warningTexts('299 - "unknown field \\"spec.x\\""'), warningTexts(['299 - "a"', '299 - "b", 299 - "c"'])],
    [[], ['unknown field "spec.x"'], ['a', 'b', 'c']],
  );
});

test('warnings on a Secret tell of fields, and nothing that a webhook says', () => {
  const said = ['unknown field "spec.x"', 'duplicate field "data.a"', 'the password hunter2 is weak', 'unknown field "a": hunter2'];
  assert.deepEqual(
    [SECRET, DEPLOYMENT].map((subject) => said.map((warning) => safeWarning(warning, subject))),
    [[said[0], said[1], '***', '***'], said],
  );
});
